"""From pieces to encounters to events: what belongs together, what it was, and what decided.

An encounter is all that a pair does below the widest minima, in pieces less than the joining time apart. What of it is below
the minimum that the pair is held to becomes events; an encounter without any is counted under the reason why it is none.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from overflight.earth.wgs84 import to_ecef, to_geodetic
from overflight.events import DISMISSED_SCHEMA, EVENT_SCHEMA, band, event_id
from overflight.nets.base import Findings
from overflight.nets.companions import Companions
from overflight.nets.minima import WELL_CLEAR
from overflight.nets.rules import PIECES_SCHEMA, Rules
from overflight.surveillance.batch import NO_SQUAWK, TrackNames
from overflight.surveillance.integrity import ONE_FT, ONE_NM, PROOF_US, SAME_AIRCRAFT, name_of
from overflight.units import FT_M, KT_MPS, NM_M

if TYPE_CHECKING:
    from overflight.nets.separation import SeparationParameters

FINDINGS_SCHEMA = EVENT_SCHEMA | {"evidence": pl.List(pl.Int64())}
"""The event table and the rows of the recording that each event rests on: before and after the worst moment, of a then b."""

UTC_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def chains(pieces: pl.DataFrame, by: list[str], join_us: int) -> pl.DataFrame:
    """Sort pieces by `by` and time and number, as `chain`, those that follow each other less than `join_us` apart."""
    return (
        pieces.sort(*by, "start_us", "end_us", "worst_us", "hit")
        .with_columns(pl.col("end_us").cum_max().shift(1).over(by).alias("until_us"))
        .with_columns(
            (pl.col("until_us").is_null() | (pl.col("start_us") - pl.col("until_us") >= join_us))
            .cum_sum()
            .alias("chain")
        )
        .drop("until_us")
    )


def split_closed(pieces: pl.DataFrame, before_us: int, join_us: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split into encounters that ended before `before_us`, and the rest."""
    if pieces.height == 0:
        return pieces, pieces
    over = chains(pieces, ["a", "b"], join_us).with_columns(
        (pl.col("end_us").max().over("chain") < before_us).alias("over")
    )
    return over.filter("over").drop("over", "chain"), over.filter(~pl.col("over")).drop("over", "chain")


def conclude(
    pieces: pl.DataFrame,
    names: TrackNames,
    rules: Rules,
    parameters: SeparationParameters,
    suspects: pl.DataFrame,
    companions: Companions,
    join_us: int,
) -> Findings:
    """Make events and dismissals of encounters that are over.

    `suspects` tells when a track was found to be a copy or spoofed (`SUSPECTS_SCHEMA`): an encounter of a copy with its
    original, or of anybody with a spoofed track, near such a time is explained by the gate.
    """
    encounters = chains(pieces, ["a", "b"], join_us).rename({"chain": "meeting"})
    totals = encounters.group_by("meeting").agg(
        pl.col("a", "b").first(),
        pl.col("start_us").min(),
        pl.col("end_us").max(),
        pl.col("hit").any(),
        _total_us("encounter").alias("total_us"),
        _total_us(pl.col("encounter") & pl.col("together")).alias("together_us"),
    )
    totals = _suspected(totals, suspects, names, round(parameters.max_gap_s * 1e6))
    copied = totals.filter(pl.col("copied") != 0).with_columns(pl.lit(False).alias("formation"))
    others = totals.filter(pl.col("copied") == 0)
    judged = (
        others.with_columns(pl.lit(False).alias("formation"))
        if parameters.everybody
        else companions.judge(others, names)
    )
    totals = pl.concat([copied, judged])
    unsuspected = totals.filter((pl.col("copied") == 0) & ~pl.col("formation"))

    events: list[dict[str, Any]] = []
    hits = encounters.filter("hit").join(unsuspected.select("meeting"), on="meeting", how="semi")
    parts = chains(hits, ["a", "b", "rule", "meeting"], join_us)
    spans = parts.group_by("chain").agg(
        pl.col("start_us").min().alias("from_us"),
        pl.col("end_us").max().alias("to_us"),
        pl.col("closure_mps").first().alias("closure_first_mps"),
        pl.col("nmac").any().alias("any_nmac"),
        pl.col("certain").any().alias("any_certain"),
        (pl.col("certain") & ~pl.col("degraded")).any().alias("any_sure"),
        pl.col("visual").any().alias("any_visual"),
    )
    for worst in _in_units(_gravest(parts, "chain").join(spans, on="chain").sort("chain")).iter_rows(named=True):
        events.append(_event(worst, names, rules, parameters))

    dismissed: list[dict[str, Any]] = []
    harmless = totals.filter((pl.col("copied") != 0) | pl.col("formation") | ~pl.col("hit")).select(
        "meeting",
        "copied",
        "formation",
        "together_us",
        pl.col("start_us").alias("from_us"),
        pl.col("end_us").alias("to_us"),
    )
    gravest = _gravest(encounters, "meeting").join(harmless, on="meeting").sort("meeting")
    for worst in _in_units(gravest).iter_rows(named=True):
        dismissed.append(_dismissal(worst, names))
    return Findings(
        pl.DataFrame(events, schema=FINDINGS_SCHEMA, orient="row"),
        pl.DataFrame(dismissed, schema=DISMISSED_SCHEMA, orient="row"),
    )


