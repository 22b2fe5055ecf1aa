"""Streams cut anywhere: the rows are those of the whole."""

from __future__ import annotations

import gzip
import itertools
import json
import random
import time
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overflight.surveillance.complete import finish
from overflight.surveillance.feeds.joined import FORGOTTEN, Joiner
from overflight.surveillance.feeds.lines import CUT
from overflight.surveillance.feeds.squitters import Clock
from overflight.surveillance.feeds.stream import Stream
from overflight.surveillance.messages import join
from overflight.surveillance.mode_s import NO_GROUND, TWICE
from overflight.surveillance.read import read
from overflight.surveillance.recording import Drops
from tests.surveillance.samples import FRAMES, SBS, avr, frames, samples
from tests.surveillance.test_readers_mode_s import as_beast

ZERO = 1720248000
A_PACKET = timedelta(seconds=0.8)


def streamed(data: bytes, places: list[int], label: str = "x", received_s: float | None = None) -> tuple:
    """The table of a stream cut at these places, and its drops."""
    drops = Drops()
    stream = Stream(label, drops)
    places = sorted({place for place in places if place < len(data)})
    parts = [
        stream.take(data[a:b], received_s or time.time())
        for a, b in zip([0, *places], [*places, len(data)], strict=True)
    ]
    parts.append(stream.end())
    return finish(parts, Drops()), drops


def cuts(data: bytes, count: int, seed: int) -> list[int]:
    return random.Random(seed).choices(range(len(data)), k=count)


