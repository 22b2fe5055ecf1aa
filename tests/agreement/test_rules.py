"""Every kind of rule against constructed tracks, on both sides of its limit, by each party's version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from overflight.agreement.logs import Entry, Logs, read_logs
from overflight.agreement.read import read_agreement
from overflight.airspace.volume import Airspace
from overflight.engine.live import Live
from overflight.engine.parameters import CheckParameters
from overflight.engine.state import read_state, write_state
from overflight.surveillance.read import read
from tests.agreement.documents import box, breaches, write
from tests.flights import flight, north_of

# 120 kt and a report every 5 s: 25 reports take 120 s and 4 NM, from two miles west of the middle to two miles east
AT = {"latitude": 36.0, "longitude": 40.0, "altitude": 20_000.0}


def _one(found: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(found) == 1, [row["why"] for row in found]
    assert found[0]["kind"] == "breach"
    return found[0]


def _versions(row: dict[str, Any]) -> dict[str, Any]:
    told = json.loads(row["parameters"])["versions"]
    return {name: one["breach"] for name, one in told.items()}


def _pair(distance_nm: float, apart_ft: float = 0.0, other: str = "S1", **columns: Any) -> list[pl.DataFrame]:
    lat, lon = north_of(36.0, 40.0, distance_nm)
    return [
        flight("one", **AT, callsign="N1"),
        flight("two", latitude=lat, longitude=lon, altitude=20_000.0 + apart_ft, **({"callsign": other} | columns)),
    ]


DISTANCE = '[[rule]]\nid = "d"\nkind = "safe_distance"\ntext = "apart"\nhorizontal = "5 NM"\nvertical = "3000 ft"\n'


@pytest.mark.parametrize(
    ("pair", "breach"),
    [
        (_pair(4.8), True), (_pair(5.1), False), (_pair(1.0, 2_900.0), True), (_pair(1.0, 3_100.0), False),
        (_pair(1.0, other="N2"), False), (_pair(1.0, other="X1"), False),
    ],
)  # fmt: skip
def test_safe_distance(tmp_path: Path, pair: list[pl.DataFrame], breach: bool) -> None:
    found = breaches(tmp_path, write(tmp_path, DISTANCE), pair)
    assert bool(found) is breach
    if breach:
        row = _one(found)
        assert (row["party_a"], row["party_b"], row["rule"], row["verdict"]) == ("n", "s", "d", "confirmed")
        assert row["track_a"] < row["track_b"]


def test_those_who_fly_together_are_near_too(tmp_path: Path) -> None:
    lat, lon = north_of(36.0, 40.0, 0.5)
    long = {"reports": 200, "every_s": 5.0}
    pair = [
        flight("one", **AT, callsign="N1", **long),
        flight("two", latitude=lat, longitude=lon, altitude=20_000.0, callsign="S1", **long),
    ]
    assert _one(breaches(tmp_path, write(tmp_path, DISTANCE), pair))["duration_s"] == pytest.approx(995.0)


def test_an_undisclosed_distance_is_each_version_s_own(tmp_path: Path) -> None:
    rule = DISTANCE.replace('"5 NM"', '"undisclosed"').replace('"3000 ft"', '"undisclosed"')
    n = '[party.version.rules.d]\nhorizontal = "5 NM"\nvertical = "3000 ft"'
    s = '[party.version.rules.d]\nhorizontal = "3 NM"\nvertical = "2000 ft"'
    row = _one(breaches(tmp_path, write(tmp_path, rule, n=n, s=s), _pair(4.0)))
    assert _versions(row) == {"n": True, "s": False}
    assert row["verdict"] == "undetermined"
    assert "breach by the version of n: 4.00 NM and 0 ft apart, 5 NM and 3000 ft agreed" in row["why"]
    assert "none by the version of s: never below 3 NM and 2000 ft" in row["why"]
    assert _versions(_one(breaches(tmp_path, write(tmp_path, rule, n=n, s=s), _pair(2.0)))) == {"n": True, "s": True}
    # only one has set it: the other's version does not decide
    row = _one(breaches(tmp_path, write(tmp_path, rule, n=n), _pair(2.0)))
    assert (_versions(row), row["verdict"]) == ({"n": True, "s": None}, "undetermined")


def test_conduct_is_reported_and_never_judged(tmp_path: Path) -> None:
    rule = DISTANCE.replace("safe_distance", "conduct").replace('"5 NM"', '"1 NM"')
    row = _one(breaches(tmp_path, write(tmp_path, rule), _pair(0.5)))
    assert row["verdict"] == "undetermined"
    assert "reported, not judged, by the version of n and s: 0.50 NM and 0 ft apart" in row["why"]
    assert breaches(tmp_path, write(tmp_path, rule), _pair(1.1)) == []


ZONE = '[[rule]]\nid = "z"\nkind = "zone"\ntext = "out"\nparties = ["s"]\nvolume = "zone.geojson"\n'


def test_a_zone_that_is_not_entered(tmp_path: Path) -> None:
    box(tmp_path, "zone", 39.99, 35.9, 40.5, 36.1)
    path = write(tmp_path, ZONE)
    row = _one(breaches(tmp_path, path, [flight("one", **AT, callsign="S1"), flight("two", **AT, callsign="N1")]))
    assert (row["track_a"], row["party_a"], row["verdict"]) == ("one", "s", "confirmed")
    assert breaches(tmp_path, path, [flight("one", **(AT | {"longitude": 39.9}), callsign="S1")]) == []


@pytest.mark.parametrize(
    ("log", "breach"),
    [
        ("kind,time,party\ncall,2015-10-06T23:30:00Z,s\n", False),
        ("kind,time,party\ncall,2015-10-06T22:30:00Z,s\n", True),  # longer ago than agreed
        ("kind,time,party\ncall,2015-10-07T00:10:00Z,s\n", True),  # after it had entered
        ("kind,time,party\ncall,2015-10-06T23:30:00Z,n\n", True),  # by somebody else
        ("kind,time,party,callsign\ncall,2015-10-06T23:30:00Z,s,S2*\n", True),  # for another flight
        ("kind,time,party,callsign\ncall,2015-10-06T23:30:00Z,s,S1*\n", False),
        ("kind,time,party,rule\ncall,2015-10-06T23:30:00Z,s,other\n", True),
        ("kind,time,party\n", True),
    ],
)
def test_a_zone_that_is_entered_after_a_call(tmp_path: Path, log: str, breach: bool) -> None:
    box(tmp_path, "zone", 39.99, 35.9, 40.5, 36.1)
    path = write(tmp_path, ZONE + 'entry = "with_call"\ncall_within = "60 min"\n')
    found = breaches(tmp_path, path, [flight("one", **AT, callsign="S1")], log)
    assert bool(found) is breach
    assert all(row["verdict"] == "confirmed" for row in found)


def test_without_a_log_a_call_is_not_known(tmp_path: Path) -> None:
    box(tmp_path, "zone", 39.99, 35.9, 40.5, 36.1)
    row = _one(
        breaches(tmp_path, write(tmp_path, ZONE + 'entry = "with_call"\n'), [flight("one", **AT, callsign="S1")])
    )
    assert row["verdict"] == "undetermined"
    assert "whether it had called is not known" in row["why"]


def test_each_party_has_its_own_border(tmp_path: Path) -> None:
    """The border lies two miles further west by one version than by the other."""
    wide, narrow = box(tmp_path, "wide", 39.99, 35.9, 40.5, 36.1), box(tmp_path, "narrow", 40.2, 35.9, 40.5, 36.1)
    rule = ZONE.replace("zone.geojson", "border")
    path = write(tmp_path, rule, n_border=f'border = "{wide}"', s_border=f'border = "{narrow}"')
    row = _one(breaches(tmp_path, path, [flight("one", **AT, callsign="S1")]))
    assert (_versions(row), row["verdict"]) == ({"n": True, "s": False}, "undetermined")
    assert "none by the version of s: not inside, by its volume" in row["why"]
    # a party that has given no border has no say, and nothing is sure
    row = _one(
        breaches(tmp_path, write(tmp_path, rule, n_border=f'border = "{wide}"'), [flight("one", **AT, callsign="S1")])
    )
    assert (_versions(row), row["verdict"]) == ({"n": True, "s": None}, "undetermined")
    path = write(tmp_path, rule, n_border=f'border = "{wide}"', s_border=f'border = "{narrow}"')
    # far inside both
    row = _one(breaches(tmp_path, path, [flight("one", **(AT | {"longitude": 40.3}), callsign="S1")]))
    assert (_versions(row), row["verdict"]) == ({"n": True, "s": True}, "confirmed")


@pytest.mark.parametrize(
    ("s", "expected", "verdict"),
    [
        (
            '[[party.version]]\nname = "out"\nsince = 2014-01-01\nstatus = "suspended"\nreason = "announced"',
            {"n": True, "s": None},
            "confirmed",
        ),
        (
            '[[party.version]]\nname = "out"\nsince = 2026-01-01\nstatus = "suspended"',
            {"n": True, "s": True},
            "confirmed",
        ),
        (
            '[[party.version]]\nname = "doubt"\nsince = 2014-01-01\nstatus = "disputed"',
            {"n": True, "s": True},
            "undetermined",
        ),
    ],
)
def test_versions_over_time(tmp_path: Path, s: str, expected: dict[str, Any], verdict: str) -> None:
    box(tmp_path, "zone", 39.99, 35.9, 40.5, 36.1)
    row = _one(breaches(tmp_path, write(tmp_path, ZONE, s=s), [flight("one", **AT, callsign="S1")]))
    assert (_versions(row), row["verdict"]) == (expected, verdict)


def test_what_is_in_force_by_nobody_is_no_breach(tmp_path: Path) -> None:
    box(tmp_path, "zone", 39.99, 35.9, 40.5, 36.1)
    out = '[[party.version]]\nname = "out"\nsince = 2014-01-01\nstatus = "suspended"'
    assert breaches(tmp_path, write(tmp_path, ZONE, n=out, s=out), [flight("one", **AT, callsign="S1")]) == []
    later = write(tmp_path, ZONE + "since = 2026-01-01\n")
    assert breaches(tmp_path, later, [flight("one", **AT, callsign="S1")]) == []
    over = write(tmp_path, ZONE + "until = 2015-01-01\n")
    assert breaches(tmp_path, over, [flight("one", **AT, callsign="S1")]) == []


def _line(folder: Path) -> None:
    told = {"id": "line", "name": "line", "kind": "line_side", "party_left": "n", "party_right": "s", "accuracy_m": 10}
    feature = {
        "type": "Feature",
        "properties": told,
        "geometry": {"type": "LineString", "coordinates": [[40.0, 35.0], [40.0, 37.0]]},
    }
    (folder / "line.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))


LINE = '[[rule]]\nid = "l"\nkind = "line"\ntext = "line"\nline = "line.geojson"\n'


def test_a_line_that_is_not_crossed(tmp_path: Path) -> None:
    """Somebody who looks north along it has the west on the left."""
    _line(tmp_path)
    path = write(tmp_path, LINE)
    flights = [flight("one", **AT, callsign="S1"), flight("two", **(AT | {"latitude": 36.5}), callsign="N1")]
    found = breaches(tmp_path, path, flights)
    assert [(row["track_a"], row["party_a"]) for row in found] == [("one", "s"), ("two", "n")]
    # s is barred from the west, and left it halfway
    assert found[0]["duration_s"] == pytest.approx(60.0, abs=0.5)
    assert breaches(tmp_path, path, [flight("one", **(AT | {"longitude": 40.2}), callsign="S1")]) == []


def test_crossings_of_a_line_are_counted_by_the_day(tmp_path: Path) -> None:
    _line(tmp_path)
    path = write(tmp_path, LINE + "daily_count = 2\n")
    flights = [flight(f"{n}", **AT, callsign=f"S{n}", start_s=3600.0 * n) for n in range(4)]
    flights += [flight("next day", **AT, callsign="S9", start_s=25 * 3600.0)]
    found = breaches(tmp_path, path, flights)
    assert [row["track_a"] for row in found] == ["2", "3"]
    assert "crossing 3 of the day, 2 are agreed" in found[0]["why"]


NOTICE = (
    '[[rule]]\nid = "n"\nkind = "notice"\ntext = "declare"\nparties = ["s"]\narea = "zone.geojson"\nlead = "60 min"\n'
)


@pytest.mark.parametrize(
    ("rows", "breach"),
    [
        ("notice,2015-10-06T22:00:00Z,s,2015-10-06T23:00:00Z,2015-10-07T01:00:00Z", False),
        ("notice,2015-10-06T23:30:00Z,s,2015-10-06T23:00:00Z,2015-10-07T01:00:00Z", True),  # too late
        (
            "notice,2015-10-06T22:00:00Z,s,2015-10-06T23:00:00Z,2015-10-07T00:01:30Z",
            True,
        ),  # ends before the flight does
        ("notice,2015-10-06T22:00:00Z,n,2015-10-06T23:00:00Z,2015-10-07T01:00:00Z", True),
        ("notice,2015-10-06T22:00:00Z,s,,", False),
    ],
)
def test_a_flight_is_declared_early_enough(tmp_path: Path, rows: str, breach: bool) -> None:
    box(tmp_path, "zone", 39.99, 35.9, 40.5, 36.1)
    found = breaches(
        tmp_path, write(tmp_path, NOTICE), [flight("one", **AT, callsign="S1")], f"kind,time,party,from,until\n{rows}\n"
    )
    assert bool(found) is breach


def _operation(
    time: str,
    party: str = "s",
    until: str = "",
    west: float = 39.9,
    east: float = 40.2,
    levels: tuple[int, int] = (190, 210),
) -> dict[str, Any]:
    corners = [(35.8, west), (35.8, east), (36.2, east), (36.2, west)]
    vertices = [{"lat": latitude, "lng": longitude} for latitude, longitude in corners]
    hours = {"start": "2015-10-06T23:00:00Z", "end": "2015-10-07T01:00:00Z"}
    times = {f"time_{end}": {"value": value, "format": "RFC3339"} for end, value in hours.items()}
    volume = {"volume": {"outline_polygon": {"vertices": vertices}}, "flight_levels": list(levels)} | times
    return {"kind": "notice", "time": time, "party": party, "until": until, "volumes": [volume]}


SUSPENSION = {"kind": "suspension", "time": "2015-10-07T00:01:30Z", "party": "s"}
EARLY = "2015-10-06T22:00:00Z"
OPERATIONS: list[tuple[list[dict[str, Any]], str | None]] = [
    ([_operation(EARLY)], None),
    ([_operation("2015-10-06T23:30:00Z")], "declared 31 min before, 60 min agreed"),
    ([_operation(EARLY, until="2015-10-07T00:01:30Z")], "no declared operation covers it (1 of its party do not)"),
    ([_operation(EARLY, party="n")], "no declared operation covers it"),
    ([_operation(EARLY, levels=(210, 220))], "no declared operation covers it (1"),
    ([_operation(EARLY, east=40.02)], "no declared operation covers it (1"),  # the flight goes on to the east
    ([_operation(EARLY, east=40.02), _operation(EARLY, west=40.01)], None),
    ([_operation(EARLY, east=40.02), _operation("2015-10-06T23:30:00Z", west=40.01)], "declared 31 min before"),
    ([_operation(EARLY), SUSPENSION], "no declared operation covers it (1"),
    ([_operation(EARLY), SUSPENSION | {"time": EARLY, "until": "2015-10-06T23:00:00Z"}], None),
    ([{"kind": "notice", "time": EARLY, "party": "s"}, SUSPENSION], "no declared operation covers it (1"),
    ([], "no declared operation covers it"),
]


@pytest.mark.parametrize(("told", "why"), OPERATIONS)
def test_a_flight_stays_inside_what_was_declared(tmp_path: Path, told: list[dict[str, Any]], why: str | None) -> None:
    box(tmp_path, "zone", 39.99, 35.9, 40.5, 36.1)
    found = breaches(tmp_path, write(tmp_path, NOTICE), [flight("one", **AT, callsign="S1")], json.dumps(told))
    assert bool(found) is (why is not None)
    if why is not None:
        row = _one(found)
        assert why in row["why"]
        assert row["verdict"] == "confirmed"


def test_a_corridor_that_is_what_was_declared(tmp_path: Path) -> None:
    box(tmp_path, "zone", 39.0, 35.0, 41.0, 37.0)
    path = write(tmp_path, AREA.format(kind="corridor") + 'corridor = "declared"\n')
    one = [flight("one", **AT, callsign="S1")]
    row = _one(breaches(tmp_path, path, one, json.dumps([_operation(EARLY, east=40.0)])))
    assert "outside what was declared for 60 s from 00:01:00" in row["why"]
    assert breaches(tmp_path, path, one, json.dumps([_operation(EARLY)])) == []
    released = json.dumps([_operation(EARLY, until="2015-10-07T00:01:30Z")])
    assert "outside what was declared for 30 s from 00:01:30" in _one(breaches(tmp_path, path, one, released))["why"]
    unknown = _one(breaches(tmp_path, path, one))
    assert (unknown["verdict"], "what was declared is not known" in unknown["why"]) == ("undetermined", True)


class Said:
    """What is declared while flights are looked at: known from its time on, as a database has it."""

    def __init__(self, whole: Sequence[Entry]) -> None:
        self.whole, self.now = whole, datetime(2015, 10, 1, tzinfo=UTC)

    def entries(self) -> list[Entry]:
        known = [one for one in self.whole if one.time <= self.now]
        return [replace(one, ends=one.ends if one.ends and one.ends <= self.now else None) for one in known]


@pytest.mark.parametrize(("told", "why"), [one for one in OPERATIONS if one[0]])
def test_it_is_the_same_live_and_after_a_restart(tmp_path: Path, told: list[dict[str, Any]], why: str | None) -> None:
    box(tmp_path, "zone", 39.99, 35.9, 40.5, 36.1)
    flown = read(flight("one", **AT, callsign="S1")).table
    told = [*told, {"kind": "declares", "time": "2015-10-01", "party": "s"}]
    (tmp_path / "log.json").write_text(json.dumps(told))
    said = Said(read_logs(tmp_path / "log.json").entries)
    agreement = read_agreement(write(tmp_path, NOTICE))
    parameters = CheckParameters(nets=("breach",), agreement=agreement, logs=Logs(meanwhile=said))
    live = Live(parameters, Airspace(()), 0.0)
    found: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(flown.iter_slices(1)):
        said.now = row["timestamp"][0]
        live.take("test", row, number, float(number))
        found |= {one.event["id"]: one.event for one in live.step(float(number)) if one.life == "closed"}
        if number == 12:  # inside, and known to be
            write_state(tmp_path / "state", live.snapshot())
            live = Live(parameters, Airspace(()), 0.0)
            live.restore(read_state(tmp_path / "state"))
    said.now += timedelta(hours=1)
    found |= {one.event["id"]: one.event for one in live.finish() if one.life == "closed"}
    history = breaches(tmp_path, tmp_path / "agreement.toml", [flight("one", **AT, callsign="S1")], json.dumps(told))
    assert {one["id"]: one["why"] for one in found.values()} == {one["id"]: one["why"] for one in history}
    assert bool(found) is (why is not None)


AREA = '[[rule]]\nid = "c"\nkind = "{kind}"\ntext = "way"\nparties = ["s"]\narea = "zone.geojson"\n'


def test_a_corridor_is_kept_to(tmp_path: Path) -> None:
    box(tmp_path, "zone", 39.0, 35.0, 41.0, 37.0)
    box(tmp_path, "way", 39.0, 35.9, 40.0, 36.1)  # it ends at 40 E: halfway
    path = write(tmp_path, AREA.format(kind="corridor") + 'corridor = "way.geojson"\n')
    row = _one(breaches(tmp_path, path, [flight("one", **AT, callsign="S1")]))
    assert "outside corridor for 60 s from 00:01:00" in row["why"]
    inside = flight("one", **(AT | {"longitude": 39.5}), callsign="S1")
    assert breaches(tmp_path, path, [inside]) == []
    tolerant = write(tmp_path, AREA.format(kind="corridor") + 'corridor = "way.geojson"\ntolerance = "61 s"\n')
    assert breaches(tmp_path, tolerant, [flight("one", **AT, callsign="S1")]) == []


@pytest.mark.parametrize(("altitude", "breach"), [(20_000.0, False), (25_000.0, True), (14_000.0, True)])
def test_a_block_of_levels_is_kept_to(tmp_path: Path, altitude: float, breach: bool) -> None:
    box(tmp_path, "zone", 39.0, 35.0, 41.0, 37.0)
    path = write(tmp_path, AREA.format(kind="altitude_block") + 'floor = "FL150"\nceiling = "FL240"\n')
    found = breaches(tmp_path, path, [flight("one", **(AT | {"altitude": altitude}), callsign="S1")])
    assert bool(found) is breach
    if breach:
        assert "outside FL150 to FL240 for 120 s" in found[0]["why"]


def test_an_unknown_altitude_is_no_all_clear(tmp_path: Path) -> None:
    box(tmp_path, "zone", 39.0, 35.0, 41.0, 37.0, floor="FL100", ceiling="FL300")
    path = write(tmp_path, ZONE)
    row = _one(breaches(tmp_path, path, [flight("one", **(AT | {"altitude": None}), callsign="S1")]))
    assert row["verdict"] == "undetermined"


@pytest.mark.parametrize(
    ("means", "columns", "log", "why"),
    [
        ('["transponder"]', {}, None, "no transponder was heard"),
        ('["transponder"]', {"icao24": "abcdef"}, None, None),
        ('["flight_plan"]', {}, "kind,time,party\n", "no flight plan"),
        ('["flight_plan"]', {}, "kind,time,party\nplan,2015-10-06T20:00:00Z,s\n", None),
        ('["flight_plan"]', {}, None, "flight plan not known"),
        ('["contact"]', {}, "kind,time,party\ncall,2015-10-06T23:50:00Z,s\n", None),
        ('["contact"]', {}, "kind,time,party\ncall,2015-10-06T22:50:00Z,s\n", "no contact"),
    ],
)  # fmt: skip
def test_who_can_be_seen(tmp_path: Path, means: str, columns: dict[str, str], log: str | None, why: str | None) -> None:
    box(tmp_path, "zone", 39.0, 35.0, 41.0, 37.0)
    path = write(tmp_path, AREA.format(kind="visible") + f"means = {means}\n")
    found = breaches(tmp_path, path, [flight("marked", **AT, **columns)], log)
    assert (found[0]["why"].endswith(why) if why else not found) or (why is not None and why in found[0]["why"])
    if means == '["transponder"]' and why:  # somebody else may have heard it
        assert found[0]["verdict"] == "undetermined"


@pytest.mark.parametrize(
    ("answered", "why"),
    [("2015-10-07T00:00:29Z", None), ("2015-10-07T00:00:31Z", "answered after 31 s"), ("", "never answered")],
)
@pytest.mark.parametrize("kind", ["call", "hotline"])
def test_calls_are_answered(tmp_path: Path, kind: str, answered: str, why: str | None) -> None:
    rule = (
        '[[rule]]\nid = "k"\nkind = "contact"\ntext = "answer"\nfrequency = "121.5 MHz"\nanswered_within = "30 s"\n'
        if kind == "call"
        else '[[rule]]\nid = "k"\nkind = "hotline"\ntext = "answer"\nacknowledged_within = "30 s"\n'
    )
    log = f"kind,time,party,to,answered,frequency\n{kind},2015-10-07T00:00:00Z,n,s,{answered},121.500\n"
    found = breaches(tmp_path, write(tmp_path, rule), [flight("one", **AT, callsign="X1")], log)
    if why is None:
        assert found == []
        return
    row = _one(found)
    assert (row["party_a"], row["party_b"], row["verdict"], row["track_a"]) == ("s", "n", "confirmed", None)
    assert why in row["why"]
    assert json.loads(row["parameters"])["log"] == "log.csv, row 1"


def test_another_frequency_is_another_matter(tmp_path: Path) -> None:
    rule = '[[rule]]\nid = "k"\nkind = "contact"\ntext = "answer"\nfrequency = "121.5"\nanswered_within = "30 s"\n'
    log = "kind,time,party,to,answered,frequency\ncall,2015-10-07T00:00:00Z,n,s,,243.0\n"
    assert breaches(tmp_path, write(tmp_path, rule), [flight("one", **AT, callsign="X1")], log) == []


def test_whose_it_is_may_not_be_clear(tmp_path: Path) -> None:
    """By its address it is n's, by its callsign s's: nothing is sure, and it is said."""
    box(tmp_path, "zone", 39.99, 35.9, 40.5, 36.1)
    row = _one(breaches(tmp_path, write(tmp_path, ZONE), [flight("one", **AT, callsign="S1", icao24="ae0001")]))
    assert (row["party_a"], row["verdict"]) == (None, "undetermined")
    assert "more than one party's aircraft fit" in row["why"]
    # a mark by hand, and what the recording says, come before that
    row = _one(breaches(tmp_path, write(tmp_path, ZONE), [flight("marked", **AT, callsign="N1")]))
    assert (row["party_a"], row["verdict"]) == ("s", "confirmed")
    row = _one(breaches(tmp_path, write(tmp_path, ZONE), [flight("one", **AT, callsign="N1", party="s")]))
    assert row["party_a"] == "s"
