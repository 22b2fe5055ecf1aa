"""The screen of ``overflight watch``: sources, what is going on, what was last over."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console, Group
from rich.live import Live as Display
from rich.table import Table
from rich.text import Text

from overflight.engine.live import Live
from overflight.engine.watch import SourceStatus

MOST_OPEN: Final = 15
MOST_OVER: Final = 8
QUIET: Final = "Nothing is open in what can be seen. Where nothing is seen, this says nothing."
_KINDS: Final = ("conflict", "separation", "lost", "outage", "hazard", "incursion", "interference")
"""In the order in which they matter to somebody who can still act."""
_STYLES: Final = {"confirmed": "bold red", "undetermined": "yellow"}


class Screen:
    """Redrawn twice a second."""

    def __init__(self, live: Live) -> None:
        """Show nothing yet."""
        self._live, self._over = live, deque[dict[str, Any]](maxlen=MOST_OVER)
        self._counts: dict[str, int] = {}
        self._sources: list[SourceStatus] = []
        self._rows_before: tuple[float, int] | None = None
        self._rate = 0.0
        self._console = Console()
        self._display = Display(
            console=self._console, screen=self._console.is_terminal, auto_refresh=False, transient=True
        )

    def __enter__(self) -> Self:
        """Take the terminal over."""
        self._display.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back."""
        self._display.stop()

    def told(self, changes: list[dict[str, Any]]) -> None:
        """Take in changes, as plain data."""
        for change in changes:
            self._counts[change["life"]] = self._counts.get(change["life"], 0) + 1
            if change["life"] in {"closed", "revised", "withdrawn"}:
                self._over.appendleft(change)

    def show(self, sources: list[SourceStatus]) -> None:
        """Draw."""
        self._sources = sources
        now = datetime.now(UTC).timestamp()
        if self._rows_before is None:
            self._rows_before = (now, self._live.rows)
        elif now - self._rows_before[0] >= 2.0:
            self._rate = (self._live.rows - self._rows_before[1]) / (now - self._rows_before[0])
            self._rows_before = (now, self._live.rows)
        self._display.update(self._page(), refresh=True)

    def last(self) -> None:
        """Leave the last picture behind."""
        self._console.print(self._page())

    def _page(self) -> Group:
        return Group(
            self._head(), self._source_table(), Text(), self._open_table(), Text(), self._over_table(), self._foot()
        )

    def _head(self) -> Text:
        live, at = self._live, self._live.watermark_us
        event = (
            "no reports yet"
            if at is None
            else f"judged up to {datetime.fromtimestamp(at / 1e6, UTC):%Y-%m-%d %H:%M:%S} UTC"
        )
        return Text(
            f"Overflight   {event}   {live.in_sight:,} tracks in the last minute   {self._rate:,.0f} positions/s   "
            f"nets: {', '.join(live.nets)}",
            style="bold",
        )

    def _source_table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for source in self._sources:
            if source.stale:
                since = "never heard" if source.silent_s is None else f"silent for {source.silent_s:.0f} s"
                state = Text(
                    f"STALE: {since}. What is shown may be over, what is not shown may be there.",
                    style="bold white on red",
                )
            else:
                state = Text(f"heard {source.silent_s:.1f} s ago", style="green")
            said = f"{source.rows:,} positions" + (f", {source.lost:,} dropped" if source.lost else "")
            table.add_row(Text(source.name), state, Text(said), Text(source.trouble or "", style="red"))
        if self._live.late_in_a_row > 100:
            late = f"{self._live.late_in_a_row:,} positions in a row came too late: has a clock gone back? Start again to begin anew."
            table.add_row(Text(late, style="bold white on red"))
        return table

    def _open_table(self) -> Table | Text:
        events = sorted(self._live.open.values(), key=_gravity)
        if not events:
            return Text(QUIET, style="dim")
        table = Table(title=f"Open: {len(events)}", title_justify="left", expand=True, box=None, header_style="bold")
        for name in ("kind", "verdict", "who", "where", "level or rule", "NM", "ft", "closing kt", "since", "why"):
            table.add_column(name, overflow="ellipsis", no_wrap=name != "why", ratio=1 if name == "why" else None)
        for event in events[:MOST_OPEN]:
            table.add_row(*_cells(event), style=_STYLES.get(event["verdict"], ""))
        if len(events) > MOST_OPEN:
            table.caption = f"and {len(events) - MOST_OPEN} more"
        return table

    def _over_table(self) -> Table | Text:
        if not self._over:
            return Text()
        table = Table(
            title="Last over", title_justify="left", expand=True, box=None, header_style="bold dim", style="dim"
        )
        for name in ("", "kind", "verdict", "who", "where", "level or rule", "NM", "ft", "closing kt", "since", "why"):
            table.add_column(name, overflow="ellipsis", no_wrap=True, ratio=1 if name == "why" else None)
        for change in self._over:
            table.add_row(change["life"], *_cells(change["event"]))
        return table

    def _foot(self) -> Text:
        dropped = sum(self._live.drops.counts.values())
        said = ", ".join(f"{count:,} {life}" for life, count in sorted(self._counts.items())) or "no event so far"
        not_events = sum(self._live.dismissed.values())
        return Text(
            f"{said}; {not_events:,} encounters and silences that are none; {dropped:,} positions dropped"
            + (f" ({max(self._live.drops.counts, key=self._live.drops.counts.__getitem__)}, ...)" if dropped else "")
            + ". Advisory. Ctrl-C ends.",
            style="dim",
        )


def _gravity(event: dict[str, Any]) -> tuple[int, float, str]:
    kind = _KINDS.index(event["kind"]) if event["kind"] in _KINDS else len(_KINDS)
    due = _due_s(event)
    grave = due if due is not None else event["severity"] if event["severity"] is not None else 1e9
    return kind, grave, event["start"]


def _due_s(event: dict[str, Any]) -> float | None:
    parameters = event["parameters"]
    return parameters.get("gravest", {}).get("time_to_loss_s") if event["kind"] == "conflict" else None


def _cells(event: dict[str, Any]) -> list[str]:
    parameters: dict[str, Any] = event["parameters"] or {}
    who = " ".join(filter(None, (_name(event, parameters.get(side), side) for side in "ab")))
    rule, due = event["rule"] or "", _due_s(event)
    numbers = [
        "" if event[name] is None else form.format(event[name])
        for name, form in (("horizontal_nm", "{:.2f}"), ("vertical_ft", "{:.0f}"), ("closure_kt", "{:.0f}"))
    ]
    level = rule if due is None else f"{rule} in {due:.0f} s"
    where = event["volume"] or (
        f"{event['latitude']:.3f} {event['longitude']:.3f}" if event["latitude"] is not None else ""
    )
    return [event["kind"], event["verdict"], who, where, level, *numbers, event["start"][11:19], event["why"] or ""]


def _name(event: dict[str, Any], told: dict[str, Any] | None, side: str) -> str:
    """The callsign of one side where it is known, else its track."""
    return str((told["callsign"] if told else None) or event[f"track_{side}"] or "").strip()
