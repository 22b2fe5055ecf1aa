"""``overflight check``: the main job."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from overflight.cli.options import (
    Agreed,
    Allow,
    From,
    GivenMinima,
    Logged,
    MaxGap,
    Profile,
    QnhUncertainty,
    RadarPlaces,
    Recordings,
    To,
    UnknownAltitude,
    VerticalTolerance,
    Within,
    radar_places,
)
from overflight.errors import InputError, ParameterError


def check(
    recording: Recordings,
    net: Annotated[
        list[str] | None,
        typer.Option(
            help="Net to run: separation, incursion, hazard, line, breach, lost, interference or conflict; may be repeated. "
            "[separation, with --airspace all but lost and conflict, with --agreement breach]"
        ),
    ] = None,
    airspace: Annotated[
        list[str] | None,
        typer.Option(
            help="Volumes: GeoJSON, openAIP, OpenAir, AIXM, ED-269, NOTAM, bulletins, or fir:LTAA,OSTT, country:TR; may be repeated."
        ),
    ] = None,
    allow: Allow = None,
    agreement: Agreed = None,
    log: Logged = None,
    qnh_uncertainty: QnhUncertainty = 30.0,
    alerting: Annotated[
        str,
        typer.Option(
            help="Levels of predicted conflicts: stca, stca-layered, do365-en-route, -terminal, -non-cooperative."
        ),
    ] = "stca",
    widening: Annotated[
        float, typer.Option(help="Widen predicted conflicts by so many times the accuracies of both aircraft.")
    ] = 0.0,
    minima: GivenMinima = None,
    profile: Profile = None,
    vertical_tolerance: VerticalTolerance = None,
    max_gap: MaxGap = "60s",
    start: From = None,
    end: To = None,
    bbox: Within = None,
    radar: RadarPlaces = None,
    include_ground: Annotated[bool, typer.Option("--include-ground", help="Use positions on the ground too.")] = False,
    unknown_altitude: UnknownAltitude = "count",
    ungated: Annotated[bool, typer.Option("--ungated", help="Use positions whatever the integrity gate says.")] = False,
    threshold: Annotated[
        list[str] | None, typer.Option(help="Threshold of the integrity gate, stale_s=30; may be repeated.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with a table [integrity] of thresholds.")] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            help="Write events to FILE.parquet, .csv, .json, .geojson or the report to FILE.html, - for CSV on standard "
            "output (and the summary on standard error); may be repeated."
        ),
    ] = None,
    fail_on: Annotated[
        str | None, typer.Option(help="Exit with 1 if there is an event of this verdict, or any.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary and the events as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary, no progress.")] = False,
) -> None:
    """Find every moment at which flights were not safe."""
    if fail_on not in {None, "confirmed", "undetermined", "any"}:
        raise ParameterError("--fail-on", fail_on, "is no verdict", remedy="choose confirmed, undetermined or any")
    from overflight import api
    from overflight.cli.progress import waiting
    from overflight.events import refuse_output
    from overflight.files import STDOUT
    from overflight.units import parse_bbox

    for path in out or []:
        refuse_output(path)
    piped = STDOUT in (out or [])
    if piped and as_json:
        raise ParameterError("--out", "-", "and --json would both write to standard output", remedy="choose one")
    with waiting(quiet) as shown:
        events = api.check(
            list(recording),
            nets=net or (),
            airspace=airspace or (),
            allow=allow or (),
            agreement=agreement,
            logs=log or (),
            qnh_uncertainty_hpa=qnh_uncertainty,
            alerting=alerting,
            widening=widening,
            minima=minima,
            profile=profile,
            vertical_tolerance=vertical_tolerance,
            max_gap=max_gap,
            include_ground=include_ground,
            unknown_altitude=unknown_altitude,
            ungated=ungated,
            thresholds=thresholds(threshold or [], config),
            start=start,
            end=end,
            bbox=None if bbox is None else parse_bbox(bbox, "--bbox"),
            radars=radar_places(radar),
            progress=shown.read,
            report=shown.step,
        )
        for path in out or []:
            shown.step(f"writing {path.name}")
            events.write(path)
    if as_json:
        from overflight.events import records

        found = {
            "summary": events.summary.as_json(),
            "events": records(events.result.events),
            "dismissed": records(events.result.dismissed),
        }
        print(json.dumps(found, ensure_ascii=False, indent=1))
    elif not quiet:
        from overflight.cli.summary import print_summary

        print_summary(events.result, [str(path) for path in out or [] if path != STDOUT], to_stderr=piped)
    verdicts = set(events.result.events["verdict"].to_list())
    if verdicts and (fail_on == "any" or fail_on in verdicts):
        raise typer.Exit(1)


def thresholds(texts: list[str], config: Path | None) -> dict[str, float]:
    """Collect thresholds of the integrity gate; those on the command line win over those of the file.

    Raises:
        InputError: the file cannot be read or is no TOML.
        ParameterError: not name=number.
    """
    found: dict[str, float] = {}
    if config is not None:
        try:
            tables = tomllib.loads(config.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(
                f"cannot be read ({error.strerror})", path=str(config), remedy="name a TOML file"
            ) from None
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError(f"is no TOML ({error})", path=str(config), remedy="mend the line named") from None
        if set(tables) != {"integrity"} or not isinstance(tables["integrity"], dict):
            there = ", ".join(tables) or "nothing"
            raise InputError(f"holds {there}", path=str(config), remedy="give it one table, [integrity]")
        found |= tables["integrity"]
    for text in texts:
        name, _, value = text.partition("=")
        try:
            number = float(value)
        except ValueError:
            raise ParameterError("--threshold", text, "is no name=number", remedy="write it like stale_s=30") from None
        found[name.strip()] = int(number) if number.is_integer() else number
    return found
