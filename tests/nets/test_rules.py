"""Which minimum applies to which pair, and what is said of it: constructed pairs, through the public API."""

from __future__ import annotations

import json

import polars as pl
import pytest

import overflight
from tests.flights import MIDNIGHT, flight, north_of

OCEAN = (30.0, -135.0)  # far from any airport
ALPS = (47.2, 10.2)
WATSONVILLE = (36.9357, -121.7897)  # KWVI, elevation 163 ft


def check_pair(
    place: tuple[float, float], apart_nm: float, apart_ft: float = 0.0, altitude: float = 9000.0, **options: object
) -> overflight.Events:
    """Two aircraft crossing `apart_nm` and `apart_ft` apart at their closest, 90 degrees."""
    a = {"squawk": options.pop("squawk_a", None), "icao24": "aaaaaa"}
    b = {"squawk": options.pop("squawk_b", None), "icao24": "bbbbbb"}
    columns = options.pop("columns", {})
    lat, lon = north_of(*place, apart_nm)
    table = pl.concat(
        [
            flight("A", latitude=place[0], longitude=place[1], course=90, altitude=altitude, **a, **columns),
            flight(
                "B",
                latitude=lat,
                longitude=lon,
                course=options.pop("course", 90.0001),
                altitude=altitude + apart_ft,
                **b,
                **columns,
            ),
        ],
        how="diagonal_relaxed",
    )
    return overflight.check(table, **options)


def the_event(events: overflight.Events) -> dict:
    assert len(events) == 1
    row = events.to_polars().row(0, named=True)
    return row | {"parameters": json.loads(row["parameters"])}


def crossing(apart_nm: float, **options: object) -> overflight.Events:
    """As check_pair, over the ocean, B across A's track so that they are no formation."""
    return check_pair(OCEAN, apart_nm, course=0.0, **options)


def test_two_discrete_codes_are_held_to_the_radar_minima() -> None:
    event = the_event(crossing(0.0, squawk_a="4274", squawk_b="5377", apart_ft=500))
    assert event["rule"] == "radar"
    assert event["parameters"]["horizontal_nm"] == 3.0
    assert event["parameters"]["vertical_ft"] == 1000.0
    assert event["parameters"]["vertical_tolerance_ft"] == 200.0
    assert event["severity"] == pytest.approx(500 / 800)
    assert "4274" in event["why"]
    assert "3 NM" in event["why"]


def test_above_10000_ft_the_radar_minimum_is_5_nm() -> None:
    event = the_event(check_pair(OCEAN, 4.0, altitude=15_000, squawk_a="4274", squawk_b="5377"))
    assert event["parameters"]["horizontal_nm"] == 5.0
    assert event["horizontal_nm"] == pytest.approx(4.0, abs=0.001)


def test_a_visual_code_is_held_to_well_clear() -> None:
    event = the_event(crossing(0.0, squawk_a="1200", squawk_b="5377", apart_ft=300))
    assert event["rule"] == "vfr"
    assert event["severity"] == pytest.approx(300 / 450)
    assert not event["parameters"]["nmac"]


def test_a_near_mid_air_collision_is_named() -> None:
    event = the_event(crossing(0.0, squawk_a="1200", squawk_b="1200", apart_ft=50))
    assert event["parameters"]["nmac"]
    assert "nmac" in event["why"]


def test_visual_flight_that_stays_well_clear_is_counted_not_reported() -> None:
    events = crossing(0.0, squawk_a="1200", squawk_b="5377", apart_ft=600)
    assert len(events) == 0
    assert events.summary.dismissed == {"well clear": 1}
    assert events.summary.encounters == 1


def test_without_a_code_well_clear_decides_and_the_rest_is_said_to_be_unknown() -> None:
    assert the_event(crossing(0.0, apart_ft=300))["rule"] == "unknown"
    events = crossing(0.0, apart_ft=600)
    assert len(events) == 0
    assert events.summary.dismissed == {"rules of flight unknown": 1}


def test_without_a_code_above_18000_ft_radar_is_presumed_but_not_certain() -> None:
    event = the_event(crossing(2.0, altitude=35_000))
    assert (event["rule"], event["verdict"]) == ("radar", "undetermined")
    assert "without a code" in event["why"]


def test_a_collision_is_not_claimed_without_altitudes() -> None:
    table = pl.concat(
        [flight(n, latitude=30, longitude=-135, course=c, altitude=None) for n, c in (("A", 90), ("B", 0))]
    )
    event = the_event(overflight.check(table, unknown_altitude="report"))
    assert event["verdict"] == "undetermined"
    assert not event["parameters"]["nmac"]


def test_1200_means_visual_flight_in_america_not_in_europe() -> None:
    assert the_event(check_pair(ALPS, 2.0, altitude=9500, squawk_a="1200", squawk_b="4274"))["rule"] == "radar"
    assert check_pair(ALPS, 2.0, altitude=9500, squawk_a="7000", squawk_b="4274").summary.dismissed == {"well clear": 1}


def test_a_code_once_heard_holds_until_another_is() -> None:
    table = pl.concat(
        [
            flight(name, latitude=OCEAN[0], longitude=OCEAN[1], course=course, altitude=9000 + up).with_columns(
                pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("4274")).otherwise(None).alias("squawk")
            )
            for name, course, up in (("A", 90, 0), ("B", 0, 500))
        ]
    )
    assert the_event(overflight.check(table))["rule"] == "radar"