def sbs_flights(aircraft: int = 12, seconds: int = 90, seed: int = 7) -> bytes:
    """Aircraft that tell name, place, speed and code in different messages, some in the same instant, with silences."""
    dice = random.Random(seed)
    lines = []
    for tick in range(seconds * 4):
        clock = f"2024/07/06,10:{tick // 240:02d}:{tick // 4 % 60:02d}.{tick % 4 * 250:03d}"
        for number in range(aircraft):
            if (tick // 60 + number) % 5 == 0:  # a silence longer than a speed holds
                continue
            for kind in dice.sample([1, 3, 4, 5, 6], k=dice.choice([0, 1, 1, 2])):
                said = {
                    1: f"FLT{number:03d},,,,,,,,,,,",
                    3: f",{10000 + tick},,,{50 + tick / 1000:.5f},{number / 10 + tick / 999:.5f},,,0,0,0,0",
                    4: f",,{400 + dice.randrange(9)},{dice.randrange(360)},,,{dice.randrange(-9, 9) * 64},,,,,",
                    5: f",{10000 + tick},,,,,,,,,,0",
                    6: f",,,,,,,{dice.randrange(8)}{dice.randrange(8)}00,0,0,0,0",
                }[kind]
                lines.append(f"MSG,{kind},1,1,{0xA00000 + number:06X},1,{clock},{clock},{said}\r\n")
    return "".join(lines).encode()


@pytest.fixture(scope="module")
def sbs_file(tmp_path_factory):
    data = sbs_flights()
    path = tmp_path_factory.mktemp("sbs") / "x"
    path.write_bytes(data)
    return data, read(path).table


def test_the_made_sbs_is_worth_joining(sbs_file):
    _, table = sbs_file
    assert table.height > 400
    for name in ("groundspeed", "callsign", "squawk"):
        assert 0 < table[name].null_count() < table.height


@settings(max_examples=8)
@given(data=st.data())
def test_sbs_cut_anywhere_is_joined_as_the_whole(sbs_file, data):
    text, expected = sbs_file
    places = data.draw(st.lists(st.integers(0, len(text) - 1), max_size=30))
    table, _ = streamed(text, places)
    assert table.equals(expected)


def test_sbs_line_by_line(sbs_file):
    text, _ = sbs_file
    head = text[: text.index(b"\n", 8_000) + 1]
    lines = [at + 1 for at, byte in enumerate(head) if byte == 10]
    assert streamed(head, lines)[0].equals(streamed(head, [])[0])


def test_the_sbs_sample_byte_by_byte(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(SBS.encode())
    table, drops = streamed(SBS.encode(), list(range(1, len(SBS))))
    assert table.equals(read(path).table)
    assert not drops.counts


@pytest.fixture(scope="module")
def mode_s():
    """The recorded frames as lines, and their table without the ground positions that only a later one places."""
    with gzip.open(FRAMES) as lines:
        data = lines.read()
    recording = read(FRAMES)
    table = recording.table
    airborne = table.filter(~pl.col("onground"))["timestamp"].min()
    return data, table.filter(pl.col("timestamp") >= airborne), table.filter(pl.col("timestamp") < airborne).height


@pytest.mark.parametrize(("count", "seed"), [(0, 0), (20, 1)])
def test_mode_s_cut_anywhere_is_decoded_as_the_whole(mode_s, count, seed):
    data, expected, before = mode_s
    table, drops = streamed(data, cuts(data, count, seed), FRAMES.name)
    assert table.equals(expected)
    assert drops.counts[NO_GROUND] >= before > 0


def as_heard(rows: list, encode, delay_s: float) -> tuple[pl.DataFrame, Drops]:
    """The table of frames that come in packets of half a second, each a bit late."""
    drops = Drops()
    stream = Stream("x", drops)
    parts = []
    for _, packet in itertools.groupby(rows, lambda row: row["timestamp"] // 0.5):
        some = list(packet)
        late = random.Random(some[0]["frame"]).uniform(0, delay_s)
        parts.append(stream.take(encode(some), some[-1]["timestamp"] + late))
    parts.append(stream.end())
    return finish(parts, Drops()), drops


def counter(row) -> int:
    return round((row["timestamp"] - ZERO) * 12e6)


def plain_avr(rows) -> bytes:
    return "".join(f"*{row['frame']};\n" for row in rows).encode()


def test_frames_are_stamped_with_the_time_of_reception_by_the_counter_of_the_receiver():
    rows = frames(20_000)[-400:]
    as_lines = "".join(json.dumps({"timestamp": r["timestamp"], "frame": r["frame"]}) + "\n" for r in rows)
    truth, _ = streamed(as_lines.encode(), [])
    assert truth.height > 35
    for encode in (lambda some: as_beast(some, counter), avr, plain_avr):
        table, drops = as_heard(rows, encode, 0.3)
        assert set(drops.counts) <= {TWICE}, "two receivers recorded these"
        if encode is plain_avr:  # frames of one packet have one time, which loses some halves
            assert truth.height >= table.height > 0.8 * truth.height
            assert table["timestamp"].is_between(truth["timestamp"].min(), truth["timestamp"].max() + A_PACKET).all()
            continue
        assert table["latitude"].to_list() == truth["latitude"].to_list()
        apart = (table["timestamp"] - truth["timestamp"]).dt.total_microseconds()
        assert apart.max() - apart.min() <= 2, "one anchor for the whole connection"
        assert -2 <= apart.min() < apart.max() < 300_000


def test_a_counter_that_drifts_or_jumps_is_set_again():
    rows = frames(20_000)[-400:]
    half = rows[len(rows) // 2]["timestamp"]

    def jumping(some):
        return as_beast(some, lambda row: counter(row) + (0 if row["timestamp"] < half else 12_000_000 * 3600))

    table, _ = as_heard(rows, jumping, 0.0)
    truth, _ = as_heard(rows, lambda some: as_beast(some, counter), 0.0)
    assert table["latitude"].to_list() == truth["latitude"].to_list()
    assert (table["timestamp"] - truth["timestamp"]).dt.total_microseconds().abs().max() < 500_000


def test_the_counters_of_two_receivers_in_one_stream():
    clock = Clock()
    stamped = clock.stamped(pl.Series([100.0, 9e6, 100.1, None, 9e6 + 0.1, 100.2]), ZERO)
    assert stamped.to_list() == pytest.approx([ZERO - 0.2, ZERO, ZERO - 0.1, ZERO, ZERO, ZERO])
    assert clock.stamped(pl.Series([100.7]), ZERO + 0.5).to_list() == pytest.approx([ZERO + 0.5])


@pytest.mark.parametrize("seed", range(2))
def test_beast_with_garbage_between_is_resynchronised(seed):
    rows = frames(400)
    clean = as_beast(rows, counter)
    dice = random.Random(seed)
    data, at = b"", 0
    for place in sorted(dice.sample([i for i in range(1, len(clean)) if clean[i - 1 : i + 1] == b"\x1a3"], 10)):
        data += clean[at : place - 1] + dice.randbytes(dice.randrange(1, 40))
        at = place - 1
    data += clean[at:]
    places = cuts(data, 20, seed)
    drops = Drops()
    stream = Stream("x", drops)
    for a, b in zip([0, *sorted(places)], [*sorted(places), len(data)], strict=True):
        stream.take(data[a:b], ZERO)
    assert drops.counts["damaged Beast frame"] >= 9
    assert drops.counts["damaged Beast frame"] <= 40


def test_beast_frames_do_not_wait_for_the_next_one():
    found = [row for row in frames(20_000)[-2000:] if row.get("bds") == "05"]
    even, odd = (next(r for r in found if bytes.fromhex(r["frame"])[6] & 4 == form) for form in (0, 4))
    rows = sorted((even, odd), key=lambda row: row["timestamp"])
    data = as_beast(rows, counter)
    stream = Stream("x", Drops())
    stream.take(data, rows[-1]["timestamp"])
    assert stream.rest().height == 1


def test_half_a_frame_or_line_at_the_end_of_a_connection_is_counted():
    rows = frames(50)
    beast = as_beast(rows, counter)
    for data, ref in ((beast[:-5], "x@"), (sbs_flights()[:5000], "x:")):
        drops = Drops()
        stream = Stream("x", drops)
        stream.take(data, ZERO)
        stream.begin()
        stream.take(samples()["readsb-jsonl"], ZERO)
        assert drops.counts[CUT] == 1
        assert drops.examples[CUT].startswith(ref)


def test_what_is_known_lives_on_over_connections():
    lines = SBS.splitlines(keepends=True)
    stream = Stream("x", Drops())
    stream.take("".join(lines[:3]).encode(), 0)
    stream.begin()
    rows = pl.concat([stream.take("".join(lines[3:5]).encode(), 1), stream.rest()], how="diagonal")
    assert rows.select("callsign", "groundspeed").row(0) == ("RJA1118", pytest.approx(288.6))


def test_a_clock_that_jumps_back_is_passed_on():
    lines = samples()["readsb-jsonl"].splitlines(keepends=True)
    later = json.loads(lines[0]) | {"now": 1748822400 - 86400}
    table, drops = streamed(lines[0] + lines[1] + json.dumps(later).encode() + b"\n", [])
    assert table.height == 3
    assert not drops.counts


def test_a_message_of_the_past_takes_nothing_from_the_future():
    lines = SBS.splitlines(keepends=True)
    stream = Stream("x", Drops())
    stream.take("".join(lines[1:4]).encode(), 0)
    stream.rest()
    early = lines[4].replace("23:48:19.000", "23:47:00.000")
    stream.take(early.encode(), 1)
    row = stream.rest().row(0, named=True)
    assert (row["callsign"], row["groundspeed"], row["squawk"]) == (None, None, None)


def messages(addresses: range, moment_s: int) -> pl.DataFrame:
    moments = pl.Series([moment_s * 1_000_000], dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame({"icao24": [f"{n:06x}" for n in addresses]}).with_columns(
        timestamp=moments.new_from_index(0, len(addresses)),
        callsign=pl.concat_str(pl.lit("N"), "icao24"),
        latitude=pl.lit(1.0),
        longitude=pl.lit(2.0),
        ref=pl.lit("x"),
    )


def test_a_million_new_addresses_in_a_minute():
    drops = Drops()
    joiner = Joiner("x", drops)
    given = 0
    for second in range(20):
        given += joiner.take(messages(range(second * 50_000, (second + 1) * 50_000), second), second).height
    given += joiner.rest(50).height
    assert given == 1_000_000
    assert drops.counts == {FORGOTTEN: 900_000}
    assert joiner._known.height == 100_000
    # the last heard are still known
    late = messages(range(999_000, 999_001), 51).with_columns(callsign=pl.lit(None, dtype=pl.String))
    joiner.take(late, 51)
    assert joiner.rest(51)["callsign"].to_list() == ["N0f3e58"]


def test_the_joined_rows_are_those_of_join():
    some = pl.concat([messages(range(5), second) for second in range(20)])
    some = some.with_columns(callsign=pl.when(pl.int_range(pl.len()) % 7 == 0).then("callsign"))
    joiner = Joiner("x", Drops())
    parts = [joiner.take(some[at : at + 3], at) for at in range(0, some.height, 3)]
    got = pl.concat([*(part for part in parts if part.height), joiner.rest(99)], how="diagonal")
    assert got.sort("timestamp", "icao24").equals(join(some).sort("timestamp", "icao24").select(got.columns))
