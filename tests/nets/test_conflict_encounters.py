"""Real encounters from latitude and longitude: how far WGS84 leads from the reference, which is on a sphere, and why.

The reference puts both aircraft on a sphere of radius 6,366,707.0195 m (a minute of arc is 1,852 m), in the plane that touches it at the
own aircraft. At 45° N the ellipsoid's meridian is curved nearly like that sphere, its prime vertical by 0.35 % less: what lies east or
west is that much farther away. See docs/conflict.md.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from overflight.earth.wgs84 import to_ecef
from overflight.nets.conflict import time_in_cylinder, time_in_well_clear
from overflight.nets.states import axes
from overflight.units import FT_M, NM_M

FOLDER = Path(__file__).resolve().parents[1] / "data/encounters"
OWN = "C-FYZV"


def both() -> tuple[pl.DataFrame, np.ndarray]:
    """The reference, and the relative places (N, 3) of its rows on WGS84, in the own aircraft's axes."""
    reported = pl.read_parquet(FOLDER / "encounters.parquet").with_columns(pl.col("latitude", "longitude") / 1e6)
    own = reported.filter(pl.col("name") == OWN)
    other = reported.filter(pl.col("name") != OWN)
    reference = pl.read_parquet(FOLDER / "reference.parquet").with_columns(
        (pl.col("time") * 1000).round().cast(pl.Int32).alias("time_ms")
    )
    rows = reference.join(own, on=["encounter", "time_ms"], maintain_order="left").join(
        other, on=["encounter", "time_ms"], suffix="_b", maintain_order="left"
    )
    assert rows.height == reference.height == 19_962
    own_at, other_at = ([rows[f"{axis}{side}"].to_numpy() for axis in ("latitude", "longitude")] for side in ("", "_b"))
    place, frame = (to_ecef(*own_at), to_ecef(*other_at)), axes(*own_at)
    s = np.empty((rows.height, 3))
    for k in range(2):
        s[:, k] = ((place[0] - place[1]) * frame[k]).sum(axis=1)
    s[:, 2] = (rows["altitude"] - rows["altitude_b"]).to_numpy() * FT_M
    return rows, s


def test_the_ellipsoid_is_where_the_difference_comes_from() -> None:
    rows, s = both()
    told = rows.select("sx", "sy", "sz").to_numpy()
    # What two radii of curvature at 45.2° N make of the same difference in longitude and latitude.
    e2, phi = 0.00669437999014, np.radians(rows["latitude"].to_numpy())
    w2 = 1.0 - e2 * np.sin(phi) ** 2
    radii = np.stack([6378137.0 / np.sqrt(w2), 6378137.0 * (1.0 - e2) / w2**1.5], axis=1)
    expected = told[:, :2] * radii / 6366707.0195
    near = np.hypot(*told[:, :2].T) < 20_000.0
    off = np.hypot(*(s[:, :2] - told[:, :2]).T)
    unexplained = np.hypot(*(s[:, :2] - expected).T)
    assert (off / np.maximum(np.hypot(*told[:, :2].T), 1.0))[near].max() < 0.0045
    assert np.median(unexplained[near]) < 0.1 * np.median(off[near])
    assert np.abs(s[:, 2] - told[:, 2]).max() < 1e-3  # altitudes are single precision


def test_answers_differ_where_a_limit_is_near_alone() -> None:
    """From WGS84 places and the reference's velocities, as the files' positions are given to 0.1 m."""
    rows, s = both()
    v = rows.select("vx", "vy", "vz").to_numpy()
    cylinder = time_in_cylinder(s, v, horizontal_m=5 * NM_M, vertical_m=1000 * FT_M)
    clear = time_in_well_clear(s, v, dthr_m=0.66 * NM_M, zthr_m=450 * FT_M, tthr_s=35.0)
    for have, name, most in ((cylinder, "cd3d_{}1", 0.001), (clear, "do365_{}2", 0.001)):
        want = rows[name.format("conflict")].to_numpy()
        other = ~np.isnan(have.time_in) != want
        assert other.mean() < most
        same = want & ~other
        far = np.abs(have.time_in - rows[name.format("in")].to_numpy())[same]
        assert np.median(far) < 0.1
        assert np.percentile(far, 99) < 1.0
