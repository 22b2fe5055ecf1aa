"""Claims, as they are meant: units that may be two, what a number is rounded by, zones; and what is no claim."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overflight.errors import InputError
from overflight.incidents.claims import MOST_CLAIMS, Claim, read_claims

BASE: dict[str, Any] = {"case": "c", "by": "A, a ministry", "of": "the aircraft", "what": "length of the path inside B"}


def claims(folder: Path, *rows: Any) -> list[Claim]:
    path = folder / "claims.json"
    path.write_text(json.dumps(list(rows)), encoding="utf-8")
    return read_claims(path)


def one(folder: Path, **told: Any) -> Claim:
    return claims(folder, BASE | told)[0]


def test_miles_are_statute_or_nautical(tmp_path: Path) -> None:
    claim = one(tmp_path, quantity="distance", value=1.15, unit="mi")
    assert {reading.unit: reading.value for reading in claim.readings} == {
        "statute": pytest.approx(1850.7456),
        "nautical": pytest.approx(2129.8),
    }
    assert (claim.aspect, claim.party) == ("path inside", "A")
    (metres,) = one(tmp_path, quantity="distance", value=1.5, unit="km").readings
    assert metres.value == 1500.0


@pytest.mark.parametrize(
    ("written", "digit"), [("1.15", 0.01), ("1.50", 0.01), ("17", 1.0), ("340", 10.0), ("6000", 1000.0), ("0", 1.0)]
)
def test_a_number_may_be_rounded_or_cut_off_at_its_last_digit(written: str, digit: float, tmp_path: Path) -> None:
    path = tmp_path / "claims.json"
    path.write_text(
        json.dumps([BASE | {"quantity": "duration", "value": 0, "unit": "s"}]).replace(": 0,", f": {written},")
    )
    (reading,) = read_claims(path)[0].readings
    assert reading.digit == pytest.approx(digit)
    assert reading.value == float(written)
    assert reading.interval("exactly") == pytest.approx((float(written) - digit / 2.0, float(written) + digit))


def test_bounds(tmp_path: Path) -> None:
    told = {"quantity": "distance", "value": 5.5, "unit": "km"}
    (reading,) = one(tmp_path, **told, bound="at least").readings
    assert reading.interval("at least") == (5450.0, float("inf"))
    assert reading.interval("at most") == (float("-inf"), 5600.0)
    assert reading.interval("about") == pytest.approx((4950.0, 6050.0))


def test_times_are_of_a_zone(tmp_path: Path) -> None:
    claim = one(tmp_path, quantity="time", what="entry", value="2015-11-24T09:24:05+02:00", unit="local time")
    assert claim.moment == datetime(2015, 11, 24, 7, 24, 5, tzinfo=UTC)
    assert claim.digit_s == 1.0
    assert "07:24:05 UTC" in claim.said
    assert one(tmp_path, quantity="time", what="entry", value="2015-10-03T12:08+03:00").digit_s == 60.0
    with pytest.raises(InputError, match=r"claim 1: .* does not say its time zone; add it"):
        one(tmp_path, quantity="time", what="entry", value="2015-11-24T09:24:05")


def test_words_are_no_number(tmp_path: Path) -> None:
    claim = one(tmp_path, quantity="duration", what="inside", value="a few", unit="s")
    assert claim.readings == ()
    assert claim.said == "inside: a few s"


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"quantity": "weight", "value": 1}, "quantity 'weight' is none that is known; choose from duration"),
        ({"quantity": "distance", "value": 1, "unit": "furlong"}, "is no unit of length"),
        ({"quantity": "distance", "value": 1}, "is no unit of length"),
        ({"quantity": "duration", "value": 1, "unit": "fortnight"}, "is no unit of time"),
        ({"quantity": "speed", "value": 1, "unit": "Mach"}, "is no unit of speed"),
        ({"quantity": "count", "value": 1.5}, "is no count"),
        ({"quantity": "count", "value": -1}, "is no count"),
        ({"quantity": "count", "value": [1]}, "neither a number nor words"),
        ({"quantity": "count", "value": 10**15}, "no number that can be used"),
        ({"quantity": "inside/outside", "value": "near"}, "choose from inside, outside"),
        ({"quantity": "count", "value": 1, "bound": "roughly"}, "choose from exactly, about"),
        ({"quantity": "count", "value": 1, "colour": "red"}, "has no field 'colour'"),
        ({"quantity": "count", "value": 1, "by": ""}, "lacks 'by'; write it as text"),
        ({"quantity": "count", "value": 1, "source": "x" * 3000}, "longer than 2,000 characters"),
    ],
)
def test_what_is_no_claim_is_named(told: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        claims(tmp_path, BASE | {"quantity": "count", "value": 1}, BASE | told)
    assert "claims.json, claim 2: " in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "is no list of claims"),
        ("[1]", "claim 1: is no object"),
        ("[" * 100_000, "is no JSON"),
        ("nonsense", "is no JSON"),
        ("[" + ",".join("0" for _ in range(MOST_CLAIMS + 1)) + "]", "has more than"),
    ],
)
def test_what_is_no_file_of_claims(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "claims.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_claims(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_claims(tmp_path / "none.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("case", "by", "of", "quantity", "what", "value", "unit", "bound", "source", "aspect")


@settings(max_examples=300, deadline=None)
@given(
    row=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4),
    quantity=st.sampled_from(["distance", "duration", "time", "count", "speed", "position", "inside/outside"]),
)
def test_whatever_comes_is_a_claim_or_a_clear_error(
    row: dict[str, Any], quantity: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("claims") / "claims.json"
    path.write_text(json.dumps([BASE | {"quantity": quantity, "value": 1, "unit": "s"} | row]), encoding="utf-8")
    try:
        (claim,) = read_claims(path)
    except InputError:
        return
    assert claim.number == 1
