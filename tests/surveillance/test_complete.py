"""Completion: columns, types, ranges, identity and order, each rule on a small table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overflight.errors import InputError
from overflight.surveillance.complete import NAC_P_ACCURACY_M, RANGES, complete
from overflight.surveillance.table import POSITION_SCHEMA

NOON = datetime(2025, 6, 2, 12, tzinfo=UTC)


def frame(rows: int = 1, **columns):
    base = {
        "timestamp": [NOON + timedelta(seconds=at) for at in range(rows)],
        "icao24": ["a1b2c3"] * rows,
        "latitude": [36.5] * rows,
        "longitude": [-121.5] * rows,
    }
    made = {**base, **columns}
    return pl.DataFrame({name: values for name, values in made.items() if values is not None}, strict=False)


def only(**columns):
    table, drops = complete(frame(1, **{name: [value] for name, value in columns.items()}))
    assert table.height == 1, drops
    return table.row(0, named=True), drops


def test_the_least_that_is_needed():
    table, drops = complete(frame(2))
    assert dict(table.schema) == POSITION_SCHEMA
    row = table.row(0, named=True)
    assert row["track_id"] == "icao:a1b2c3"
    assert row["address_type"] == "icao"
    assert row["flags"] == 0
    assert [name for name, value in row.items() if value is None] == [
        *("callsign", "squawk", "altitude", "geoaltitude", "groundspeed", "track", "vertical_rate", "onground"),
        *("position_age", "nic", "nac_p", "sil", "accuracy", "source", "sensor", "party", "ref"),
    ]
    assert not drops.counts


@pytest.mark.parametrize("name", ["timestamp", "latitude", "longitude", "icao24"])
def test_a_missing_column_is_named_with_a_remedy(name):
    with pytest.raises(InputError, match="a required column is missing") as error:
        complete(frame(**{name: None}), "mine")
    assert error.value.path == "mine"
    assert (name if name != "icao24" else "track_id, icao24 or callsign") in error.value.place
    assert "rename or add it" in error.value.remedy


@pytest.mark.parametrize("thing", [5, b"text", [1, 2], object(), None])
def test_what_is_no_table_is_refused(thing):
    with pytest.raises(InputError, match="is no table"):
        complete(thing)


MICROS = round(NOON.timestamp() * 1e6)


@pytest.mark.parametrize(
    "stamp",
    [
        NOON,
        NOON.replace(tzinfo=None),
        NOON.timestamp(),
        int(NOON.timestamp()),
        MICROS // 1000,
        float(MICROS // 1000),
        MICROS,
        MICROS * 1000,
        "2025-06-02T12:00:00Z",
        "2025-06-02 12:00:00",
        "2025-06-02 14:00:00.000+02:00",
        "2025-06-02 12:00:00+00:00",
        str(NOON.timestamp()),
        pl.Series([NOON.replace(tzinfo=None)]).cast(pl.Datetime("ns"))[0],
    ],
)
def test_every_way_to_write_noon(stamp):
    row, _ = only(timestamp=stamp)
    assert row["timestamp"] == NOON


def test_other_zones_and_units_are_converted():
    for unit in ("ms", "us", "ns"):
        local = pl.Series([NOON]).dt.convert_time_zone("Asia/Tehran").dt.cast_time_unit(unit)
        table, _ = complete(frame().with_columns(timestamp=local))
        assert table["timestamp"].to_list() == [NOON]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("timestamp", None, "no time"),
        ("timestamp", datetime(1989, 12, 31, tzinfo=UTC), "time outside 1990 to 2100"),
        ("timestamp", datetime(2100, 1, 1, tzinfo=UTC), "time outside 1990 to 2100"),
        ("latitude", None, "no position"),
        ("latitude", float("nan"), "no position"),
        ("longitude", float("nan"), "no position"),
        ("latitude", 90.001, "position out of range"),
        ("latitude", float("inf"), "position out of range"),
        ("longitude", -180.001, "position out of range"),
        ("icao24", None, "no track_id, address or callsign"),
    ],
)
def test_a_row_that_cannot_be_used_is_dropped_and_counted(column, value, reason):
    good = frame(3)
    bad = good.with_columns(pl.when(pl.int_range(pl.len()) == 1).then(pl.lit(value)).otherwise(column).alias(column))
    table, drops = complete(bad.with_columns(ref=pl.Series(["f:1", "f:2", "f:3"])))
    assert table["ref"].to_list() == ["f:1", "f:3"]
    assert drops.counts == {reason: 1}
    assert drops.examples == {reason: "f:2"}
    _, drops = complete(bad, "mine")
    assert drops.examples == {reason: "mine, row 2"}


@pytest.mark.parametrize("name", sorted(RANGES))
def test_values_out_of_range_are_unknown_and_counted(name):
    low, high = RANGES[name]
    for value in (low, high):
        row, drops = only(**{name: float(value)})
        assert row[name] == value
        assert not drops.counts
    for value in (np.nextafter(low, -np.inf) - 1, np.nextafter(high, np.inf) * 2, float("inf"), -float("inf")):
        row, drops = only(**{name: float(value)})
        assert row[name] is None
        assert drops.counts == {f"{name} out of range, set unknown": 1}
    row, drops = only(**{name: float("nan")})
    assert row[name] is None
    assert not drops.counts, "NaN is how pandas writes unknown"


@pytest.mark.parametrize(
    ("given_", "kept", "counted"),
    [
        ("A1B2C3", "a1b2c3", False),
        (" a1b2c3 ", "a1b2c3", False),
        ("~A1B2C3", None, False),
        ("a1b2", None, True),
        ("a1b2g3", None, True),
        ("", None, False),
    ],
)
def test_addresses(given_, kept, counted):
    row, drops = only(icao24=given_, callsign="TEST")
    assert row["icao24"] == kept
    assert drops.counts.total() == counted
    assert row["address_type"] == ("icao" if kept and "~" not in given_ else "other")


@pytest.mark.parametrize(
    ("given_", "kept", "counted"),
    [
        ("0421", "0421", False),
        ("0000", "0000", False),
        ("421", "0421", False),
        (421, "0421", False),
        (421.0, "0421", False),
        ("421.0", "0421", False),
        ("", None, False),
        (None, None, False),
        (float("nan"), None, False),
        ("1289", None, True),
        ("12345", None, True),
        (-1, None, True),
    ],
)
def test_squawks(given_, kept, counted):
    row, drops = only(squawk=given_)
    assert row["squawk"] == kept
    assert drops.counts.total() == counted


@pytest.mark.parametrize(
    ("given_", "kept"),
    [("true", True), ("False", False), (1, True), (0, False), (True, True), ("-1", True), ("x", None), (None, None)],
)
def test_on_the_ground(given_, kept):
    assert only(onground=given_)[0]["onground"] is kept


@pytest.mark.parametrize("nac_p", range(12))
def test_accuracy_follows_from_nac_p(nac_p):
    expected = NAC_P_ACCURACY_M.get(nac_p)
    accuracy = only(nac_p=nac_p)[0]["accuracy"]
    assert accuracy == (None if expected is None else pytest.approx(expected))
    assert only(nac_p=nac_p, accuracy=55.5)[0]["accuracy"] == 55.5


@pytest.mark.parametrize(
    ("columns", "track_id"),
    [
        ({"source": "adsb"}, "adsb:a1b2c3"),
        ({"source": "mlat"}, "mlat:a1b2c3"),
        ({"source": "adsb", "address_type": "tisb"}, "tisb:a1b2c3"),
        ({"source": "adsb", "address_type": "tisb", "icao24": "~29a1bc"}, "tisb:~29a1bc"),
        ({"icao24": "~29a1bc"}, "other:~29a1bc"),
        ({"icao24": None, "callsign": "AFR12 "}, "callsign:AFR12"),
        ({"source": "system_track", "icao24": None, "callsign": "C-FYZV"}, "system_track:C-FYZV"),
        ({"track_id": "mine"}, "mine"),
        ({"source": "carrier pigeon"}, "icao:a1b2c3"),
    ],
)
def test_track_ids(columns, track_id):
    assert only(**columns)[0]["track_id"] == track_id


def test_a_given_track_id_is_not_split():
    times = [NOON, NOON + timedelta(hours=2)]
    table, _ = complete(frame(2, timestamp=times, track_id=["mine", None]))
    assert table["track_id"].to_list() == ["mine", "icao:a1b2c3"]
    table, _ = complete(frame(2, timestamp=times, track_id=["mine", "mine"]))
    assert table["track_id"].to_list() == ["mine", "mine"]


def test_ten_silent_minutes_split_a_track():
    seconds = [0, 600, 1200.000001, 1201, 5000]
    table, _ = complete(frame(5, timestamp=[NOON + timedelta(seconds=at) for at in seconds]))
    assert table["track_id"].to_list() == [
        *("icao:a1b2c3", "icao:a1b2c3"),
        *("icao:a1b2c3#2", "icao:a1b2c3#2"),
        "icao:a1b2c3#3",
    ]


def test_the_first_of_duplicates_is_the_one_that_says_more():
    rows = frame(4, timestamp=[NOON] * 4, altitude=[1000, 1000, 1000, 1100], groundspeed=[None, 200, None, 200])
    table, drops = complete(rows.with_columns(ref=pl.Series(["f:4", "f:3", "f:2", "f:1"])))
    assert table.select("altitude", "groundspeed").rows() == [(1000, 200), (1100, 200)]
    assert drops.counts == {"same position twice": 2}


VALUES = st.fixed_dictionaries(
    {
        "second": st.integers(0, 2000),
        "icao24": st.sampled_from(["a1b2c3", "A1B2C3", "a1b2c4", "~a1b2c3", None]),
        "address_type": st.sampled_from(["icao", "tisb", None, None]),
        "source": st.sampled_from(["adsb", "mlat", None]),
        "callsign": st.sampled_from(["ONE", "TWO ", None]),
        "latitude": st.sampled_from([36.5, 36.6, float("nan"), 91.0]),
        "altitude": st.sampled_from([1000.0, 2000.0, None, float("nan"), -9e9]),
        "squawk": st.sampled_from(["0421", "421", "9", None]),
    }
)


def build(rows):
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    made = pl.DataFrame(columns, strict=False, schema_overrides={"altitude": pl.Float64, "callsign": pl.String})
    return made.with_columns(
        timestamp=pl.lit(NOON) + pl.duration(seconds="second"),
        longitude=pl.lit(-121.5),
        icao24=pl.col("icao24").cast(pl.String),
        address_type=pl.col("address_type").cast(pl.String),
        source=pl.col("source").cast(pl.String),
        squawk=pl.col("squawk").cast(pl.String),
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(VALUES, min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_of_rows_matters(rows, random):
    table, drops = complete(build(rows))
    assert dict(table.schema) == POSITION_SCHEMA
    shuffled = rows[:]
    random.shuffle(shuffled)
    assert complete(build(shuffled))[0].equals(table)
    repeated = [*rows, *random.sample(rows, len(rows) // 2)]
    assert complete(build(repeated))[0].equals(table)
    dropped = sum(count for reason, count in drops.counts.items() if not reason.endswith("set unknown"))
    assert table.height + dropped == len(rows)


@settings(deadline=None, max_examples=60)
@given(st.lists(VALUES, min_size=1, max_size=40))
def test_completing_twice_changes_nothing(rows):
    table, _ = complete(build(rows))
    again, drops = complete(table)
    assert again.equals(table)
    assert not drops.counts


@settings(deadline=None, max_examples=60)
@given(st.lists(VALUES, min_size=1, max_size=40))
def test_the_result_is_sorted_and_within_bounds(rows):
    table, _ = complete(build(rows))
    keys = table.select("timestamp", "track_id").rows()
    assert keys == sorted(keys)
    key = ["timestamp", "track_id", "latitude", "longitude", "altitude"]
    assert table.select(key).is_duplicated().sum() == 0
    assert table["latitude"].is_between(-90, 90).all()
    assert table["track_id"].null_count() == 0
    gap = table.sort("track_id", "timestamp").select(
        pl.col("timestamp").diff().over("track_id").dt.total_seconds().max()
    )
    assert (gap.item() or 0) <= 600
