"""What parties declare: levels by pressure and above the ellipsoid, what is in whose way, and changes that make it clear."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overflight.airspace.bands import Band, flight_levels
from overflight.coordination.uss.declared import PRECEDENCE, Declared, read_declared
from overflight.coordination.uss.shifts import STEP_US, shifts
from overflight.errors import ParameterError
from overflight.units import FT_M


def told(
    latitude: float = 36.0,
    longitude: float = 37.0,
    radius_m: float = 10_000.0,
    levels: tuple[float, float] = (280, 320),
    hours: tuple[int, int] = (4, 5),
) -> dict[str, Any]:
    def when(hour: int) -> dict[str, str]:
        return {"value": f"2015-10-07T{hour:02}:00:00Z", "format": "RFC3339"}

    circle = {"center": {"lat": latitude, "lng": longitude}, "radius": {"value": radius_m, "units": "M"}}
    times = {"time_start": when(hours[0]), "time_end": when(hours[1])}
    return {"volume": {"outline_circle": circle}, "flight_levels": list(levels), **times}


def declared(*volumes: dict[str, Any], precedence: str = "routine") -> Declared:
    return read_declared({"precedence": precedence, "volumes": list(volumes) or [told()]})


def test_flight_levels_are_held_against_each_other_as_they_are() -> None:
    assert flight_levels(280, 300).meets(flight_levels(300, 320))
    assert not flight_levels(280, 300).meets(flight_levels(310, 320))
    assert not flight_levels(590, 595).meets(flight_levels(596, 600))


def _height_m(pressure_altitude_m: float, qnh_hpa: float, off_k: float) -> float:
    """How high a pressure altitude is, by going up through the air in steps of 5 m: the oracle of the margin."""

    def temperature(at_m: float) -> float:
        return max(288.15 - 0.0065 * at_m, 216.65)

    def pressure(at_m: float) -> float:
        if at_m <= 11_000.0:
            return 1013.25 * (1.0 - 0.0065 * at_m / 288.15) ** 5.25588
        return 226.32 * np.exp(-9.80665 / 287.053 / 216.65 * (at_m - 11_000.0))

    wanted, now, high = pressure(pressure_altitude_m), qnh_hpa, 0.0
    while now > wanted:
        now *= np.exp(-9.80665 / 287.053 / (temperature(high) + off_k) * 5.0)
        high += 5.0
    return high


@pytest.mark.parametrize("level", [50, 100, 200, 350, 450, 600])
@pytest.mark.parametrize("qnh_hpa", [940.0, 980.0, 1013.25, 1055.0])
@pytest.mark.parametrize("off_k", [-30.0, 0.0, 30.0])
def test_a_flight_level_is_where_its_margin_says_whatever_the_weather(level: int, qnh_hpa: float, off_k: float) -> None:
    band = flight_levels(level, level)
    high_m = _height_m(band.lower_m, qnh_hpa, off_k)
    above = band.above_ellipsoid()
    assert above.lower_m + 100.0 <= high_m <= above.upper_m - 80.0, "and the geoid comes to it"
    assert above.upper_m - above.lower_m < 1_400.0 + 0.3 * band.upper_m, "and not much more"


def test_against_the_ellipsoid_the_margin_counts() -> None:
    level = flight_levels(300, 300)
    assert level.meets(Band(9_900.0, 9_950.0, pressure=False))
    assert not level.meets(Band(12_000.0, 12_500.0, pressure=False))


def test_it_is_read_as_it_is_written() -> None:
    altitude = {"reference": "W84", "units": "M"}
    above = told() | {
        "volume": told()["volume"] | {f"altitude_{end}": altitude | {"value": 500.0} for end in ("lower", "upper")}
    }
    del above["flight_levels"]
    one = declared(told(), above, precedence="medical")
    assert read_declared(one.told()) == one
    assert [place.band.pressure for place in one.places] == [True, False]


_WRONG: list[Any] = [
    None,
    [],
    {},
    {"volumes": []},
    {"volumes": [told()] * 101},
    {"volumes": [told()], "precedence": "urgent"},
    {"volumes": [told()], "callsign": "AB12"},
    {"volumes": [told() | {"flight_levels": [280]}]},
    {"volumes": [told() | {"flight_levels": [320, 280]}]},
    {"volumes": [told() | {"flight_levels": [280, 610]}]},
    {"volumes": [told() | {"flight_levels": ["280", 300]}]},
    {"volumes": [told() | {"flight_levels": [float("nan"), 300]}]},
    {"volumes": [{name: value for name, value in told().items() if name != "flight_levels"}]},
    {"volumes": [{name: value for name, value in told().items() if name != "time_end"}]},
    {"volumes": [told(hours=(5, 4))]},
]


@pytest.mark.parametrize("wrong", _WRONG, ids=lambda wrong: str(wrong)[-60:])
def test_what_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(ParameterError):
        read_declared(wrong)


def test_what_is_in_the_way_is_told_by_volume() -> None:
    other = declared(told(), told(longitude=40.0), told(hours=(6, 7)))
    assert declared().meeting(other) == [other.places[0]]
    assert declared(told(levels=(330, 340))).meeting(other) == []


def test_precedence_is_fixed() -> None:
    for mine, theirs in ((a, b) for a in PRECEDENCE for b in PRECEDENCE):
        gives = declared(precedence=mine).gives_way_to(declared(precedence=theirs))
        assert gives is (PRECEDENCE.index(mine) <= PRECEDENCE.index(theirs))


def test_the_register_is_told_what_holds_whatever_the_weather() -> None:
    (volume,) = declared().shape.volumes
    assert volume.lower_m < 280 * 100 * FT_M < 320 * 100 * FT_M < volume.upper_m


def test_the_smallest_change_comes_first() -> None:
    other = declared(told(levels=(250, 315)))
    found = shifts(declared(), [other], now_us=0)
    assert [one.kind for one in found] == ["level", "place", "time"]
    assert found[0].steps == 4, "3,600 ft and no less"
    assert round(found[0].higher_m / FT_M) == 4_000
    assert found[1].steps == 11, "two circles of 10 km are clear at 22 km"
    assert found[2].later_us in (13 * STEP_US, -13 * STEP_US), "an hour, and what touches meets"


def test_nothing_is_proposed_into_the_past_or_out_of_the_levels_that_are_flown() -> None:
    mine, other = declared(told(levels=(0, 600))), declared(told(levels=(0, 600), hours=(3, 12)))
    begins = mine.places[0].volume.start_us
    assert begins is not None
    assert [one.kind for one in shifts(mine, [other], now_us=begins)] == ["place"]
    before = [one for one in shifts(mine, [other], now_us=0) if one.kind == "time"]
    assert before
    assert before[0].later_us < 0


def test_what_gives_way_is_in_nobodys_way() -> None:
    other = declared()
    found = shifts(declared(precedence="emergency"), [other], now_us=0)
    assert all(one.steps == 1 for one in found)


@given(
    st.lists(
        st.tuples(st.floats(35.7, 36.3), st.floats(36.7, 37.3), st.integers(0, 55), st.integers(0, 8)),
        min_size=1,
        max_size=6,
    )
)
def test_what_is_proposed_is_clear_and_nothing_smaller_of_its_kind_in_time_is(
    others: list[tuple[float, float, int, int]],
) -> None:
    mine = declared()
    blocking = [
        declared(told(lat, lon, 8_000.0, (10 * fl, 10 * fl + 40), (hour, hour + 2))) for lat, lon, fl, hour in others
    ]
    for one in shifts(mine, blocking, now_us=0):
        assert not any(one.declared.meeting(other) for other in blocking)
        assert not any(other.meeting(one.declared) for other in blocking)
