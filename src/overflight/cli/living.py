"""What the commands that go on live have in common: what their nets are told."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from overflight.airspace.volume import Airspace
    from overflight.engine.parameters import CheckParameters


def told(
    net: Sequence[str] | None,
    airspace: Sequence[str] | None,
    agreement: str | None,
    log: Sequence[str] | None,
    **more: Any,
) -> tuple[CheckParameters, Airspace]:
    """Read what nets are told; without any named, all run that can. What cannot be read of the airspace is said on stderr.

    Raises:
        InputError: airspace, agreement or log cannot be read.
        ParameterError: a parameter makes no sense.
    """
    from overflight.agreement.logs import read_logs
    from overflight.agreement.read import read_agreement
    from overflight.airspace.read import read_airspace
    from overflight.engine.parameters import NETS, CheckParameters

    volumes = read_airspace(*(airspace or ()))
    need = {"incursion", "hazard", "line"} if not (volumes.volumes or volumes.refused) else set[str]()
    need |= {"breach"} if agreement is None else set[str]()
    parameters = CheckParameters(
        nets=tuple(net or (name for name in NETS if name not in need)),
        agreement=None if agreement is None else read_agreement(agreement),
        logs=read_logs(*(log or ())),
        **more,
    )
    for refused in volumes.refused:
        print(f"overflight: {refused.name} is not tested: {refused.reason} ({refused.source})", file=sys.stderr)
    return parameters, volumes
