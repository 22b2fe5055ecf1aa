"""`open_feed`: from the name of a source to the source."""

from __future__ import annotations

from overflight.errors import InputError
from overflight.surveillance.feeds.feed import Feed

_KINDS = (
    "tcp://HOST:PORT, http://HOST/data/aircraft.json, opensky:, udp://HOST:PORT, nats://HOST:PORT/STREAM or - (standard "
    "input)"
)


def open_feed(name: str, *, after: int | None = None) -> Feed:
    """The source of a name. Nothing is connected before its `pieces` are asked for.

    Args:
        name: where to listen; ``-`` is standard input.
        after: the `Piece.position` that it goes on after, for a source that can be resumed; None for all that it has.

    Raises:
        InputError: no such kind of source, or a name that is not whole.
    """
    if name == "-":
        from overflight.surveillance.feeds.stdin import Stdin

        return Stdin()
    raise InputError("no known kind of source", path=name, remedy=f"name it as {_KINDS}")
