"""`overflight airspace`, run as a process; and that what it writes reads as the same volumes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyproj
import pytest

from overflight.airspace.read import read_airspace
from overflight.airspace.rings import make_ring
from overflight.airspace.volume import (
    GEODESIC,
    STRAIGHT,
    SURFACE,
    UNLIMITED,
    Airspace,
    Limit,
    Part,
    Refused,
    Ring,
    Volume,
    Window,
)
from overflight.airspace.write import geojson, write_airspace
from overflight.errors import InputError, ParameterError
from overflight.report.airspace_map import draw

OVERFLIGHT = str(Path(sys.executable).with_name("overflight"))
FIXTURES = Path("tests/data/airspace/openair")
GEOD = pyproj.Geod(ellps="WGS84")


def run(*args: object, **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [OVERFLIGHT, "airspace", *map(str, args)], capture_output=True, timeout=120, check=False, env=os.environ | env
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def fixture(name: str) -> Path:
    return FIXTURES / f"{name}.txt"


# --- show -----------------------------------------------------------------------------------------------------------


def test_show_lists_volumes_and_what_was_refused() -> None:
    done = run("show", fixture("polygon"), fixture("activation-times"), fixture("self-intersecting"))
    assert done.returncode == 0
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    heading = lines[0].split()
    assert heading == ["id", "name", "kind", "floor", "ceiling", "parts", "vertices", "active", "owner", "notes"]
    assert re.match(r"ED-R10B Todendorf-Putlos MON-SAT\+ +restricted +SFC +40000 ft AMSL +1 +7 +always", lines[1])
    assert "2025-01-01 12:00Z to 2025-01-01 13:00Z, 3 more" in lines[2]
    assert lines[3] == "2 volumes, 1 with notes, 1 refused"
    assert lines[4].startswith("refused: self-intersecting.txt:line 1: PARC/RESERVE")
    assert "line 8: the ring crosses itself near vertex 4" in lines[4]


def test_show_without_a_volume_and_with_marks_in_names(tmp_path: Path) -> None:
    done = run("show", fixture("missing-ah-al"))
    assert done.returncode == 0
    assert done.stdout.startswith("0 volumes, 0 with notes, 1 refused")
    marked = tmp_path / "marked.txt"
    marked.write_text(fixture("polygon").read_text().replace("AN ED-R10B", "AN [red]ED-R10B[/] :smile:"))
    assert "[red]ED-R10B[/] :smile:" in run("show", marked).stdout


def test_show_draws(tmp_path: Path) -> None:
    svg, png = tmp_path / "map.svg", tmp_path / "map.png"
    done = run("show", fixture("arc-ccw"), fixture("laser-beam"), fixture("missing-ah-al"), "--out", svg, "--out", png)
    assert done.returncode == 0
    assert f"map written to {svg}" in done.stderr
    root = ET.parse(svg).getroot()
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"ED-R37B_2 Nordhorn NOTAM", "FL100 / 4000 ft AMSL", "restricted 1", "danger 1"} <= texts
    assert "NOT drawn, as it cannot be read: 1" in texts
    assert png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert png.stat().st_size > 20_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map.png", "map.svg"]


def test_the_same_map_has_the_same_bytes(tmp_path: Path) -> None:
    airspace = read_airspace(fixture("circular"), fixture("arc-cw"))
    for suffix in ("svg", "png"):
        draw(airspace, tmp_path / f"a.{suffix}")
        draw(airspace, tmp_path / f"b.{suffix}")
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


@pytest.mark.parametrize(
    "box",
    [
        (-89.9, -80.0, 0.0, 359.0),  # around the pole
        (10.0, 20.0, 175.0, 190.0),  # across the antimeridian
        (-60.0, 60.0, -170.0, 170.0),  # most of the globe
        (50.0, 50.00001, 8.0, 8.00001),  # one metre
    ],
)
def test_every_place_can_be_drawn(box: tuple[float, float, float, float], tmp_path: Path) -> None:
    south, north, west, east = box
    if south < -80:
        ring, _ = make_ring([-80.0] * 4, [0.0, 90.0, 180.0, -90.0], STRAIGHT)
    else:
        turn = np.linspace(west, east, 9)
        ring, _ = make_ring([south] * 9 + [north] * 9, [*turn, *turn[::-1]], STRAIGHT)
    name = "Name with a glyph 空域 and \x07 and <&>"
    draw(Airspace((Volume("a", name, "hazard", (Part(ring),)),)), tmp_path / "a.svg")
    assert ET.parse(tmp_path / "a.svg") is not None
    draw(Airspace((Volume("a", name, "hazard", (Part(ring),)),)), tmp_path / "a.png")


def test_pictures_that_cannot_be(tmp_path: Path) -> None:
    for out, said in (("map.pdf", "end it in .svg or .png"), ("no/map.svg", "no such folder")):
        done = run("show", fixture("polygon"), "--out", tmp_path / out)
        assert done.returncode == 2
        assert said in done.stderr
        assert done.stdout == ""
    done = run("show", fixture("missing-ah-al"), "--out", tmp_path / "map.svg")
    assert done.returncode == 2
    assert "nothing in it that could be drawn" in done.stderr
    assert list(tmp_path.iterdir()) == []


# --- validate -------------------------------------------------------------------------------------------------------


def test_validate() -> None:
    done = run("validate", fixture("polygon"), fixture("circular"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "2 volumes, nothing refused, nothing noted\n"
    noted = run("validate", fixture("skipped-tokens"))
    assert noted.returncode == 1
    assert noted.stdout == (
        "skipped-tokens.txt:line 1: LED52B Ocaña: Daily HJ LELT TFC 123.375: noted: "
        "left out, for drawing only: AT, SB, SP, TC, TO, VZ\n"
    )
    refused = run("validate", fixture("insufficient-coordinates"), fixture("polygon"))
    assert refused.returncode == 1
    assert len(refused.stdout.splitlines()) == 1
    assert "CTR TOO-FEW-POINTS: refused: lines 5 to 7: only 2 distinct vertices" in refused.stdout


def test_a_note_on_several_regions_is_printed_once(tmp_path: Path) -> None:
    bulletin = {
        "czib_number": "CZIB-2026-99",
        "affected_airspace": "FIR Ankara (LTAA) and FIR Damascus (OSTT), below FL260",
        "affected_FIRs": ["LTAA", "OSTT"],
        "issue_date": "22/07/2026",
        "valid_until": "31/08/2026",
    }
    path = tmp_path / "b.json"
    path.write_text(json.dumps([bulletin]))
    assert len(read_airspace(path).volumes) > 1
    assert run("validate", path).stdout == (
        "b.json:bulletin 1: CZIB-2026-99: noted: approximate, not authoritative boundaries of the regions\n"
    )


def test_what_is_no_airspace_is_one_line_and_exit_2() -> None:
    for command in ("show", "validate"):
        done = run(command, fixture("ignored-only"))
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert "the format of the airspace is not known" in done.stderr
    assert run("show").returncode == 2
    assert "show" in run("--help").stdout


# --- convert --------------------------------------------------------------------------------------------------------


def rings(volume: Volume) -> Iterable[Ring]:
    return (ring for part in volume.parts for ring in (part.outer, *part.holes))


def same(a: Volume, b: Volume) -> None:
    """Two volumes that are the same, whichever way round their rings are told."""
    for name in ("id", "name", "kind", "floor", "ceiling", "active", "accuracy_m", "owner"):
        assert getattr(a, name) == getattr(b, name), name
    assert [len(part.holes) for part in a.parts] == [len(part.holes) for part in b.parts]
    for one, other in zip(rings(a), rings(b), strict=True):
        assert len(one) == len(other)
        lon, lat = other.longitude, other.latitude
        if not np.array_equal(one.latitude, lat) or not np.array_equal(one.longitude, lon):
            lon, lat = np.roll(lon[::-1], 1), np.roll(lat[::-1], 1)
        assert np.array_equal(one.latitude, lat)
        assert np.array_equal(one.longitude, lon)
        assert (other.edge == one.edge[0]).all()


def again(airspace: Airspace, tmp_path: Path) -> Airspace:
    path = tmp_path / "again.geojson"
    write_airspace(airspace, path)
    found = read_airspace(path)
    assert found.refused == ()
    return found


def test_convert_and_read_again(tmp_path: Path) -> None:
    names = ["arc-ccw", "arc-cw-ccw", "airway", "circular", "meter-altitude-unit", "round-altitude-values", "polygon"]
    sources = [fixture(name) for name in names]
    out = tmp_path / "all.geojson"
    done = run("convert", *sources, out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    before, after = read_airspace(*sources), read_airspace(out)
    assert len(after.volumes) == len(names)
    for a, b in zip(before.volumes, after.volumes, strict=True):
        same(a, b)
    once = out.read_bytes()
    run("convert", out, tmp_path / "twice.geojson")
    for line, other in zip(once.splitlines(), (tmp_path / "twice.geojson").read_bytes().splitlines(), strict=True):
        if line.startswith(b'{"type": "Feature",'):
            first, second = json.loads(line.rstrip(b",")), json.loads(other.rstrip(b","))
            assert first["geometry"] == second["geometry"]


def test_convert_to_standard_output_and_what_is_left_out() -> None:
    done = run("convert", fixture("polygon"), fixture("missing-ah-al"), "-")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    [feature] = document["features"]
    assert feature["properties"]["floor"] == "SFC"
    assert feature["properties"]["ceiling"] == "40000 ft AMSL"
    assert feature["properties"]["edges"] == "geodesic"
    assert feature["geometry"]["coordinates"][0][0] == feature["geometry"]["coordinates"][0][-1]
    assert done.stderr.startswith("left out: missing-ah-al.txt:line 3: LI-R64 Cuneo: refused: no floor")


def test_outputs_that_cannot_be(tmp_path: Path) -> None:
    for out, said in (("a.txt", "end it in .geojson"), ("no/a.geojson", "no such folder")):
        done = run("convert", fixture("polygon"), tmp_path / out)
        assert done.returncode == 2
        assert said in done.stderr
    with pytest.raises(ParameterError):
        write_airspace(Airspace(), tmp_path / "a.kml")
    with pytest.raises(InputError):
        write_airspace(Airspace(), tmp_path / "no" / "a.json")


def box(west: float, east: float, south: float, north: float, edge: list[int] | int) -> Ring:
    return make_ring([south, south, north, north], [west, east, east, west], edge)[0]


def test_every_property_survives(tmp_path: Path) -> None:
    ring, hole = box(170.0, -170.0, 10.0, 20.0, STRAIGHT), box(175.0, -175.0, 12.0, 18.0, STRAIGHT)
    volume = Volume(
        "X/1",
        'Öland "east"',
        "keep_out",
        (Part(ring, (hole,)), Part(box(0.0, 1.0, 0.0, 1.0, STRAIGHT))),
        Limit("STD", 12_345.678901),
        Limit("AGL", 1_234.567891),
        (Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)),),
        accuracy_m=150.0,
        owner="SYR",
        notes=("said",),
    )
    others = [
        Volume("A", "A", "fir", (Part(ring),), SURFACE, UNLIMITED),
        Volume("B", "B", "danger", (Part(ring),), Limit("AMSL", -100.0), Limit("STD", 24_500.0)),
        Volume("C", "C", "hazard", (Part(ring),), active=(Window(None, datetime(2026, 1, 1, tzinfo=UTC)),)),
    ]
    found = again(Airspace((volume, *others)), tmp_path)
    for a, b in zip((volume, *others), found.volumes, strict=True):
        same(a, b)
    written = json.loads(geojson(Airspace((volume,))))["features"][0]
    assert written["properties"]["notes"] == ["said"]
    # The right-hand rule: an outer ring goes east at its south, a hole west.
    outer, inner = written["geometry"]["coordinates"][0]
    assert outer[:2] == [[170.0, 10.0], [-170.0, 10.0]]
    assert inner[:2] == [[175.0, 12.0], [175.0, 18.0]]


def test_several_times_and_estimated_ends(tmp_path: Path) -> None:
    times = read_airspace(fixture("activation-times"))
    found = again(times, tmp_path)
    assert [volume.id for volume in found.volumes] == ["TMA Todendorf-Putlos"] + [
        f"TMA Todendorf-Putlos#{k}" for k in (2, 3, 4)
    ]
    assert tuple(window for volume in found.volumes for window in volume.active) == times.volumes[0].active
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    part = Part(box(0, 1, 0, 1, GEODESIC))
    guessed = Volume("E", "E", "hazard", (part,), active=(Window(start, end),), estimated_end=True)
    [volume] = again(Airspace((guessed,)), tmp_path).volumes
    assert volume.active == (Window(start, None),)  # until somebody says otherwise
    written = json.loads(geojson(Airspace((guessed,))))["features"][0]["properties"]
    assert written["active_to_estimated"] == "2026-02-01T00:00:00Z"


@pytest.mark.parametrize(
    ("west", "east", "south", "north"), [(10, 30, 50, 55), (-179, 179, 60, 70), (0, 60, -80, -70), (0, 90, 0, 85)]
)
def test_mixed_edges_keep_their_place(west: float, east: float, south: float, north: float, tmp_path: Path) -> None:
    mixed = box(west, east, south, north, [STRAIGHT, GEODESIC, STRAIGHT, GEODESIC])
    [found] = again(Airspace((Volume("M", "M", "fir", (Part(mixed),)),)), tmp_path).volumes
    ring = found.parts[0].outer
    assert (ring.edge == GEODESIC).all()
    # Along the parallels: points on the geodesics between the new vertices are on them.
    for parallel in (south, north):
        on = np.flatnonzero(np.abs(ring.latitude - parallel) < 1e-12)
        assert len(on) >= 2
        off = 0.0
        for k in on:
            m = (k + 1) % len(ring)
            if m in on:
                between = GEOD.npts(ring.longitude[k], ring.latitude[k], ring.longitude[m], ring.latitude[m], 9)
                off = max(off, *(abs(y - parallel) * 111_000 for _, y in between))
        assert off < 0.3
    assert {(float(x), float(y)) for x, y in zip(mixed.longitude, mixed.latitude, strict=True)} <= {
        (float(x), float(y)) for x, y in zip(ring.longitude, ring.latitude, strict=True)
    }


def test_nothing_is_a_collection_too() -> None:
    assert json.loads(geojson(Airspace(refused=(Refused("a", "b", "c"),)))) == {
        "type": "FeatureCollection",
        "features": [],
    }
