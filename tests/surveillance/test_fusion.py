"""Who is joined to whom, and who never: constructed flights under a noisy, offset radar without addresses, and the demo recording under one."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import overflight
from overflight.examples import california
from overflight.surveillance.batch import Batch, TrackNames, batch_of
from overflight.surveillance.fusion import Fusion, Link
from overflight.surveillance.integrity import SAME_AIRCRAFT, Gate, Thresholds
from overflight.surveillance.read import read
from overflight.surveillance.table import POSITION_SCHEMA
from tests.flights import flight, north_of
from tests.surveillance.second_sensor import Radar, seen_by_radar

RADAR = Radar(east_m=240.0, north_m=-170.0, late_s=0.4, broken_per_s=0.0)
NEAR = (50.0, 8.0)
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 10))]


def adsb(icao24: str, **how: object) -> pl.DataFrame:
    """A flight of 12 minutes that reports itself every 5 s."""
    place = {"latitude": NEAR[0], "longitude": NEAR[1], "speed_kt": 400.0, "altitude": 30_000.0}
    said = {"icao24": icao24, "address_type": "icao", "source": "adsb", "reports": 145}
    table = flight(f"adsb:{icao24}", **(place | said | how))  # type: ignore[arg-type]
    missing = [pl.lit(None, kind).alias(name) for name, kind in POSITION_SCHEMA.items() if name not in table.columns]
    return table.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in POSITION_SCHEMA.items())


def others(count: int = 6) -> pl.DataFrame:
    """Flights far from everybody, all directions, that tell how the radar is off."""
    return pl.concat(
        adsb(f"ee000{k}", latitude=51.0 + 0.4 * k, longitude=8.0, course=60.0 * k, altitude=20_000.0)
        for k in range(count)
    )


def together(*tables: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(tables).sort("timestamp", "track_id")


def fused(table: pl.DataFrame, cuts: Sequence[int] = (), stored_at: int | None = None) -> tuple[Fusion, list[Batch]]:
    """Feed a table through the gate and the fusion; before batch `stored_at` their state is stored and restored."""
    names = TrackNames()
    gate, fusion = Gate(Thresholds(), names), Fusion(names)
    batches: list[Batch] = []
    for number, (first, end) in enumerate(itertools.pairwise([0, *sorted(cuts), table.height])):
        if number == stored_at:
            state = pickle.dumps((gate.snapshot(), fusion.snapshot()))
            gate, fusion = Gate(Thresholds(), names), Fusion(names)
            for one, was in zip((gate, fusion), pickle.loads(state), strict=True):
                one.restore(was)
        batches.append(fusion.update(gate.judge(batch_of(table[first:end], names, first))))
    return fusion, batches


def pairs(fusion: Fusion) -> set[tuple[str, str]]:
    return {(link.track, link.other) for link in fusion.links() if link.same}


def of(truth: dict[str, str], icao24: str) -> list[str]:
    return [track for track, who in truth.items() if who == icao24]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_aircraft_is_joined_to_itself_within_two_minutes(seed: int) -> None:
    own = others()
    copy, truth = seen_by_radar(own, seed, RADAR)
    fusion, _ = fused(together(own, copy))
    assert pairs(fusion) == {(track, f"adsb:{who}") for track, who in truth.items()}
    begun = dict(copy.group_by("track_id").agg(pl.col("timestamp").min()).iter_rows())
    for link in fusion.links():
        assert link.end is None
        assert (link.start - begun[link.track]).total_seconds() < 125
        assert "comparisons" in link.why
    (line,) = [line for line in fusion.told() if "offset" in line]
    assert "from 6 aircraft" in line


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("known", [True, False], ids=["offset known", "offset unknown"])
@pytest.mark.parametrize("leader_is_seen", [True, False], ids=["leader on radar", "leader not on radar"])
@pytest.mark.parametrize("abeam", [True, False], ids=["abeam", "in trail"])
def test_who_flies_in_formation_without_an_address_is_not_its_leader(
    seed: int, known: bool, leader_is_seen: bool, abeam: bool
) -> None:
    leader = adsb("aa0001")
    beside = (
        {"latitude": north_of(*NEAR, 0.3)[0]} if abeam else {"longitude": NEAR[1] - 0.3 / 60 / np.cos(np.radians(50))}
    )
    wingman = adsb("aa0002", **beside)
    copy, truth = seen_by_radar(
        together(leader, wingman, others()),
        seed,
        RADAR if known else Radar(east_m=0.0, north_m=0.0, late_s=0.1, broken_per_s=0.0),
    )
    seen = [who for who in truth.values() if (known or who.startswith("aa")) and (leader_is_seen or who != "aa0001")]
    copy = copy.filter(pl.col("track_id").is_in([track for track, who in truth.items() if who in seen]))
    fusion, _ = fused(together(leader, copy, *([others()] if known else [])))
    found = pairs(fusion)
    assert all(other == f"adsb:{truth[track]}" for track, other in found)
    if known:
        assert {truth[track] for track, _ in found} == set(seen) - {"aa0002"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_formation_with_addresses_is_joined_one_by_one(seed: int) -> None:
    own = together(adsb("aa0001"), adsb("aa0002", latitude=north_of(*NEAR, 0.3)[0]), others())
    copy, truth = seen_by_radar(own, seed, RADAR)
    fusion, _ = fused(together(own, copy))
    assert pairs(fusion) == {(track, f"adsb:{who}") for track, who in truth.items()}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("faster_kt", [15.0, 30.0, 80.0])
@pytest.mark.parametrize("leader_is_seen", [True, False], ids=["overtaken on radar", "overtaken not on radar"])
def test_who_overtakes_is_somebody_else(seed: int, faster_kt: float, leader_is_seen: bool) -> None:
    slow = adsb("aa0001")
    fast = adsb("aa0002", latitude=north_of(*NEAR, 0.05)[0], speed_kt=400.0 + faster_kt)
    copy, truth = seen_by_radar(together(slow, fast, others()), seed, RADAR)
    if not leader_is_seen:
        copy = copy.filter(~pl.col("track_id").is_in(of(truth, "aa0001")))
    fusion, _ = fused(together(slow, others(), copy))
    assert not [track for track, _ in pairs(fusion) if truth[track] == "aa0002"]
    if leader_is_seen:
        assert (of(truth, "aa0001")[0], "adsb:aa0001") in pairs(fusion)


def test_another_level_is_another_aircraft() -> None:
    above = adsb("aa0002", altitude=31_000.0)
    copy, truth = seen_by_radar(together(above, others()), 1, RADAR)
    fusion, _ = fused(together(adsb("aa0001"), others(), copy))
    assert not [track for track, _ in pairs(fusion) if truth[track] == "aa0002"]


def test_a_radar_track_that_goes_over_to_somebody_else_is_parted() -> None:
    staying, leaving = adsb("aa0001"), adsb("aa0002", course=80.0)
    parting = staying["timestamp"][72]
    swapped = together(
        staying.filter(pl.col("timestamp") < parting),
        leaving.filter(pl.col("timestamp") >= parting).with_columns(icao24=pl.lit("aa0001")),
    )
    copy, truth = seen_by_radar(together(swapped, others()), 1, RADAR)
    fusion, _ = fused(together(staying, others(), copy))
    (track,) = of(truth, "aa0001")
    (link,) = [link for link in fusion.links() if link.track == track]
    assert link.end is not None
    assert link.start < parting < link.end
    assert (link.end - parting).total_seconds() < 240
    assert link.ended is not None
    assert "parted" in link.ended


def test_reports_are_left_out_while_the_aircraft_is_heard_and_step_in_where_it_is_not() -> None:
    own = together(adsb("aa0001"), others())
    copy, truth = seen_by_radar(own, 1, RADAR)
    start = own["timestamp"].min()
    assert start is not None
    silent = (pl.col("icao24") == "aa0001") & pl.col("timestamp").is_between(
        start + pl.duration(seconds=300), start + pl.duration(seconds=400)
    )
    fusion, (batch,) = fused(together(own.filter(~silent), copy))
    names = fusion._names
    (track,) = of(truth, "aa0001")
    mine = batch.track == names.track_id.index(track)
    (link,) = [link for link in fusion.links() if link.track == track]
    time_s = batch.time_us[mine] * 1e-6
    since = time_s - time_s[0]
    flagged = batch.flags[mine] & SAME_AIRCRAFT != 0
    joined_s = link.start.timestamp() - time_s[0]
    assert not flagged[since < joined_s].any()
    assert flagged[(since > joined_s) & (since < 295)].all()
    assert not flagged[(since > 320) & (since < 395)].any()
    assert flagged[since > 405].all()
    assert link.end is None


def test_radar_and_system_tracks_without_any_address_are_one() -> None:
    own = others()
    radar, truth = seen_by_radar(own, 1, RADAR)
    system, system_truth = seen_by_radar(own, 2, Radar(east_m=0.0, north_m=50.0, late_s=0.0, broken_per_s=0.0))
    system = system.with_columns(
        track_id="system_" + pl.col("track_id"), source=pl.lit("system_track", POSITION_SCHEMA["source"])
    )
    fusion, _ = fused(together(radar, system))
    assert {(truth[a], system_truth[b.removeprefix("system_")]) for a, b in pairs(fusion)} == {
        (who, who) for who in truth.values()
    }


def test_three_sensors_are_one_aircraft() -> None:
    own = others()
    radar, truth = seen_by_radar(own, 1, RADAR)
    system, system_truth = seen_by_radar(own, 2, Radar(east_m=0.0, north_m=50.0, late_s=0.0, broken_per_s=0.0))
    system = system.with_columns(
        track_id="system_" + pl.col("track_id"), source=pl.lit("system_track", POSITION_SCHEMA["source"])
    )
    fusion, (batch,) = fused(together(own, radar, system))
    mine = {(a, b) for a, b in pairs(fusion) if b.startswith("adsb")}
    everybody = {(a, f"adsb:{who}") for a, who in truth.items()}
    everybody |= {(f"system_{a}", f"adsb:{who}") for a, who in system_truth.items()}
    assert mine == everybody
    assert batch.suspects is not None


def shared_address() -> pl.DataFrame:
    """Two sensors give one address to two aircraft, 8 NM apart, that meet in the end."""
    one = adsb("aa0001", course=90.0, speed_kt=300.0)
    two = adsb("aa0001", course=270.0, speed_kt=300.0).with_columns(
        track_id=pl.lit("mlat:aa0001"), source=pl.lit("mlat", POSITION_SCHEMA["source"])
    )
    return together(one, two)


def test_a_shared_address_is_split_and_the_two_are_found_to_meet() -> None:
    table = shared_address()
    fusion, _ = fused(table)
    (link,) = fusion.links()
    assert (link.track, link.other, link.same) == ("mlat:aa0001", "adsb:aa0001", False)
    events = overflight.check(table, minima="5 NM/1000 ft", threads=1)
    (event,) = events.to_polars().iter_rows(named=True)
    assert (event["track_a"], event["track_b"]) == ("adsb:aa0001", "mlat:aa0001/2")
    assert event["horizontal_nm"] < 0.1
    assert "mlat:aa0001/2" in events.result.recording.table["track_id"]
    assert any("mlat:aa0001" in line for line in events.summary.sensors)


def test_one_sensor_alone_costs_nothing() -> None:
    table = others()
    names = TrackNames()
    fusion = Fusion(names)
    batch = batch_of(table, names)
    assert fusion.update(batch) is batch


def test_no_aircraft_is_in_conflict_with_itself() -> None:
    meeting = adsb("ee1000", latitude=51.0, longitude=8.0, course=180.0, altitude=20_300.0)
    own = together(others(), meeting)
    copy, truth = seen_by_radar(own, 1, RADAR)
    nets = ["separation", "conflict"]
    alone = overflight.check(own, nets=nets, minima="5 NM/1000 ft", threads=1).to_polars()
    events = overflight.check(together(own, copy), nets=nets, minima="5 NM/1000 ft", threads=1)
    found = events.to_polars()
    assert set(found["kind"]) == {"separation", "conflict"}
    assert set(alone["id"]) <= set(found["id"])
    named = found.filter(pl.any_horizontal(pl.col("track_a", "track_b").str.starts_with("radar")))
    start = own["timestamp"].min()
    assert start is not None
    assert not named.filter(pl.col("end") > start + pl.duration(seconds=125)).height  # of others: before the proof
    who = dict(truth.items()) | {f"adsb:{icao24}": icao24 for icao24 in truth.values()}
    assert all(who[a] != who[b] for a, b in found.select("track_a", "track_b").iter_rows())
    late = found.filter(pl.col("start") > start + pl.duration(seconds=125))
    assert late.height >= 6
    assert late["parameters"].str.count_matches("radar:TEST").to_list() == [2] * late.height
    itself = events.result.dismissed.filter(pl.col("why") == "one aircraft, two sensors")
    assert itself.height >= 2 * len(truth)


def busy() -> pl.DataFrame:
    """Everything at once: joins, a parting, somebody alongside, a shared address, silences."""
    own = together(others(4), shared_address().with_columns(pl.col("latitude") - 1.0))
    beside = adsb("aa0002", latitude=north_of(51.0, 8.0, 0.3)[0], course=0.0, altitude=20_000.0)
    copy, _ = seen_by_radar(together(own.filter(pl.col("icao24") != "aa0001"), beside), 5, RADAR)
    rng = np.random.default_rng(3)
    table = together(own, copy)
    return table.filter(pl.Series(rng.random(table.height) < 0.9)).with_columns(pl.col("timestamp").dt.truncate("1s"))


BUSY = busy().unique(["track_id", "timestamp"], keep="first").sort("timestamp", "track_id")


def outcome(
    cuts: Sequence[int], stored_at: int | None
) -> tuple[list[Link], np.ndarray, list[str], list[tuple[object, ...]]]:
    fusion, batches = fused(BUSY, cuts, stored_at)
    names = fusion._names
    tracks = [names.track_id[k] for batch in batches for k in batch.track.tolist()]
    aircraft = {number: track for track, number in zip(names.track_id, names.aircraft, strict=True)}
    suspects = [
        (names.track_id[row[0]], *row[1:3], aircraft.get(row[3]))
        for batch in batches
        if batch.suspects is not None
        for row in batch.suspects.filter(pl.col("flags") & SAME_AIRCRAFT != 0).iter_rows()
    ]
    return fusion.links(), np.concatenate([batch.flags for batch in batches]), tracks, sorted(suspects)


WHOLE = outcome((), None)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_cuts_change_nothing(data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, BUSY.height), max_size=12))
    cut = outcome(cuts, data.draw(st.none() | st.integers(0, len(cuts))))
    assert cut[0] == WHOLE[0]
    np.testing.assert_array_equal(cut[1], WHOLE[1])
    assert cut[2:] == WHOLE[2:]


def test_there_is_something_to_cut() -> None:
    links, flags, tracks, suspects = WHOLE
    assert {link.same for link in links} == {True, False}
    assert np.count_nonzero(flags & SAME_AIRCRAFT) > 100
    assert "mlat:aa0001/2" in tracks
    assert suspects


@pytest.mark.long
@pytest.mark.parametrize("seed", [101, 102, 103])
def test_the_demo_recording_under_a_radar(seed: int) -> None:
    own = read(california()).table
    copy, truth = seen_by_radar(own, seed)
    fusion, _ = fused(together(own, copy))
    icao24 = dict(own.select("track_id", "icao24").unique().iter_rows())
    for link in fusion.links():
        assert icao24[link.other] == truth[link.track]
    joined = pl.DataFrame(
        [(link.track, link.start, link.end) for link in fusion.links()],
        schema=["track_id", "since", "until"],
        orient="row",
    ).with_columns(
        pl.col("until").cast(POSITION_SCHEMA["timestamp"]), pl.col("since").cast(POSITION_SCHEMA["timestamp"])
    )
    first = pl.col("timestamp").min().over("track_id")
    lasted = (pl.col("timestamp").max() - pl.col("timestamp").min()).over("track_id")
    due = copy.filter((lasted >= pl.duration(minutes=3)) & (pl.col("timestamp") >= first + pl.duration(minutes=2)))
    held = due.join(joined, on="track_id").filter(
        (pl.col("timestamp") >= pl.col("since")) & (pl.col("until").is_null() | (pl.col("timestamp") < pl.col("until")))
    )
    assert held.height >= 0.99 * due.height
