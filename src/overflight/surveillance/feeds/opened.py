"""`open_feed`: from the name of a source to the source."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from overflight.errors import InputError
from overflight.surveillance.feeds.feed import Feed
from overflight.surveillance.feeds.place import place_of

if TYPE_CHECKING:
    from overflight.surveillance.feeds.datagrams import Decode
    from overflight.surveillance.radars import Radars

KINDS: Final = (
    "tcp://HOST:PORT, http://HOST/data/aircraft.json, opensky:, udp://HOST:PORT, nats://HOST:PORT/STREAM or - (standard "
    "input)"
)


def open_feed(name: str, *, after: int | None = None, decode: Decode | None = None) -> Feed:
    """The source of a name. Nothing is connected before its `pieces` are asked for.

    Args:
        name: where to listen; ``-`` is standard input.
        after: the `Piece.position` that it goes on after, for a source that can be resumed; None for all that it has.
        decode: what takes the datagrams of ``udp://``; None for ASTERIX.

    Raises:
        InputError: no such kind of source, or a name that is not whole.
    """
    opener = _OPENERS.get(name if name == "-" else name.partition(":")[0].lower() + ":" if ":" in name else "")
    if opener is None:
        raise InputError("no known kind of source", path=name.rpartition("@")[2], remedy=f"name it as {KINDS}")
    return opener(name, after, decode)


def decoder(radars: Radars) -> Decode | None:
    """Return what takes the datagrams of ``udp://`` for sources that may hold radars at these places; None to load it only where it is needed."""
    if not radars:
        return None
    from overflight.surveillance.asterix import decode

    return partial(decode, radars=radars)


def _stdin(_: str, _after: int | None, _decode: Decode | None) -> Feed:
    from overflight.surveillance.feeds.stdin import Stdin

    return Stdin()


def _tcp(name: str, _: int | None, _decode: Decode | None) -> Feed:
    from overflight.surveillance.feeds.tcp import Tcp

    return Tcp(place_of(name, "tcp://HOST:30005"))


def _http(name: str, _: int | None, _decode: Decode | None) -> Feed:
    from overflight.surveillance.feeds.polled import aircraft

    port = 443 if name.lower().startswith("https") else 80
    return aircraft(place_of(name, "http://HOST/data/aircraft.json", port))


def _opensky(name: str, _: int | None, _decode: Decode | None) -> Feed:
    from overflight.surveillance.feeds.opensky import network

    return network(name, os.environ)


def _udp(name: str, _: int | None, decode: Decode | None) -> Feed:
    from overflight.surveillance.feeds.datagrams import Datagrams

    return Datagrams(place_of(name, "udp://239.1.1.1:8600", host="0.0.0.0"), decode)


def _nats(name: str, after: int | None, _: Decode | None) -> Feed:
    from overflight.surveillance.feeds.jetstream import JetStream

    return JetStream(place_of(name, "nats://HOST:4222/STREAM", 4222), after)


_OPENERS: Final[dict[str, Callable[[str, int | None, Decode | None], Feed]]] = {
    "-": _stdin,
    "tcp:": _tcp,
    "http:": _http,
    "https:": _http,
    "opensky:": _opensky,
    "udp:": _udp,
    "nats:": _nats,
}
