"""The live loop in a thread of its own, and what is to be said of it: a page must know at any time what is looked at, and what is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import polars as pl

from overflight.airspace.volume import Airspace
from overflight.engine.journal import Journal
from overflight.engine.live import Live
from overflight.engine.parameters import NETS
from overflight.engine.watch import NOW_S, SourceStatus, Watch
from overflight.errors import OverflightError
from overflight.server.sky import Picture, Sky
from overflight.store.alarms import to_text
from overflight.surveillance.feeds.feed import Feed

_SLOW_S: Final = 5.0
"""The thread looks at its sources twice a second: one that has not for so long does not keep up, or stands still."""


@dataclass(frozen=True)
class Shown:
    """What the loop is shown as.

    Attributes:
        recording: name of what is replayed; None where sources report what happens.
        speed: of the replay, times real time; 0 for as fast as it can.
    """

    recording: str | None
    speed: float


class Loop:
    """Runs a `Watch` until its sources end, it fails, or it is stopped."""

    def __init__(
        self,
        live: Live,
        feeds: Sequence[Feed],
        journal: Journal,
        sky: Sky,
        airspace: Airspace,
        shown: Shown,
        *,
        agreed: bool,
    ) -> None:
        """Keep what to run; `agreed` says whether there is an agreement."""
        self._live, self._sky, self._shown = live, sky, shown
        self._airspace, self._agreed = airspace, agreed
        self._told: Callable[[], None] = lambda: None
        self._watch = Watch(live, feeds, journal, lambda _: self._told(), self._looked)
        self._thread = threading.Thread(target=self._run, name="loop", daemon=True)
        self._counted: dict[str, Any] = {"in_sight": 0, "rows": 0, "dropped": 0, "late_in_a_row": 0, "sources": []}
        self._looked_s = time.monotonic()
        self._state, self._trouble = "starting", None

    @property
    def state(self) -> str:
        """How it is: starting, running, slow (it does not keep up, or stands still), ended (its sources have), stopped or failed."""
        if self._state == "running" and time.monotonic() - self._looked_s > _SLOW_S:
            return "slow"
        return self._state

    def start(self, told: Callable[[], None]) -> None:
        """Start the thread, which calls `told` when the log of alarms has grown."""
        self._told = told
        self._state = "running"
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, with the state stored."""
        self._watch.stop()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._watch.run()
            self._state = "ended"
        except OverflightError as error:
            self._state, self._trouble = "failed", " ".join(str(error).split())
        except BaseException as error:
            self._state, self._trouble = "failed", f"an error of ours: {type(error).__name__}"
            raise

    def _looked(self, sources: list[SourceStatus]) -> None:
        """Keep what others ask for: what the loop counts changes under whoever reads it from another thread."""
        live = self._live
        self._counted = {
            "in_sight": live.in_sight,
            "rows": live.rows,
            "dropped": sum(live.drops.counts.values()),
            "late_in_a_row": live.late_in_a_row,
            "sources": [asdict(source) for source in sources],
        }
        self._looked_s = time.monotonic()

    def picture(self) -> Picture:
        """Return the sky now: where sources report what happens now, positions age though nothing comes."""
        now_us = time.time_ns() // 1000
        late_us = now_us - (self._live.watermark_us or 0)
        as_it_happens = self._shown.recording is None and abs(late_us) < NOW_S * 1e6 * 30
        return self._sky.picture(now_us if as_it_happens else None)

    def status(self) -> dict[str, Any]:
        """Say how it is, as plain data."""
        watermark_us, running = self._live.watermark_us, self._live.nets
        return {
            "mode": self._mode(watermark_us),
            "behind_s": None if watermark_us is None else round(self._behind_s(watermark_us), 1),
            "recording": self._shown.recording,
            "speed": self._shown.speed,
            "state": self.state,
            "trouble": self._trouble,
            "watermark": None if watermark_us is None else to_text(watermark_us),
            "server_time": to_text(time.time_ns() // 1000),
            "nets": running,
            "off": [{"net": net, "why": self._why_off(net)} for net in NETS if net not in running],
            "not_tested": [f"{one.name}: {one.reason}" for one in self._airspace.refused],
            **self._counted,
        }

    def _mode(self, watermark_us: int | None) -> str:
        """Say whether now is looked at: a stream that is read from its beginning is live only once it has come to its end."""
        if self._shown.recording is not None:
            return "replay"
        return "live" if watermark_us is None or self._behind_s(watermark_us) <= NOW_S else "behind"

    @staticmethod
    def _behind_s(watermark_us: int) -> float:
        return time.time() - watermark_us * 1e-6

    def _why_off(self, net: str) -> str:
        if net in {"incursion", "hazard", "line"} and not self._airspace.volumes:
            return "no airspace was given"
        return "no agreement was given" if net == "breach" and not self._agreed else "not asked for"


def both(*takers: Callable[[pl.DataFrame], None]) -> Callable[[pl.DataFrame], None]:
    """Give rows to several."""

    def give(rows: pl.DataFrame) -> None:
        for take in takers:
            take(rows)

    return give
