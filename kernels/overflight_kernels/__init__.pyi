from typing import Any

import numpy as np
from numpy.typing import NDArray

Losses = tuple[
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
]

def order_by_track(track: NDArray[np.uint32], tracks: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...
def order_ties(time_us: NDArray[np.int64], rank: NDArray[np.uint32]) -> NDArray[np.int64]: ...
def losses(
    offsets: NDArray[np.int64],
    time_us: NDArray[np.int64],
    latitude_deg: NDArray[np.float64],
    longitude_deg: NDArray[np.float64],
    altitude_m: NDArray[np.float64],
    broken: NDArray[np.uint8],
    aircraft: NDArray[np.uint32],
    fresh_from: NDArray[np.int64],
    floor_m: NDArray[np.float64],
    horizontal_m: NDArray[np.float64],
    vertical_m: NDArray[np.float64],
    max_gap_us: int,
    block_us: int,
    report_unknown: bool,
    threads: int,
) -> Losses: ...
def losses_between(
    offsets: NDArray[np.int64],
    time_us: NDArray[np.int64],
    latitude_deg: NDArray[np.float64],
    longitude_deg: NDArray[np.float64],
    altitude_m: NDArray[np.float64],
    broken: NDArray[np.uint8],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    shrink_m: NDArray[np.float64],
    floor_m: NDArray[np.float64],
    horizontal_m: NDArray[np.float64],
    vertical_m: NDArray[np.float64],
    max_gap_us: int,
    report_unknown: bool,
) -> Losses: ...
def ahead(
    latitude_deg: NDArray[np.float64],
    longitude_deg: NDArray[np.float64],
    altitude_m: NDArray[np.float64],
    east_mps: NDArray[np.float64],
    north_mps: NDArray[np.float64],
    up_mps: NDArray[np.float64],
    aircraft: NDArray[np.uint32],
    horizontal_m: float,
    vertical_m: float,
    lookahead_s: float,
    threads: int,
) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float64], NDArray[np.float64]]: ...

class Areas:
    def __init__(
        self,
        area: NDArray[np.uint32],
        latitude_a: NDArray[np.float64],
        longitude_a: NDArray[np.float64],
        latitude_b: NDArray[np.float64],
        longitude_b: NDArray[np.float64],
        closing: NDArray[np.uint8],
        areas: int,
    ) -> None: ...
    def inside(
        self, latitude: NDArray[np.float64], longitude: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32]]: ...
    def nearest(
        self, latitude: NDArray[np.float64], longitude: NDArray[np.float64], area: NDArray[np.uint32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...

def stays(
    areas: Areas,
    offsets: NDArray[np.int64],
    time_us: NDArray[np.int64],
    latitude_deg: NDArray[np.float64],
    longitude_deg: NDArray[np.float64],
    altitude_m: NDArray[np.float64],
    linked: NDArray[np.uint8],
    fresh_from: NDArray[np.int64],
    area: NDArray[np.uint32],
    floor_m: NDArray[np.float64],
    ceiling_m: NDArray[np.float64],
    window_offsets: NDArray[np.int64],
    window_start_us: NDArray[np.int64],
    window_end_us: NDArray[np.int64],
    report_unknown: bool,
    threads: int,
) -> tuple[
    NDArray[np.uint32],
    NDArray[np.uint32],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.uint8],
    NDArray[np.uint8],
    NDArray[np.uint8],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.int64],
]: ...

class GateLimits:
    def __init__(
        self,
        *,
        top_speed_mps: float,
        speed_factor: float,
        speed_margin_mps: float,
        climb_mps: float,
        jitter_s: float,
        slack_m: float,
        climb_slack_m: float,
        frozen_m: float,
        frozen_s: float,
        relocate_after: int,
        circle_least_m: float,
        circle_most_m: float,
        circle_roundness: float,
    ) -> None: ...

class TrackGate:
    def __init__(self, limits: GateLimits) -> None: ...
    def update(
        self,
        offsets: NDArray[np.int64],
        time_us: NDArray[np.int64],
        latitude_deg: NDArray[np.float64],
        longitude_deg: NDArray[np.float64],
        altitude_m: NDArray[np.float64],
        speed_mps: NDArray[np.float64],
        threads: int,
    ) -> tuple[
        NDArray[np.uint32], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
    ]: ...
    def keep(self, kept: NDArray[np.int64]) -> None: ...
    def state(self) -> bytes: ...
    def set_state(self, state: bytes) -> None: ...

class CrowdLimits:
    def __init__(
        self,
        *,
        shared_tracks: int,
        shared_us: int,
        shared_speed_mps: float,
        shared_deg: float,
        copy_age_us: int,
        copy_m: float,
        copy_same_m: float,
        copy_climb_m: float,
        copy_turn_deg: float,
        copy_speed_mps: float,
        apart_m: float,
        apart_us: int,
    ) -> None: ...

class Crowd:
    def __init__(self, limits: CrowdLimits) -> None: ...
    def update(
        self,
        time_us: NDArray[np.int64],
        track: NDArray[np.uint32],
        latitude_deg: NDArray[np.float64],
        longitude_deg: NDArray[np.float64],
        altitude_m: NDArray[np.float64],
        speed_mps: NDArray[np.float64],
        course_deg: NDArray[np.float64],
        doubtful: NDArray[np.uint8],
        hearsay: NDArray[np.uint8],
        aircraft: NDArray[np.uint32],
        threads: int,
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]: ...
    def keep(self, kept: NDArray[np.int64], aircraft: NDArray[np.int64]) -> None: ...
    def state(self) -> bytes: ...
    def set_state(self, state: bytes) -> None: ...

__all__: list[Any]
