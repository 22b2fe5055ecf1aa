"""Which nets there are, and what each is told."""

from __future__ import annotations

from typing import Final

from overflight.agreement.matching import Matching
from overflight.airspace.volume import Airspace
from overflight.engine.parameters import CheckParameters
from overflight.errors import ParameterError
from overflight.nets.alerting import TABLES
from overflight.nets.asked import ConflictParameters
from overflight.nets.base import Net
from overflight.nets.entering import Entering, EnteringParameters
from overflight.nets.incursion import Incursion, IncursionParameters
from overflight.nets.interference import Interference, InterferenceParameters
from overflight.nets.lost import Lost, LostParameters
from overflight.nets.predicted import Conflict
from overflight.nets.separation import Separation, SeparationParameters
from overflight.nets.stay_events import net_of
from overflight.surveillance.batch import TrackNames

NEED_AIRSPACE: Final = ("incursion", "hazard", "line")


def chosen(parameters: CheckParameters, airspace: Airspace) -> tuple[str, ...]:
    """Return the nets that run: those asked for, else separation, and with airspace or an agreement those that need one.

    Raises:
        ParameterError: a net that needs airspace, or an agreement, was asked for, and there is none.
    """
    given = bool(airspace.volumes or airspace.refused)
    if not parameters.nets:
        agreed = () if parameters.agreement is None else ("breach",)
        # A border verdict on spoofed positions would be worth nothing: interference is looked for beside it.
        return ("separation", *NEED_AIRSPACE, *agreed, "interference") if given else ("separation", *agreed)
    if "breach" in parameters.nets and parameters.agreement is None:
        raise ParameterError("--net", "breach", "needs an agreement", remedy="give one with --agreement")
    for name in NEED_AIRSPACE:
        if name in parameters.nets and not given:
            raise ParameterError("--net", name, "needs volumes", remedy="give some with --airspace")
    return parameters.nets


def built(parameters: CheckParameters, told: SeparationParameters, airspace: Airspace, names: TrackNames) -> list[Net]:
    """Build the nets that run."""
    wanted = chosen(parameters, airspace)
    nets: list[Net] = []
    if "separation" in wanted:
        nets.append(Separation(told, names))
    volumes = tuple(v for v in airspace.volumes if net_of(v.kind) in wanted)
    if volumes:
        nets.append(
            Incursion(
                IncursionParameters(
                    volumes=volumes,
                    allow=parameters.allowed(),
                    max_gap_s=told.max_gap_s,
                    report_unknown=told.report_unknown,
                    skipped=told.skipped,
                    qnh_uncertainty_hpa=parameters.qnh_uncertainty_hpa,
                    threads=told.threads,
                    inputs=told.inputs,
                ),
                names,
            )
        )
    if "breach" in wanted and parameters.agreement is not None:
        from overflight.nets.breach import Breach, BreachParameters

        agreed = BreachParameters(parameters.agreement, parameters.logs, told, parameters.qnh_uncertainty_hpa)
        nets.append(Breach(agreed, names))
    if "conflict" in wanted:
        nets.append(
            Conflict(
                ConflictParameters(
                    alerting=TABLES[parameters.alerting],
                    report_unknown=told.report_unknown,
                    everybody=told.minima is not None,
                    widening=parameters.widening,
                    skipped=told.skipped,
                    threads=told.threads,
                    inputs=told.inputs,
                ),
                names,
            )
        )
        logs = parameters.logs
        if logs.meanwhile is not None or any(one.volumes for one in logs.entries):
            matching = None if parameters.agreement is None else Matching(parameters.agreement)
            nets.append(
                Entering(
                    EnteringParameters(
                        logs=logs,
                        matching=matching,
                        oldest_s=ConflictParameters.oldest_s,
                        skipped=told.skipped,
                        qnh_uncertainty_hpa=parameters.qnh_uncertainty_hpa,
                        threads=told.threads,
                        inputs=told.inputs,
                    ),
                    names,
                )
            )
    if "lost" in wanted:
        nets.append(Lost(LostParameters(inputs=told.inputs), names))
    if "interference" in wanted:
        nets.append(Interference(InterferenceParameters(inputs=told.inputs), names))
    return nets
