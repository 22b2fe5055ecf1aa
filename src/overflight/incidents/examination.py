"""Claims held against physics and against each other, each finding with its arithmetic in one line.

Nothing here decides who is right. A claim is *refuted* only where physics leaves none of its readings; what two sides say against each
other stays *undetermined* until a track shows it, and so does what is merely possible. *Confirmed* needs a track.

The rules, for claims of one case and one subject:

| rule | from | says |
|---|---|---|
| speed | path inside, time inside | length over time, for every unit that may be meant |
| out and back | depth inside, path inside | who goes in as deep as d has flown at least d, and 2 d who comes out again |
| depth in time | depth inside, time inside | and so at least at 2 d over the time, or d if it did not come out |
| same | two numbers, or two times, of one aspect | whether they can be one, and by how much they differ |
| parts | launched, hit, came down | no more hit and came down than were launched |
| denial | a count, and a denial of it | both cannot be |
| inside or outside | "outside", and whatever says inside | both cannot be |

Only times, places and counts are compared, never what anybody meant by them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from overflight.incidents.claims import Claim, Reading
from overflight.units import KT_MPS

POSSIBLE: Final = "possible"
IMPOSSIBLE: Final = "impossible"
AGREE: Final = "agree"
CONTRADICT: Final = "contradict"

FASTEST_MPS: Final = 1500.0 * KT_MPS
"""No aircraft is faster for long (the integrity gate uses the same)."""

SAYS_INSIDE: Final = ("path inside", "depth inside", "time inside", "entry", "inside")


@dataclass(frozen=True)
class Finding:
    """What some claims say together.

    Attributes:
        rule: the name of the rule, as in the table above.
        outcome: possible, impossible (together), agree, or contradict.
        claims: the numbers of the claims.
        why: the arithmetic, in one line.
        among: "one side" if all are of one party, else "the sides".
    """

    rule: str
    outcome: str
    claims: tuple[int, ...]
    why: str
    among: str


@dataclass(frozen=True)
class Examined:
    """A claim with its verdict: confirmed, refuted or undetermined; and what follows from it, one line each."""

    claim: Claim
    verdict: str
    why: tuple[str, ...]


def examine(claims: list[Claim]) -> tuple[list[Examined], list[Finding]]:
    """Hold claims against physics and each other; returns each with its verdict, in their order, and all findings."""
    found = [finding for case in _by(claims, lambda claim: claim.case) for rule in _RULES for finding in rule(case)]
    judged: list[Examined] = []
    for claim in claims:
        mine = [finding for finding in found if claim.number in finding.claims]
        alone = [one for one in mine if one.outcome == IMPOSSIBLE and len(one.claims) == 1]
        why = tuple(_line(claim, finding) for finding in mine)
        judged.append(Examined(claim, "refuted" if alone else "undetermined", why or (_nothing(claim),)))
    return judged, found


def _line(claim: Claim, finding: Finding) -> str:
    others = [f"{number}" for number in finding.claims if number != claim.number]
    with_whom = f"with {', '.join(others)}: " if others else ""
    return f"{with_whom}{finding.outcome}: {finding.why}"


def _nothing(claim: Claim) -> str:
    if claim.quantity == "verdict":
        return "an answer, nothing to compute"
    if not claim.readings and claim.moment is None and not claim.answer:
        return "no number was given"
    return "nothing else is said of it that it could be held against"


def _by(claims: Iterable[Claim], key: Callable[[Claim], object]) -> list[list[Claim]]:
    groups: dict[object, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(key(claim), []).append(claim)
    return list(groups.values())


def _of(claims: list[Claim], aspect: str) -> list[Claim]:
    return [claim for claim in claims if claim.aspect == aspect and claim.readings]


def _finding(rule: str, outcome: str, claims: tuple[Claim, ...], why: str) -> Finding:
    parties = {claim.party for claim in claims}
    among = "one side" if len(parties) == 1 else "the sides"
    return Finding(rule, outcome, tuple(claim.number for claim in claims), why, among)


def _pairs(claims: list[Claim], one: str, other: str) -> Iterator[tuple[Claim, Claim]]:
    for group in _by(claims, lambda claim: claim.subject):
        yield from ((a, b) for a in _of(group, one) for b in _of(group, other))


def _speed(claims: list[Claim]) -> Iterator[Finding]:
    for way, time in _pairs(claims, "path inside", "time inside"):
        yield _at_speed("speed", way, time, 1.0)


def _depth_in_time(claims: list[Claim]) -> Iterator[Finding]:
    for depth, time in _pairs(claims, "depth inside", "time inside"):
        yield _at_speed("depth in time", depth, time, 2.0)


def _at_speed(rule: str, way: Claim, time: Claim, times: float) -> Finding:
    said: list[str] = []
    possible = False
    (seconds,) = time.readings
    shortest_s, longest_s = seconds.interval(time.bound)
    for reading in way.readings:
        low, high = reading.interval(way.bound)
        slowest = times * max(low, 0.0) / longest_s
        fastest = times * high / shortest_s if shortest_s > 0.0 else float("inf")
        possible |= slowest / times <= FASTEST_MPS  # it need not have come out
        exact = times * reading.value / seconds.value if seconds.value else float("inf")
        least = "at least " if times > 1.0 else ""
        unit = f" ({reading.unit})" if len(way.readings) > 1 else ""
        of = f"{slowest / KT_MPS:.0f} to {fastest / KT_MPS:.0f} as they may be rounded or cut off"
        said.append(f"{least}{exact / KT_MPS:.0f} kt{unit}, {of}")
    formula = f"{_number(way)} in {_number(time)}{', in and out again,' if times > 1.0 else ''}"
    return _finding(rule, POSSIBLE if possible else IMPOSSIBLE, (way, time), f"{formula} is {'; or '.join(said)}")


def _out_and_back(claims: list[Claim]) -> Iterator[Finding]:
    for depth, way in _pairs(claims, "depth inside", "path inside"):
        meant = list(_as_meant(depth, way))
        in_only, both = (
            any(times * a.interval(depth.bound)[0] <= b.interval(way.bound)[1] for a, b in meant) for times in (1, 2)
        )
        deep_m = min(a.interval(depth.bound)[0] for a, _ in meant)
        have_m = max(b.interval(way.bound)[1] for _, b in meant)
        why = f"{_number(depth)} deep is at least {deep_m:.0f} m in, and {2.0 * deep_m:.0f} m in and out; the path inside is at most {have_m:.0f} m"
        if not both:
            why += ": only if it did not come out" if in_only else ": unless that is the length along the border"
        yield _finding("out and back", POSSIBLE if in_only else IMPOSSIBLE, (depth, way), why)


def _as_meant(one: Claim, other: Claim) -> Iterator[tuple[Reading, Reading]]:
    """Pairs of readings; one speaker means the same unit both times."""
    for a in one.readings:
        for b in other.readings:
            same_words = {reading.unit for reading in one.readings} == {reading.unit for reading in other.readings}
            if one.by != other.by or not same_words or a.unit == b.unit:
                yield a, b


def _same(claims: list[Claim]) -> Iterator[Finding]:
    for group in _by(claims, lambda claim: (claim.subject, claim.aspect, claim.quantity)):
        if group[0].aspect == "other":
            continue
        for one, other in combinations(group, 2):
            if one.moment is not None and other.moment is not None:
                yield _same_moment(one, other)
            elif one.readings and other.readings:
                yield _same_number(one, other)


def _same_moment(one: Claim, other: Claim) -> Finding:
    assert one.moment is not None
    assert other.moment is not None
    apart_s = abs((one.moment - other.moment).total_seconds())
    outcome = AGREE if _overlap(one.moments_s, other.moments_s) else CONTRADICT
    why = f"{one.moment:%H:%M:%S} and {other.moment:%H:%M:%S} UTC, {apart_s:.0f} s apart"
    return _finding("same", outcome, (one, other), why)


def _same_number(one: Claim, other: Claim) -> Finding:
    pairs = list(_as_meant(one, other))
    agreeing = [(a, b) for a, b in pairs if _overlap(a.interval(one.bound), b.interval(other.bound))]
    a, b = min(agreeing or pairs, key=lambda pair: abs(pair[0].value - pair[1].value))
    unit = {"duration": "s", "count": a.unit, "speed": "kt"}.get(one.quantity, "m")
    factor = KT_MPS if one.quantity == "speed" else 1.0
    why = f"{_number(one)} and {_number(other)} differ by {abs(a.value - b.value) / factor:,.0f} {unit}"
    if one.quantity != "count":
        why += f", said to {a.digit / factor:,.0f} and {b.digit / factor:,.0f} {unit}"
    return _finding("same", AGREE if agreeing else CONTRADICT, (one, other), why)


def _overlap(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return a[0] <= b[1] and b[0] <= a[1]


def _parts(claims: list[Claim]) -> Iterator[Finding]:
    for whole in _of(claims, "launched"):
        parts = [claim for name in ("came down", "hit") for claim in _of(claims, name)]
        if not parts:
            continue
        least = sum(max(0.0, part.readings[0].interval(part.bound)[0]) for part in parts)
        most = whole.readings[0].interval(whole.bound)[1]
        sum_of = " + ".join(f"{part.readings[0].value:.0f}" for part in parts)
        why = f"{sum_of} = {least:.0f} {'<=' if least <= most else '>'} {most:.0f}: {', '.join(map(_number, parts))}, of {_number(whole)}"
        yield _finding("parts", POSSIBLE if least <= most else CONTRADICT, (whole, *parts), why)


def _denial(claims: list[Claim]) -> Iterator[Finding]:
    denials = [claim for claim in claims if claim.quantity == "verdict" and claim.answer == "deny"]
    for denial in denials:
        for counted in _of(claims, denial.aspect):
            if counted.quantity == "count" and counted.readings[0].interval(counted.bound)[0] > 0.0:
                why = f"none, against {_number(counted)}"
                yield _finding("denial", CONTRADICT, (denial, counted), why)


def _outside(claims: list[Claim]) -> Iterator[Finding]:
    for group in _by(claims, lambda claim: claim.subject):
        outside = [claim for claim in group if claim.aspect == "inside" and claim.answer == "outside"]
        inside = [claim for claim in group if claim.aspect in SAYS_INSIDE and claim.answer != "outside"]
        for one in outside:
            for other in inside:
                why = f"outside, against {other.said}; no track was given that shows which"
                yield _finding("inside or outside", CONTRADICT, (one, other), why)


def _number(claim: Claim) -> str:
    return claim.said.rpartition(": ")[2]


_RULES: Final = (_speed, _out_and_back, _depth_in_time, _same, _parts, _denial, _outside)
