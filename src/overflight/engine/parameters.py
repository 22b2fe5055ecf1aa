"""What a check is told, and what the nets are told of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from overflight.agreement.logs import NO_LOGS, Logs
from overflight.airspace.levels import QNH_UNCERTAINTY_HPA
from overflight.errors import ParameterError
from overflight.nets.alerting import TABLES
from overflight.nets.incursion import ALLOWED_BY
from overflight.nets.minima import PROFILES, Minima, parse_minima
from overflight.nets.rules import Rules
from overflight.nets.separation import SeparationParameters
from overflight.surveillance import integrity
from overflight.surveillance.integrity import Thresholds
from overflight.units import FT_M, parse_duration_s, parse_length_m

if TYPE_CHECKING:
    from overflight.agreement.model import Agreement  # pydantic is loaded where there is one

NETS: Final = ("separation", "incursion", "hazard", "line", "breach", "lost", "interference", "conflict")


@dataclass(frozen=True)
class CheckParameters:
    """What a check is told; the texts are as on the command line.

    Attributes:
        nets: which nets run; empty for separation, and with airspace incursion, hazard, line and interference.
        minima: horizontal and vertical minimum of every pair, "5 NM/1000 ft".
        profile: a named set of minima for every pair: en-route, terminal, well-clear, nmac.
        vertical_tolerance: taken off vertical minima; None for 200 ft off minima of 1,000 ft and more.
        max_gap: two reports of a track at most this far apart are bridged.
        include_ground: use positions on the ground too.
        unknown_altitude: "count" the time that could not be tested, or "report" pairs as undetermined.
        ungated: use positions whatever the integrity gate says of them.
        thresholds: of the integrity gate.
        start, end: check only positions from `start` to before `end`.
        bbox: check only positions within west, south, east, north (deg); west > east crosses the antimeridian.
        threads: of the kernels; None for one a core. The answer does not depend on it.
        allow: tracks that may be in any volume, "callsign=THY*".
        qnh_uncertainty_hpa: how far QNH may be from 1013.25 hPa, for limits above mean sea level.
        alerting: levels and times of predicted conflicts, by name (`overflight.nets.alerting.TABLES`).
        widening: how many times the accuracies of both aircraft are added to the distances of predicted conflicts.
        agreement: parties and rules, for the net `breach`.
        logs: calls, notices and plans that its rules ask for.
    """

    nets: tuple[str, ...] = ()
    minima: str | None = None
    profile: str | None = None
    vertical_tolerance: str | None = None
    max_gap: str = "60s"
    include_ground: bool = False
    unknown_altitude: str = "count"
    ungated: bool = False
    thresholds: Thresholds = field(default_factory=Thresholds)
    start: datetime | None = None
    end: datetime | None = None
    bbox: tuple[float, ...] | None = None
    threads: int | None = None
    allow: tuple[str, ...] = ()
    qnh_uncertainty_hpa: float = QNH_UNCERTAINTY_HPA
    alerting: str = "stca"
    widening: float = 0.0
    agreement: Agreement | None = None
    logs: Logs = NO_LOGS

    def __post_init__(self) -> None:
        """Refuse what makes no sense before anything is read.

        Raises:
            ParameterError: it does not.
        """
        for name in ("minima", "profile", "vertical_tolerance", "max_gap", "unknown_altitude"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                option = f"--{name.replace('_', '-')}"
                raise ParameterError(
                    option, value, "is no text with a unit", remedy='write it like "5 NM/1000 ft" or "60s"'
                )
        if self.threads is not None and self.threads < 1:
            raise ParameterError("threads", self.threads, "is no number of threads", remedy="give 1 or more")
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ParameterError("--to", str(self.end), f"is not after --from {self.start}", remedy="swap the two")
        if self.bbox is not None:
            west, south, east, north = self.bbox if len(self.bbox) == 4 else (0.0, 1.0, 0.0, -1.0)
            if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
                remedy = "write it like --bbox=-122,36,-121,37"
                raise ParameterError("--bbox", self.bbox, "is no west, south, east, north on the Earth", remedy=remedy)
        if unknown := sorted(set(self.nets) - set(NETS)):
            raise ParameterError("--net", ", ".join(unknown), "is no net", remedy=f"choose from {', '.join(NETS)}")
        if self.alerting not in TABLES:
            raise ParameterError("--alerting", self.alerting, "is unknown", remedy=f"choose from {', '.join(TABLES)}")
        if not 0 <= self.widening <= 10:
            raise ParameterError("--widening", self.widening, "is no number of accuracies", remedy="give 0 to 10")
        self.allowed()
        if not 0 <= self.qnh_uncertainty_hpa <= 100:
            raise ParameterError(
                "--qnh-uncertainty", self.qnh_uncertainty_hpa, "is no uncertainty in hPa", remedy="give 0 to 100"
            )
        self.separation("")

    def separation(self, inputs: str) -> SeparationParameters:
        """Read the texts of the separation net.

        Raises:
            ParameterError: a text cannot be read, or two parameters contradict each other.
        """
        if self.minima is not None and self.profile is not None:
            raise ParameterError("--profile", self.profile, "is given beside --minima", remedy="give one of the two")
        stated: Minima | None = None
        if self.minima is not None:
            stated = parse_minima(self.minima)
        elif self.profile is not None:
            if self.profile not in PROFILES:
                raise ParameterError(
                    "--profile", self.profile, "is no profile", remedy=f"choose from {', '.join(PROFILES)}"
                )
            stated = PROFILES[self.profile]
        tolerance_ft = None
        if self.vertical_tolerance is not None:
            tolerance_ft = parse_length_m(self.vertical_tolerance, "--vertical-tolerance") / FT_M
        max_gap_s = parse_duration_s(self.max_gap, "--max-gap")
        if not 0 < max_gap_s <= 3600:
            raise ParameterError(
                "--max-gap", self.max_gap, "is no gap to bridge", remedy="give one above 0 s, up to 1 h"
            )
        if self.unknown_altitude not in {"count", "report"}:
            raise ParameterError(
                "--unknown-altitude", self.unknown_altitude, "is unknown", remedy='choose "count" or "report"'
            )
        Rules(stated, tolerance_ft)  # refuses a tolerance that leaves nothing
        skipped = 0 if self.ungated else integrity.DISQUALIFYING
        return SeparationParameters(
            minima=stated,
            tolerance_ft=tolerance_ft,
            max_gap_s=max_gap_s,
            report_unknown=self.unknown_altitude == "report",
            skipped=skipped | (0 if self.include_ground else integrity.ON_GROUND),
            threads=self.threads or os.cpu_count() or 1,
            inputs=inputs,
        )

    @property
    def agreed(self) -> tuple[str, ...]:
        """SHA-256 of the agreement and of the logs."""
        return (*(() if self.agreement is None else (self.agreement.digest,)), *self.logs.digests)

    def allowed(self) -> tuple[tuple[str, str], ...]:
        """Read the texts of `allow` as (field, pattern).

        Raises:
            ParameterError: one names no field, or no pattern.
        """
        rules: list[tuple[str, str]] = []
        for text in self.allow:
            field, _, pattern = text.partition("=")
            if field not in ALLOWED_BY or not pattern:
                remedy = f'write it like "callsign=THY*"; fields are {", ".join(ALLOWED_BY)}'
                raise ParameterError("--allow", text, "is no rule", remedy=remedy)
            rules.append((field, pattern))
        return tuple(rules)

    def described(self) -> dict[str, str]:
        """Say the parameters in words, by their names on the command line."""
        said = {
            "nets": ", ".join(self.nets) or "by what is given",
            "minima": self.minima or (f"profile {self.profile}" if self.profile else "by each pair's rules of flight"),
            "vertical tolerance": self.vertical_tolerance or "200 ft off minima of 1,000 ft and more",
            "largest gap bridged": self.max_gap,
            "on the ground": "included" if self.include_ground else "left out",
            "unknown altitude": "reported as undetermined"
            if self.unknown_altitude == "report"
            else "counted, not tested",
            "integrity gate": "off" if self.ungated else "on",
        }
        if self.agreement is not None:
            said["agreement"] = self.agreement.title
        if self.qnh_uncertainty_hpa != QNH_UNCERTAINTY_HPA:
            said["QNH uncertainty"] = f"{self.qnh_uncertainty_hpa:g} hPa"
        if "conflict" in self.nets:
            said["alerting"] = self.alerting
        if self.widening:
            said["widening"] = f"{self.widening:g} times the accuracies"
        if self.allow:
            said["allowed"] = ", ".join(self.allow)
        if self.start or self.end:
            said["time"] = f"{self.start or 'the beginning'} to {self.end or 'the end'}"
        if self.bbox:
            said["area"] = "{}, {} to {}, {} (W, S, E, N)".format(*self.bbox)
        return said | {f"integrity {name}": text for name, text in self.thresholds.changed().items()}