def _gravest(pieces: pl.DataFrame, by: str) -> pl.DataFrame:
    """The gravest piece of each; of equally grave ones the nearest, then the first."""
    grave = pl.col("severity").round(9)
    return pieces.sort(by, grave, "horizontal_m", "vertical_m", "worst_us").unique(
        by, keep="first", maintain_order=True
    )


def _total_us(which: pl.Expr | str) -> pl.Expr:
    return (pl.col("end_us") - pl.col("start_us")).filter(pl.col(which) if isinstance(which, str) else which).sum()


def _suspected(totals: pl.DataFrame, suspects: pl.DataFrame, names: TrackNames, margin_us: int) -> pl.DataFrame:
    """Add `copied`: the flags that explain an encounter, set during it or at most `margin_us` away; 0 for none."""
    flags = np.zeros(totals.height, np.uint32)
    if suspects.height:
        aircraft = pl.Series(names.array("aircraft").astype(np.int64))
        sides = totals.with_row_index("place").select("place", "start_us", "end_us", "a", "b")
        near = pl.concat(
            [
                sides.select("place", "start_us", "end_us", pl.col(one).alias("track"), pl.col(other).alias("other"))
                for one, other in (("a", "b"), ("b", "a"))
            ]
        ).join(suspects, on="track")
        near = near.with_columns(aircraft.gather(near["other"]).alias("other_aircraft"))
        explains = (pl.col("original") == -1) | (pl.col("original") == pl.col("other_aircraft"))
        # That two tracks are one aircraft takes time to be proven, and holds for the time before.
        after_us = pl.when(pl.col("flags") == SAME_AIRCRAFT).then(PROOF_US).otherwise(margin_us)
        meant = pl.col("time_us").is_between(pl.col("start_us") - margin_us, pl.col("end_us") + after_us)
        near = near.filter(meant & explains)
        np.bitwise_or.at(flags, near["place"].to_numpy(), near["flags"].to_numpy())
    return totals.with_columns(pl.Series("copied", flags))


def _reason(worst: dict[str, Any]) -> tuple[str, str]:
    if worst["copied"]:
        flag = name_of(worst["copied"])
        if worst["copied"] == SAME_AIRCRAFT:
            return f"integrity: {flag}", "one aircraft, two sensors"
        return f"integrity: {flag}", f"one of the two was flagged {flag} at the time"
    if worst["formation"]:
        return "formation", f"flew together, {worst['together_us'] * 1e-6:.0f} s of this encounter"
    if worst["rule"] == "airport":
        return "near an airport", f"both near {worst['airport']} and never within 500 ft and 100 ft at once"
    codes = f"codes {_code(worst['squawk_a'])} and {_code(worst['squawk_b'])}"
    what = f"never within {WELL_CLEAR.layers[0].horizontal_nm * NM_M / FT_M:.0f} ft and {WELL_CLEAR.layers[0].vertical_ft:.0f} ft at once"
    if worst["rule"] == "vfr":
        return "well clear", f"visual flight ({codes}), {what}"
    return "rules of flight unknown", f"{codes}: whether radar separation was owed is unknown; {what}"


