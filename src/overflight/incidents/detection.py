"""A check of the evidence, so that whoever holds the evidence can repeat it and compare the ids of what it finds.

The id of an event is the hash of what it is, so the same evidence gives the same ids on any machine. An agreement that is evidence may name volumes by
bundled sets only: files beside it are not in the evidence.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from overflight.agreement.logs import read_logs
from overflight.agreement.read import read_agreement
from overflight.airspace.read import read_airspace
from overflight.airspace.volume import Airspace
from overflight.engine.history import check_recording
from overflight.engine.parameters import CheckParameters
from overflight.engine.result import CheckResult
from overflight.errors import InputError
from overflight.incidents.evidence import held
from overflight.incidents.statements import Detection
from overflight.surveillance.read import read
from overflight.units import parse_time

PARAMETERS: Final = (
    "nets", "minima", "profile", "vertical_tolerance", "max_gap", "unknown_altitude", "alerting", "allow", "start", "end",
)  # fmt: skip
"""What of `CheckParameters` a statement may say."""


def detected(told: Detection, evidence: Path) -> CheckResult | None:
    """Check the evidence as a statement says; None where a piece of it is not there.

    Raises:
        InputError: a piece is not what its digest says, or cannot be read; a parameter is none that is known.
        ParameterError: a parameter makes no sense.
    """
    agreed = [] if told.agreement is None else [told.agreement]
    digests = [*told.recordings, *(one for one in told.airspace if _is_piece(one)), *agreed, *told.logs]
    files = {digest: held(evidence, digest) for digest in digests}
    if any(file is None for file in files.values()):
        return None
    recording = read(*(str(files[digest]) for digest in told.recordings))
    sources = [files.get(name) or name for name in told.airspace]
    airspace = read_airspace(*sources) if sources else Airspace()
    parameters = parameters_of(told.parameters)
    if told.agreement is not None:
        logs = read_logs(*(str(files[digest]) for digest in told.logs))
        parameters = replace(parameters, agreement=read_agreement(str(files[told.agreement])), logs=logs)
    return check_recording(recording, parameters, airspace)


def parameters_of(told: dict[str, Any]) -> CheckParameters:
    """Return what a check is told, from what a statement says of it.

    Raises:
        InputError: one is none that is known, or of another type.
        ParameterError: one makes no sense.
    """
    types = {field.name: field.type for field in fields(CheckParameters)}
    given: dict[str, str | tuple[str, ...] | datetime] = {}
    for name, value in told.items():
        several = str(types.get(name, "")).startswith("tuple")
        if name not in PARAMETERS or isinstance(value, list) != several:
            raise InputError(f"detection: {name!r} is no parameter of a check", place="statement")
        given[name] = tuple(value) if several else parse_time(value) if name in {"start", "end"} else value
    return CheckParameters(**given)  # type: ignore[arg-type]


def _is_piece(name: str) -> bool:
    return ":" not in name
