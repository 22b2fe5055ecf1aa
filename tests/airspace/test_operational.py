"""What the standard's API says of a volume is read; what it does not allow is refused by name."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overflight.airspace.operational import Circle, Polygon, Volume, read_volume, read_volumes
from overflight.errors import ParameterError


def told() -> dict[str, Any]:
    return {
        "volume": {
            "outline_circle": {"center": {"lat": 47.5, "lng": 8.6}, "radius": {"value": 300, "units": "M"}},
            "altitude_lower": {"value": 100.5, "reference": "W84", "units": "M"},
            "altitude_upper": {"value": 200, "reference": "W84", "units": "M"},
            "something_new": True,
        },
        "time_start": {"value": "2015-10-07T04:00:00Z", "format": "RFC3339"},
        "time_end": {"value": "2015-10-07T04:00:00.5Z", "format": "RFC3339"},
    }


def changed(path: str, value: Any) -> dict[str, Any]:
    """A volume of which one field is another; `...` takes it away."""
    found = copy.deepcopy(told())
    *way, name = path.split(".")
    inner: Any = found
    for step in way:
        inner = inner[step]
    if value is ...:
        del inner[name]
    else:
        inner[name] = value
    return found


def test_a_volume_is_read() -> None:
    start = 1_444_190_400_000_000
    assert read_volume(told(), whole=True) == Volume(Circle(47.5, 8.6, 300.0), 100.5, 200.0, start, start + 500_000)
    around = {"outline_polygon": {"vertices": [{"lat": 0, "lng": 0}, {"lat": 1, "lng": 0}, {"lat": 0, "lng": -180}]}}
    found = read_volume({"volume": around})
    assert found == Volume(Polygon((0.0, 1.0, 0.0), (0.0, 0.0, -180.0)), -math.inf, math.inf, None, None)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("volume", ...), ("volume", []), ("volume.outline_circle", ...), ("volume.outline_polygon", {"vertices": []}),
        ("volume.outline_circle.center", ...), ("volume.outline_circle.center.lat", 90.1), ("volume.outline_circle.center.lng", "8"),
        ("volume.outline_circle.center.lat", math.nan), ("volume.outline_circle.center.lat", True), ("volume.outline_circle.radius", ...),
        ("volume.outline_circle.radius.units", "FT"), ("volume.outline_circle.radius.value", 0), ("volume.outline_circle.radius.value", -1),
        ("volume.outline_circle.radius.value", math.inf), ("volume.altitude_lower", ...), ("volume.altitude_lower.units", "FT"),
        ("volume.altitude_lower.reference", "AGL"), ("volume.altitude_lower.value", 300), ("volume.altitude_upper.value", 1e6),
        ("time_start", ...), ("time_start.format", "EPOCH"), ("time_start.value", "2015-10-07"), ("time_start.value", "2015-02-30T00:00:00Z"),
        ("time_start.value", "2015-10-07T04:00:00"), ("time_start.value", "2015-10-07T04:00:00+02:00"), ("time_end.value", "2015-10-07T03:00:00Z"),
        ("time_end.value", 5),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_name(path: str, value: Any) -> None:
    with pytest.raises(ParameterError) as refused:
        read_volumes([changed(path, value)])
    assert "extents[0]" in str(refused.value)


def test_there_is_one_at_least() -> None:
    for nothing in ([], None, {}, "x"):
        with pytest.raises(ParameterError):
            read_volumes(nothing)


NAMES = (
    "volume",
    "outline_circle",
    "outline_polygon",
    "vertices",
    "center",
    "lat",
    "lng",
    "radius",
    "value",
    "units",
    "time_start",
)
PLAIN = st.none() | st.booleans() | st.floats() | st.text(max_size=5)
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(ANYTHING)
def test_nothing_but_our_own_error_comes_of_anything(anything: Any) -> None:
    said = ""
    try:
        read_volume(anything)
    except ParameterError as error:
        said = str(error)
    assert len(said) < 400


def test_open_ends_and_ends_that_touch() -> None:
    some = Volume(None, 0.0, 100.0, 10, 20)
    assert some.when(Volume(None, start_us=20, end_us=30))
    assert not some.when(Volume(None, start_us=21, end_us=30))
    assert some.when(Volume(None, start_us=15, end_us=15))
    assert some.when(Volume(None))
    assert some.level(Volume(None, 100.0, 200.0))
    assert not some.level(Volume(None, 100.1, 200.0))