def _code(squawk: int) -> str:
    return "unknown" if squawk == NO_SQUAWK else f"{squawk:04d}"


def _moment(micros: int) -> datetime:
    return UTC_EPOCH + timedelta(microseconds=micros)


def _in_units(worst: pl.DataFrame) -> pl.DataFrame:
    """Add what is told of each: where it was, halfway between the two, and the state of both, in units of aviation."""
    a, b = (to_ecef(worst[f"latitude_{side}"].to_numpy(), worst[f"longitude_{side}"].to_numpy()) for side in "ab")
    latitude, longitude = to_geodetic((a + b) / 2.0)

    def told(value: pl.Expr, digits: int) -> pl.Expr:
        return value.round(digits).fill_nan(None)

    columns = {
        "latitude": told(pl.lit(pl.Series(latitude)), 7),
        "longitude": told(pl.lit(pl.Series(longitude)), 7),
        "altitude_ft": told((pl.col("altitude_m_a") + pl.col("altitude_m_b")) / 2.0 / FT_M, 1),
        "horizontal_nm": told(pl.col("horizontal_m") / NM_M, 6),
        "vertical_ft": told(pl.col("vertical_m") / FT_M, 3),
    }
    for side in "ab":
        columns |= {
            f"told_{side}": pl.struct(
                latitude=told(pl.col(f"latitude_{side}"), 7),
                longitude=told(pl.col(f"longitude_{side}"), 7),
                altitude_ft=told(pl.col(f"altitude_m_{side}") / FT_M, 1),
                accuracy_m=told(pl.col(f"accuracy_m_{side}"), 1),
                groundspeed_kt=told(pl.col(f"speed_mps_{side}") / KT_MPS, 1),
                track_deg=told(pl.col(f"course_deg_{side}"), 1),
                vertical_rate_fpm=told(pl.col(f"climb_mps_{side}") * 60.0 / FT_M, 0),
            )
        }
    return worst.with_columns(**columns)


def _place(worst: dict[str, Any]) -> dict[str, Any]:
    return {name: worst[name] for name in ("latitude", "longitude", "altitude_ft", "horizontal_nm", "vertical_ft")}


def _dismissal(worst: dict[str, Any], names: TrackNames) -> dict[str, Any]:
    reason, why = _reason(worst)
    return {
        "track_a": names.track_id[worst["a"]],
        "track_b": names.track_id[worst["b"]],
        "start": _moment(worst["from_us"]),
        "end": _moment(worst["to_us"]),
        "time": _moment(worst["worst_us"]),
        **_place(worst),
        "duration_s": (worst["to_us"] - worst["from_us"]) * 1e-6,
        "reason": reason,
        "why": why,
    }


def _side(worst: dict[str, Any], side: str, names: TrackNames) -> dict[str, Any]:
    number = worst[side]
    sources = names.sources(number, worst["from_us"], worst["to_us"])
    return {
        "callsign": names.callsign_by(number, worst["to_us"]),
        "icao24": names.icao24[number],
        **({"sources": sources} if len(sources) > 1 else {}),
        "squawk": None if worst[f"squawk_{side}"] == NO_SQUAWK else _code(worst[f"squawk_{side}"]),
        **worst[f"told_{side}"],
    }


