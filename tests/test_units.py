from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overflight import units
from overflight.errors import ParameterError


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("5 NM", 9260.0),
        ("5nm", 9260.0),
        ("1000 ft", 304.8),
        ("45 km", 45_000.0),
        ("-2.5 m", -2.5),
        (".5 mi", 804.672),
        ("0 ft", 0.0),
    ],
)
def test_lengths(text: str, metres: float) -> None:
    assert units.parse_length_m(text) == pytest.approx(metres, rel=1e-15)


@pytest.mark.parametrize(
    "text", ["", "5", "NM", "5 parsecs", "5 NM 3", "1e3 m", "five NM", "5 NM/1000 ft", "nan m", "inf ft"]
)
def test_what_is_no_length_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ParameterError, match="write it like"):
        units.parse_length_m(text, "--minima")


@pytest.mark.parametrize(
    ("text", "feet"), [("FL290", 29_000.0), ("fl 45", 4500.0), ("1000 ft", 1000.0), ("304.8 m", 1000.0)]
)
def test_altitudes(text: str, feet: float) -> None:
    assert units.parse_altitude_ft(text) == pytest.approx(feet)


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60.0), ("2 min", 120.0), ("1 h", 3600.0)])
def test_durations(text: str, seconds: float) -> None:
    assert units.parse_duration_s(text) == seconds


@pytest.mark.parametrize(
    "text", ["2015-10-07T03:00:00Z", "2015-10-07T03:00:00", "2015-10-07T06:00:00+03:00", " 2015-10-07 03:00 "]
)
def test_times_are_utc_unless_they_say_otherwise(text: str) -> None:
    assert units.parse_time(text) == datetime(2015, 10, 7, 3, tzinfo=UTC)


@given(st.text(max_size=20))
def test_nothing_but_parameter_errors(text: str) -> None:
    for parse in (units.parse_length_m, units.parse_altitude_ft, units.parse_duration_s, units.parse_time):
        refusal = None
        try:
            parse(text)
        except ParameterError as error:
            refusal = error
        assert refusal is None or refusal.value == text
