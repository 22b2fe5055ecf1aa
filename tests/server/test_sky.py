"""Pictures of the sky: the bytes are those of the format, and nobody is shown what is not theirs to see."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from overflight.server.sky import Sky
from overflight.surveillance.table import POSITION_SCHEMA
from tests.engine.test_live import span

GOLDEN = Path(__file__).parent / "picture.bin"
"""The picture of `ROWS`: the page's own test reads the same file."""
START = datetime(2015, 10, 7, 4, 0, tzinfo=UTC)
START_US = 1_444_190_400_000_000


def row(track_id: str, second: float, **other: Any) -> dict[str, Any]:
    moment = START + timedelta(seconds=second)
    return {"timestamp": moment, "track_id": track_id, "latitude": 36.25, "longitude": -44.5, "flags": 0, **other}


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=POSITION_SCHEMA)


ROWS = table(
    row("a", 0.0, callsign="UAE215", altitude=1000.0, groundspeed=100.0),
    row(
        "a", 1.0, icao24="896123", squawk="1200", source="adsb", altitude=35000.0, groundspeed=480.5, track=271.5,
        vertical_rate=-64.0,
    ),
    row("b", 8.5, latitude=-89.9999999, longitude=179.9999999, flags=0b1000000101, party="BLUE", source="radar"),
)  # fmt: skip


def everybody(_: str | None) -> bool:
    return True


def test_the_bytes_are_those_of_the_format() -> None:
    sky = Sky()
    sky.take(ROWS)
    expected = struct.pack("<4sIQq", b"OVF1", 2, 1, START_US + 8_500_000)
    expected += struct.pack("<2I", 1, 2)
    expected += struct.pack("<2i", 362_500_000, -899_999_999) + struct.pack("<2i", -445_000_000, 1_799_999_999)
    nan = math.nan
    for first in (35000.0, 480.5, 271.5, -64.0):
        expected += struct.pack("<2f", first, nan)
    expected += struct.pack("<2H", 0, 0b1000000101) + struct.pack("<2H", 75, 0)
    assert sky.picture().frame(everybody) == expected
    assert GOLDEN.read_bytes() == expected


def test_names_are_said_once_and_again_when_they_change() -> None:
    sky = Sky()
    assert sky.names_after(0, everybody) == ([], 0)
    sky.take(ROWS)
    names, place = sky.names_after(0, everybody)
    assert names == [(1, "a", "UAE215", "896123", "1200", "adsb", None), (2, "b", None, None, None, "radar", "BLUE")]
    sky.take(table(row("b", 9.0), row("a", 9.0)))
    assert sky.names_after(place, everybody) == ([], place)
    sky.take(table(row("a", 10.0, squawk="7700")))
    assert sky.names_after(place, everybody)[0] == [(1, "a", "UAE215", "896123", "7700", "adsb", None)]


def test_a_party_is_shown_its_own() -> None:
    sky = Sky()
    sky.take(ROWS)
    picture = sky.picture()
    frame = picture.frame(lambda party: party is None)
    assert struct.unpack_from("<4sI", frame) == (b"OVF1", 1)
    assert struct.unpack_from("<I", frame, 24) == (1,)
    assert [name[1] for name in sky.names_after(0, lambda party: party == "BLUE")[0]] == ["b"]
    assert picture.frame(lambda party: party in {None, "GREEN"}) is frame
    assert len(picture.frame(lambda _: False)) == 24


def test_who_is_silent_goes_and_its_number_is_given_to_nobody() -> None:
    sky = Sky()
    assert len(sky.picture().frame(everybody)) == 24
    sky.take(table(row("a", 0.0), row("b", 0.0)))
    sky.take(table(row("b", 121.0)))
    assert struct.unpack_from("<I", sky.picture().frame(everybody), 4) == (1,)
    # Time goes on where no report comes.
    assert struct.unpack_from("<I", sky.picture(START_US + 250_000_000).frame(everybody), 4) == (0,)
    sky.picture(START_US + 700_000_000)
    sky.take(table(row("a", 701.0)))
    picture = sky.picture()
    assert picture.columns["number"].tolist() == [3]  # b is remembered, and not shown
    assert [name[0] for name in sky.names_after(0, everybody)[0]] == [2, 3]


def test_a_list_of_names_does_not_grow_for_ever_and_whoever_is_behind_gets_all() -> None:
    sky = Sky()
    _, place = sky.names_after(0, everybody)
    for second in range(3000):
        sky.take(table(row("a", second / 100, callsign=f"C{second}")))
        if second % 100 == 0:
            sky.picture()
    names, now = sky.names_after(place, everybody)
    assert now == 3000
    assert len(names) < 1200
    assert names[-1][2] == "C2999"


def test_a_recording() -> None:
    positions = span(17.0, 0.1).with_columns(flags=pl.lit(0, pl.UInt32))
    sky = Sky()
    for first in range(0, positions.height, 97):
        sky.take(positions[first : first + 97])
    picture = sky.picture()
    newest = positions["timestamp"].max()
    assert isinstance(newest, datetime)
    last = positions.unique("track_id", keep="last", maintain_order=True)
    shown = last.filter(pl.col("timestamp") >= newest - timedelta(seconds=120))
    names = {name[0]: name[1] for name in sky.names_after(0, everybody)[0]}
    by_track = {names[number]: index for index, number in enumerate(picture.columns["number"].tolist())}
    assert by_track.keys() == set(shown["track_id"])
    order = [by_track[track_id] for track_id in shown["track_id"]]
    assert np.allclose(picture.columns["latitude"][order] / 1e7, shown["latitude"].to_numpy(), atol=5.1e-8, rtol=0)
    np.testing.assert_array_equal(picture.columns["altitude"][order], shown["altitude"].fill_null(np.nan).to_numpy())
