"""Where a source is, taken out of its name; what is secret in the name stays out of everything that is said."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from overflight.errors import InputError


@dataclass(frozen=True)
class Place:
    """A name taken apart.

    Attributes:
        name: the name without user, password and query.
        host: as the user wrote it, brackets taken off.
        port: a number from 1 to 65535.
        url: all of it.
    """

    name: str
    host: str
    port: int
    url: SplitResult


def place_of(name: str, example: str, port: int | None = None, host: str | None = None) -> Place:
    """Take a name apart.

    Args:
        name: a URL.
        example: how it should look.
        port, host: those where it names none; None where it must.

    Raises:
        InputError: it has no host or no port, or is no URL.
    """
    remedy = f"write it like {example}"
    try:
        url = urlsplit(name)
        given = url.port
    except ValueError:
        raise InputError("no usable host and port", path=name.rpartition("@")[2], remedy=remedy) from None
    shown = url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="").geturl()
    found_host, found_port = url.hostname or host, given or port
    if not found_host:
        raise InputError("names no host", path=shown, remedy=remedy)
    if not found_port:
        raise InputError("names no port", path=shown, remedy=remedy)
    return Place(shown, found_host, found_port, url)
