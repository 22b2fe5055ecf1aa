"""What the parts of the service share."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overflight._version import __version__
from overflight.airspace.volume import Airspace
from overflight.database import Database
from overflight.engine.live import LATENESS_S
from overflight.engine.parameters import CheckParameters
from overflight.server.attempts import Attempts
from overflight.server.bell import Bell
from overflight.server.coordinating import Coordination, Others
from overflight.server.loop import Loop
from overflight.server.mail import Mail
from overflight.server.notices import Notices
from overflight.server.oidc import Provider
from overflight.server.pictures import Pictures
from overflight.server.sky import Sky
from overflight.server.sources import Sources
from overflight.store.positions import Positions


@dataclass(frozen=True)
class Work:
    """What the service has to do.

    Attributes:
        sources: what feeds it.
        parameters: what its nets are told.
        airspace: the volumes that flights are held against.
        lateness_s: how much later than others a report may come, in s.
        record: folder of the party whose record is shown, if there is one.
        mail: through whom mail goes, if through anybody.
        inside: hosts of one's own network that webhooks may reach.
        provider: where people log in, if not here alone.
        others: other systems that parties coordinate with.
    """

    sources: Sources
    parameters: CheckParameters
    airspace: Airspace
    lateness_s: float = LATENESS_S
    record: Path | None = None
    mail: Mail | None = None
    inside: Collection[str] = ()
    provider: Provider | None = None
    others: Others = field(default_factory=Others)


@dataclass
class Service:
    """What the parts of the service share.

    Attributes:
        store: the database.
        positions: what flew.
        sky: the last position of every track.
        loop: what judges.
        work: what it has to do.
        secure: whether pages come over TLS.
        coordination: what parties declare before they fly.
        attempts: failed logins.
    """

    store: Database
    positions: Positions
    sky: Sky
    loop: Loop
    work: Work
    secure: bool
    coordination: Coordination
    attempts: Attempts = field(default_factory=Attempts)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    bell: Bell = field(init=False)
    pictures: Pictures = field(init=False)
    notices: Notices = field(init=False)

    def __post_init__(self) -> None:
        """Make what the service's own parts follow."""
        self.bell = Bell(self.store)
        self.notices = Notices(self.store, self.bell, self.work.mail, self.work.inside)
        self.pictures = Pictures(lambda: (self.loop.picture(), self.status()))

    def stop(self) -> None:
        """Let those that follow something be told that it ends; from any thread."""
        self.bell.call(self._stop)

    def _stop(self) -> None:
        self.stopping.set()
        self._telling = asyncio.ensure_future(self.bell.stop())

    def status(self) -> dict[str, Any]:
        """Say how the service is, as plain data."""
        kept = self.positions.span()
        span = None if kept is None else [moment.isoformat() for moment in kept]
        told = {
            "version": __version__,
            "place": self.work.sources.place,
            "span": span,
            "alarms_trouble": self.bell.trouble,
        }
        return told | self.loop.status()