def test_near_an_airport_only_an_nmac_is_an_event() -> None:
    events = check_pair(WATSONVILLE, 0.3, altitude=1200, course=0.0, squawk_a="4274", squawk_b="5377", apart_ft=200)
    assert len(events) == 0
    assert events.summary.dismissed == {"near an airport": 1}
    event = the_event(
        check_pair(WATSONVILLE, 0.0, altitude=1200, course=0.0, squawk_a="4274", squawk_b="5377", apart_ft=50)
    )
    assert event["rule"] == "airport"
    assert event["parameters"]["horizontal_nm"] == pytest.approx(500 / 6076.115, abs=1e-6)
    assert event["parameters"]["vertical_tolerance_ft"] == 0
    assert "KWVI" in event["why"]


def test_4000_ft_above_an_airport_is_no_longer_near_it() -> None:
    high = check_pair(WATSONVILLE, 1.0, altitude=163 + 4100 + 1500, course=0.0, squawk_a="4274", squawk_b="5377")
    assert the_event(high)["rule"] == "radar"


def test_given_minima_apply_to_every_pair_also_near_an_airport() -> None:
    options = {"altitude": 1200, "course": 0.0, "squawk_a": "1200", "squawk_b": "1200", "apart_ft": 200}
    assert the_event(check_pair(WATSONVILLE, 0.3, minima="3 NM/1000 ft", **options))["rule"] == "given"
    assert the_event(check_pair(WATSONVILLE, 0.3, profile="terminal", **options))["rule"] == "terminal"
    assert len(check_pair(WATSONVILLE, 0.3, profile="nmac", **options)) == 0


def formation(reports: int, squawk: str, **options: object) -> overflight.Events:
    lat, lon = north_of(*OCEAN, 0.3)
    table = pl.concat(
        [
            flight("A", latitude=OCEAN[0], longitude=OCEAN[1], reports=reports, squawk=squawk),
            flight("B", latitude=lat, longitude=lon, reports=reports, squawk=squawk),
        ]
    )
    return overflight.check(table, **options)


def test_minutes_together_at_one_velocity_are_a_formation() -> None:
    events = formation(40, "4274")
    assert len(events) == 0
    assert events.summary.dismissed == {"formation": 1}
    assert events.result.dismissed["why"].to_list() == ["flew together, 195 s of this encounter"]


def test_a_minute_together_is_no_formation() -> None:
    assert len(formation(12, "4274")) == 1


def test_a_formation_goes_on_after_a_silence() -> None:
    lat, lon = north_of(*OCEAN, 0.3)
    table = pl.concat(
        [
            flight("A", latitude=OCEAN[0], longitude=OCEAN[1], reports=64, squawk="4274"),
            flight("B", latitude=lat, longitude=lon, reports=64, squawk="4274"),
        ]
    )
    seconds = (pl.col("timestamp") - MIDNIGHT).dt.total_seconds()
    events = overflight.check(table.filter((seconds < 150) | (seconds > 270)))
    assert len(events) == 0
    assert events.summary.dismissed == {"formation": 2}


def test_a_visual_code_shown_before_leaves_it_undetermined() -> None:
    def event(first: str) -> dict:
        table = pl.concat(
            [
                flight("A", latitude=OCEAN[0], longitude=OCEAN[1], course=90, altitude=9000).with_columns(
                    pl.when(pl.int_range(pl.len()) < 2).then(pl.lit(first)).otherwise(pl.lit("4274")).alias("squawk")
                ),
                flight("B", latitude=OCEAN[0], longitude=OCEAN[1], course=0, altitude=9000, squawk="5377"),
            ]
        )
        return the_event(overflight.check(table))

    assert (event("4274")["rule"], event("4274")["verdict"]) == ("radar", "confirmed")
    assert (event("1200")["rule"], event("1200")["verdict"]) == ("radar", "undetermined")


def test_a_visual_level_leaves_it_undetermined() -> None:
    options = {"squawk_a": "4274", "squawk_b": "5377", "apart_ft": 500}
    assert the_event(crossing(0.0, altitude=8000, **options))["verdict"] == "undetermined"  # B is level at 8,500 ft
    assert the_event(crossing(0.0, altitude=8000, **(options | {"apart_ft": 300})))["verdict"] == "confirmed"


def test_either_side_of_a_layer_leaves_it_undetermined() -> None:
    event = the_event(check_pair(OCEAN, 4.0, altitude=9800, squawk_a="4274", squawk_b="5377", apart_ft=300))
    assert event["parameters"]["horizontal_nm"] == 5.0
    assert event["verdict"] == "undetermined"
    assert "layer" in event["why"]


def test_given_minima_know_no_formation() -> None:
    assert the_event(formation(40, "4274", minima="5 NM/1000 ft"))["duration_s"] == pytest.approx(195)


def test_the_verdict_follows_the_stated_accuracies() -> None:
    options = {"squawk_a": "4274", "squawk_b": "5377"}
    near = check_pair(OCEAN, 2.95, columns={"accuracy": 40.0}, **options)
    assert the_event(near)["verdict"] == "confirmed"  # 0.05 NM are 93 m, more than 40 m + 40 m
    doubtful = check_pair(OCEAN, 2.95, columns={"accuracy": 50.0}, **options)
    assert the_event(doubtful)["verdict"] == "undetermined"
    assert "50 m" in the_event(doubtful)["why"]


def test_what_rests_on_positions_of_low_quality_is_undetermined() -> None:
    event = the_event(crossing(0.0, squawk_a="4274", squawk_b="5377", columns={"nic": 0}))
    assert event["verdict"] == "undetermined"
    assert "integrity" in event["why"]
