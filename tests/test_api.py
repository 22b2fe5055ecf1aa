"""The Python API as a notebook user meets it."""

from __future__ import annotations

import subprocess
import sys

import polars as pl
import pytest

import overflight
from overflight.events import EVENT_SCHEMA, band, event_id
from tests.flights import MIDNIGHT, flight


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return pl.concat(
        [flight("A", latitude=30, longitude=-135, course=90), flight("B", latitude=30, longitude=-135, course=0)]
    )


def test_any_table_gives_the_same_events(table: pl.DataFrame) -> None:
    ways = [table, table.to_arrow(), table.to_pandas(), table.to_arrow().to_reader()]
    ids = [overflight.check(way).to_polars()["id"].to_list() for way in ways]
    assert len(ids[0]) == 1
    assert ids == [ids[0]] * 4


def test_a_traffic_data_frame_goes_straight_in(table: pl.DataFrame) -> None:
    frame = table.rename({"track_id": "callsign"}).to_pandas()
    frame["icao24"] = frame["callsign"].map({"A": "a00001", "B": "a00002"})
    frame["timestamp"] = frame["timestamp"].dt.tz_localize(None)  # as older versions keep it: UTC without saying so
    frame["groundspeed"], frame["track"], frame["vertical_rate"] = 120.0, 90.0, 0.0
    events = overflight.check(frame, minima="5 NM/1000 ft")
    assert len(events) == 1
    assert events.to_polars()["start"][0] >= MIDNIGHT


def test_events_in_every_form(table: pl.DataFrame) -> None:
    events = overflight.check(table)
    assert events.table.column_names == list(EVENT_SCHEMA)
    assert events.to_polars().schema == pl.Schema(EVENT_SCHEMA)
    assert list(events.to_pandas().columns) == list(EVENT_SCHEMA)
    assert repr(events) == "<Events: 1, 1 confirmed, 0 undetermined>"


def test_a_recording_is_read_once_and_checked_often(table: pl.DataFrame) -> None:
    recording = overflight.read(table)
    assert len(overflight.check(recording, minima="5 NM/1000 ft")) == 1
    assert len(overflight.check(recording, minima="1 m/1 ft", vertical_tolerance="0 ft")) == 1
    assert recording.table["flags"].sum() == 0


def test_errors_are_typed_and_carry_their_parts() -> None:
    with pytest.raises(overflight.InputError) as caught:
        overflight.check("no-such-file.parquet")
    assert caught.value.path == "no-such-file.parquet"
    assert caught.value.remedy
    with pytest.raises(overflight.ParameterError) as parameter:
        overflight.check("no-such-file.parquet", minima="near")  # said before the file is looked for
    assert parameter.value.parameter == "--minima"
    assert issubclass(overflight.InputError, ValueError)


def test_the_id_is_the_same_on_any_machine() -> None:
    made = event_id("separation", ["A", "B"], None, "radar", MIDNIGHT.replace(microsecond=123_999))
    assert made == event_id("separation", ["A", "B"], None, "radar", MIDNIGHT.replace(microsecond=123_000))
    assert made != event_id("separation", ["A", "B"], None, "radar", MIDNIGHT.replace(microsecond=124_000))
    assert made == "f4207555d8a0894809e35c63d80fe476"


def test_bands() -> None:
    assert [band(x) for x in (0.0, 0.2499, 0.25, 0.5, 0.75, 0.999)] == [
        "below 0.25", "below 0.25", "0.25 to 0.5", "0.5 to 0.75", "above 0.75", "above 0.75",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "code", ["import overflight", "import sys; sys.argv = ['overflight', '--version']; import overflight.cli.app"]
)
def test_nothing_heavy_is_loaded_before_it_is_used(code: str) -> None:
    heavy = [
        "numpy",
        "polars",
        "pyarrow",
        "pandas",
        "matplotlib",
        "pyproj",
        "overflight_kernels",
        "rs1090",
        "airportsdata",
        "pydantic",
    ]
    script = f"{code}\nimport sys\nprint(*[name for name in {heavy!r} if name in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip() == ""
    )


@pytest.mark.parametrize(
    "argument",
    [
        {"bbox": (1, 2, 3)},
        {"bbox": (30, 50, 31, 40)},
        {"max_gap": 60},
        {"minima": (5, 1000)},
        {"threads": -3},
        {"nets": "fishing"},
    ],
)
def test_arguments_of_a_wrong_kind_are_refused(table: pl.DataFrame, argument: dict) -> None:
    with pytest.raises(overflight.ParameterError):
        overflight.check(table, **argument)


def test_times_may_be_datetimes_and_a_net_a_name(table: pl.DataFrame) -> None:
    assert overflight.check(table, start=MIDNIGHT, nets="separation").summary.rows == 50
