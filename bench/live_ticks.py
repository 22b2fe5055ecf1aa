"""One tick over a picture of the sky, by Overflight's kernel and by its peers; each runs in its own environment.

    PYTHON -I bench/live_ticks.py WHICH SKY.npz REPEATS THREADS [PAIRS.npy]

Prints one JSON object: wall and CPU times of each repeat (after a first one that is not counted where there are several),
and versions. What a tick is given lies ready in arrays, in the units that each takes; its answer is the pairs.

* `overflight`: the kernel under the conflict net.
* `bluesky`: `bluesky.traffic.asas.cstatebased.detect`, the compiled detector that BlueSky's `CStateBased` is.
* `kdtree`, `kdtree-now`: SciPy's cKDTree for candidates, NumPy for the closest points of approach; see `Kdtree`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

HORIZONTAL_M, VERTICAL_M, LOOKAHEAD_S = 5 * 1852.0, 1000 * 0.3048, 300.0
ALTITUDES_M = (
    VERTICAL_M - 1e-9
)  # so that 1,000 ft apart is no loss however it was rounded: BlueSky is given none of this
Arrays = dict[str, NDArray[Any]]


class Tick(Protocol):
    """Set up with a sky, then called once a tick; returns the pairs (N, 2), the lower number first in each."""

    version: str

    def __call__(self) -> Any: ...
    def pairs(self, answer: Any) -> NDArray[np.int64]: ...


class Overflight:
    def __init__(self, sky: Arrays, threads: int) -> None:
        from importlib.metadata import version

        from overflight_kernels import ahead

        self.version = f"overflight-kernels {version('overflight-kernels')}"
        course = np.radians(sky["course_deg"])
        self._ahead = ahead
        self._given: dict[str, Any] = {
            "latitude_deg": sky["latitude"],
            "longitude_deg": sky["longitude"],
            "altitude_m": sky["altitude_m"],
            "east_mps": sky["speed_mps"] * np.sin(course),
            "north_mps": sky["speed_mps"] * np.cos(course),
            "up_mps": sky["up_mps"],
            "aircraft": np.arange(len(course), dtype=np.uint32),
            "horizontal_m": HORIZONTAL_M,
            "vertical_m": VERTICAL_M,
            "lookahead_s": LOOKAHEAD_S,
            "threads": threads,
        }

    def __call__(self) -> Any:
        return self._ahead(**self._given)

    def pairs(self, answer: Any) -> NDArray[np.int64]:
        return np.stack(answer[:2], axis=-1).astype(np.int64)


class Bluesky:
    def __init__(self, sky: Arrays, _: int) -> None:
        from importlib.metadata import version

        from bluesky.traffic.asas import cstatebased

        if not str(cstatebased.__file__).endswith((".so", ".pyd")):
            sys.exit(f"not the compiled detector: {cstatebased.__file__}")
        self.version = f"BlueSky {version('bluesky-simulator')}"
        n = len(sky["latitude"])
        self._traffic = SimpleNamespace(
            ntraf=n, id=list(range(n)), lat=sky["latitude"], lon=sky["longitude"], alt=sky["altitude_m"],
            trk=sky["course_deg"], gs=sky["speed_mps"], vs=sky["up_mps"],
        )  # fmt: skip
        self._limits = [np.full(n, limit) for limit in (HORIZONTAL_M, VERTICAL_M, LOOKAHEAD_S)]
        self._detect = cstatebased.detect

    def __call__(self) -> Any:
        return self._detect(self._traffic, self._traffic, *self._limits)

    def pairs(self, answer: Any) -> NDArray[np.int64]:
        """Of both directions: a pair counts where either aircraft sees it."""
        both = np.array(answer[0], np.int64).reshape(-1, 2)
        return np.unique(np.sort(both, axis=1), axis=0)


class Kdtree:
    """What a careful user of SciPy writes: ECEF, a tree over everybody, then vectorised closest points of approach.

    Candidates are within R + 2 vmax (T/2) of each other half way through the lookahead: a quarter of the area that
    R + 2 vmax T now (`kdtree-now`) asks for. The tree is built unbalanced, which is quicker for points that are asked
    once. What remains is judged by altitude first, then on straight lines in ECEF, the same relative state as the
    kernel's first look. Tried and slower: trees of their own for slow and fast, altitude as a fourth coordinate.
    """

    def __init__(self, sky: Arrays, _: int, middle: bool = True) -> None:
        from scipy import __version__
        from scipy.spatial import cKDTree

        self.version = f"SciPy {__version__}, NumPy {np.__version__}"
        self._tree, self._sky, self._middle = cKDTree, sky, middle
        course = np.radians(sky["course_deg"])
        self._east, self._north = sky["speed_mps"] * np.sin(course), sky["speed_mps"] * np.cos(course)

    def _states(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Places and velocities (N, 3) half way through the lookahead, each along its great circle; or now."""
        phi, lam = np.radians(self._sky["latitude"]), np.radians(self._sky["longitude"])
        sin_phi, cos_phi, sin_lam, cos_lam = np.sin(phi), np.cos(phi), np.sin(lam), np.cos(lam)
        e2 = 6.69437999014e-3
        n = 6378137.0 / np.sqrt(1 - e2 * sin_phi**2)
        at = np.stack([n * cos_phi * cos_lam, n * cos_phi * sin_lam, n * (1 - e2) * sin_phi], axis=-1)
        velocity = np.stack(
            [
                -self._east * sin_lam - self._north * sin_phi * cos_lam,
                self._east * cos_lam - self._north * sin_phi * sin_lam,
                self._north * cos_phi,
            ],
            axis=-1,
        )
        if not self._middle:
            return at, velocity
        radius = np.sqrt(np.einsum("ij,ij->i", at, at))
        turn = self._sky["speed_mps"] / radius
        angle = (turn * LOOKAHEAD_S / 2)[:, None]
        cos, sin = np.cos(angle), np.sin(angle)
        per_s = velocity / np.maximum(turn, 1e-15)[:, None]
        return cos * at + sin * per_s, cos * velocity - sin * turn[:, None] * at

    def __call__(self) -> Any:
        at, velocity = self._states()
        begin, end = (-LOOKAHEAD_S / 2, LOOKAHEAD_S / 2) if self._middle else (0.0, LOOKAHEAD_S)
        tree = self._tree(at, compact_nodes=False, balanced_tree=False)
        reach = HORIZONTAL_M + 2 * float(self._sky["speed_mps"].max()) * end
        i, j = tree.query_pairs(reach, output_type="ndarray").T
        up = self._sky["up_mps"]
        altitude = self._sky["altitude_m"] - begin * up
        z, w = altitude[i] - altitude[j], up[i] - up[j]
        # Altitudes first, which costs least: within the minimum at an end of the lookahead, or they cross.
        early, late = z + begin * w, z + end * w
        level = np.flatnonzero((np.minimum(np.abs(early), np.abs(late)) < ALTITUDES_M) | (early * late < 0))
        i, j, z, w = i[level], j[level], z[level], w[level]
        s, v = at[i] - at[j], velocity[i] - velocity[j]
        a, b, c = (np.einsum("ij,ij->i", *factors) for factors in ((v, v), (s, v), (s, s)))
        c -= HORIZONTAL_M**2
        with np.errstate(divide="ignore", invalid="ignore"):
            root = np.sqrt(b * b - a * c)
            alike = a < 1e-12
            low = np.where(alike, np.where(c < 0, -np.inf, np.nan), (-b - root) / a)
            high = np.where(alike, np.where(c < 0, np.inf, np.nan), (-b + root) / a)
            one, other = (-ALTITUDES_M - z) / w, (ALTITUDES_M - z) / w
            bottom = np.where(w == 0, -np.inf, np.minimum(one, other))  # those of one rate have passed the first look
            top = np.where(w == 0, np.inf, np.maximum(one, other))
            time_in = np.maximum(np.maximum(low, bottom), begin)
            time_out = np.minimum(np.minimum(high, top), end)
            hit = time_in < time_out
        return i[hit], j[hit], time_in[hit] - begin, time_out[hit] - begin

    def pairs(self, answer: Any) -> NDArray[np.int64]:
        return np.sort(np.stack(answer[:2], axis=-1).astype(np.int64), axis=1)


TICKS: dict[str, Callable[[Arrays, int], Tick]] = {
    "overflight": Overflight,
    "bluesky": Bluesky,
    "kdtree": Kdtree,
    "kdtree-now": lambda sky, threads: Kdtree(sky, threads, middle=False),
}


def main() -> None:
    which, path, repeats, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    with np.load(path) as file:
        sky = dict(file)
    tick = TICKS[which](sky, threads)
    walls, cpus, answer = [], [], None
    for _ in range(repeats + (repeats > 1)):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = tick()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    pairs = tick.pairs(answer)
    if len(sys.argv) > 5:
        np.save(sys.argv[5], pairs)
    first = int(repeats > 1)
    print()
    print(json.dumps({"version": tick.version, "wall": walls[first:], "cpu": cpus[first:], "pairs": len(pairs)}))


if __name__ == "__main__":
    main()