def _event(worst: dict[str, Any], names: TrackNames, rules: Rules, parameters: SeparationParameters) -> dict[str, Any]:
    a, b = (names.track_id[int(worst[side])] for side in "ab")
    start_us, end_us = worst["from_us"], worst["to_us"]
    start = _moment(start_us)
    altitudes = [x for x in (worst["altitude_m_a"], worst["altitude_m_b"]) if not np.isnan(x)]
    higher_ft = max(altitudes) / FT_M if len(altitudes) == 2 else None
    applied = rules.by_rule[worst["rule"]].at(higher_ft)
    stated_ft = rules.stated[worst["rule"]].at(higher_ft).vertical_ft
    one = may_be_one(names, worst["a"], worst["b"], worst["worst_us"], worst["horizontal_nm"], worst["vertical_ft"])
    verdict, doubt = _verdict(worst, one=one)
    nmac = worst["any_nmac"]
    return {
        "id": event_id("separation", [a, b], None, worst["rule"], start),
        "kind": "separation",
        "start": start,
        "end": _moment(end_us),
        "time": _moment(worst["worst_us"]),
        "track_a": a,
        "track_b": b,
        "party_a": names.party[worst["a"]],
        "party_b": names.party[worst["b"]],
        "rule": worst["rule"],
        "verdict": verdict,
        "severity": round(worst["severity"], 6),
        "band": band(worst["severity"]),
        **_place(worst),
        "closure_kt": round(worst["closure_first_mps"] / KT_MPS, 1),
        "duration_s": (end_us - start_us) * 1e-6,
        "why": f"{_held_to(worst, applied.horizontal_nm, applied.vertical_ft)}"
        f"{'; within 500 ft and 100 ft as reported (nmac)' if nmac else ''}"
        f"{'; moving apart when it began' if worst['closure_first_mps'] < 0 else ''}; {doubt}",
        "parameters": json.dumps(
            {
                "horizontal_nm": round(applied.horizontal_nm, 6),
                "vertical_ft": round(stated_ft, 3),
                "vertical_tolerance_ft": round(stated_ft - applied.vertical_ft, 3),
                "max_gap_s": parameters.max_gap_s,
                "nmac": nmac,
                "a": _side(worst, "a", names),
                "b": _side(worst, "b", names),
            }
        ),
        "inputs": parameters.inputs,
        "evidence": worst["evidence"],
    }


def _held_to(worst: dict[str, Any], horizontal_nm: float, vertical_ft: float) -> str:
    """Say which minimum the pair was held to, and why that one."""
    codes = f"codes {_code(worst['squawk_a'])} and {_code(worst['squawk_b'])}"
    limit = f"{horizontal_nm:.3g} NM and {vertical_ft:.0f} ft"
    return {
        "radar": f"{codes}, taken for radar separation: held to {limit}",
        "vfr": f"visual flight ({codes}): held to well clear, {limit}",
        "unknown": f"rules of flight unknown ({codes}): held to well clear, {limit}",
        "airport": f"both near {worst['airport']}: held to nmac, {limit}",
    }.get(worst["rule"], f"held to the {worst['rule']} minima, {limit}")


MAY_BE_ONE = "one of the two has no address and was seen too briefly to tell it from the other, seen by another sensor"


def may_be_one(
    names: TrackNames, a: int, b: int, time_us: int, horizontal_nm: float, vertical_ft: float | None
) -> bool:
    """Whether two tracks so far apart at a time may be one aircraft, and too little is known of one to prove or refute it."""
    near = horizontal_nm < ONE_NM and not (vertical_ft or 0.0) >= ONE_FT
    return near and names.unproven(int(a), int(b), time_us, PROOF_US)


def _verdict(worst: dict[str, Any], *, one: bool) -> tuple[str, str]:
    """Confirmed only if it holds wherever the aircraft were, on sound positions, and the minimum is known to apply."""
    reach = f"{worst['accuracy_m_a']:.0f} m and {worst['accuracy_m_b']:.0f} m"
    uncoded = NO_SQUAWK in {worst["squawk_a"], worst["squawk_b"]}
    doubts = (
        (one, MAY_BE_ONE),
        (np.isnan(worst["vertical_m"]), "an altitude is unknown, compared in the plane alone"),
        (not worst["any_certain"], f"positions are good to {reach}: it may have been kept"),
        (not worst["any_sure"], "rests on positions of doubtful integrity"),
        (worst["straddling"], "no loss by the minima of the lower aircraft's layer"),
        (worst["any_visual"] and uncoded, "without a code it is not known whether radar separates them"),
        (worst["any_visual"], "one showed a visual code before or flies a visual level: radar may only follow it"),
    )
    for holds, doubt in doubts:
        if holds:
            return "undetermined", doubt
    return "confirmed", f"holds wherever they were within {reach} of their reports"


def empty_pieces() -> pl.DataFrame:
    """Return no pieces."""
    return pl.DataFrame(schema=PIECES_SCHEMA)
