"""Where the service listens: on this machine alone unless told otherwise, and never in the open without TLS."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from overflight.errors import InputError, ParameterError

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names by which this machine reaches itself."""


@dataclass(frozen=True)
class Address:
    """Where the service listens.

    Attributes:
        host, port: as given; port 0 is any that is free.
        tls: certificate and key, where it speaks TLS itself.
        proxy: address of the proxy that ends TLS before it.
    """

    host: str
    port: int
    tls: tuple[Path, Path] | None = None
    proxy: str | None = None

    @classmethod
    def of(cls, listen: str, cert: Path | None, key: Path | None, proxy: str | None) -> Self:
        """Read what the command line says.

        Raises:
            ParameterError: no address, a certificate without its key, or an address that others reach without TLS.
            InputError: certificate or key is not there.
        """
        host, _, port = listen.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise ParameterError("--listen", listen, "is no address", remedy="write it like 127.0.0.1:8080")
        if (cert is None) != (key is None):
            raise ParameterError("--tls-cert", str(cert), "goes with --tls-key", remedy="give both")
        for file in (cert, key):
            if file is not None and not file.is_file():
                raise InputError("is no file", path=str(file), remedy="name the certificate and its key, in PEM")
        found = cls(host, int(port), None if cert is None or key is None else (cert, key), proxy)
        if not found.local and not found.secure:
            remedy = "give --tls-cert and --tls-key, or --behind-proxy with the address of a proxy that ends TLS"
            raise ParameterError(
                "--listen", listen, "is reached by others, who would send their passwords in the open", remedy=remedy
            )
        return found

    @property
    def local(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def secure(self) -> bool:
        """Whether pages come over TLS."""
        return self.tls is not None or self.proxy is not None

    def url(self, port: int) -> str:
        """Return the address of the page, at the port that was taken."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{port}"
