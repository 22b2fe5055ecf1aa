"""Bearer tokens of the register's clients (RFC 9068's way, RS256): signed by an authority that all of them trust, for one audience, with scopes.

The keys are read from a file: nothing is asked over the network, and no other algorithm is taken, whatever a token says of itself.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import KeySet, RSAKey

from overflight.coordination.dss.client import Client
from overflight.coordination.dss.refusal import Refusal
from overflight.coordination.dss.requests import SCOPES
from overflight.errors import InputError
from overflight.server.pace import Pace

_LEEWAY_S: Final = 5
_LONGEST: Final = 8_192
_MOST_KNOWN: Final = 1_000
_SMALLEST_BITS: Final = 2_048


class Bearers:
    """What opens the register; `pace` is how often each of them may ask."""

    def __init__(self, keys: Path, audiences: Collection[str]) -> None:
        """Read the public keys of the authority: a JWKS, or one key as PEM. `audiences` are the names that tokens may call this register by.

        Raises:
            InputError: there is no RSA key of at least 2,048 bits in it.
        """
        self._keys = _keys(keys)
        self.pace = Pace()
        self._known: dict[str, tuple[Client, float]] = {}
        self._claims = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_S,
            iss={"essential": True, "allow_blank": False},
            sub={"essential": True, "allow_blank": False},
            aud={"essential": True, "values": sorted(audiences)},
            exp={"essential": True},
        )

    def client(self, header: str | None) -> Client:
        """Return who shows a token, from the header `Authorization`.

        Raises:
            Refusal: 401, there is none, or it does not hold.
        """
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refusal(401, "there is no bearer token")
        if len(token) > _LONGEST:
            raise Refusal(401, "the token is too long")
        known = self._known.get(token)
        if known is not None and time.time() < known[1]:
            return known[0]
        client, until_s = self._read(token.strip())
        if len(self._known) >= _MOST_KNOWN:
            self._known = {}
        self._known[token] = (client, until_s)
        return client

    def _read(self, token: str) -> tuple[Client, float]:
        """Return who a token is for, and until when."""
        try:
            claims: dict[str, Any] = jwt.decode(token, self._keys, algorithms=["RS256"]).claims
            self._claims.validate(claims)
        except (JoseError, ValueError, TypeError) as error:
            raise Refusal(401, f"the token does not hold ({type(error).__name__})") from None
        told, subject, issuer = claims.get("scope"), claims["sub"], claims["iss"]
        if not isinstance(subject, str) or not isinstance(issuer, str) or not isinstance(told, str):
            raise Refusal(401, "the token's iss, sub or scope is no text")
        if not subject.isprintable() or len(subject) > 256:
            raise Refusal(401, "the token's sub is no name")
        return Client(subject, frozenset(told.split()) & frozenset(SCOPES)), float(claims["exp"])


def _keys(path: Path) -> KeySet | RSAKey:
    remedy = "give the authority's public keys, as JWKS or PEM (RSA, 2,048 bits at least)"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # keys that are too short are refused below
            keys = _read(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=str(path), remedy=remedy) from None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise InputError("has no keys that can be read", path=str(path), remedy=remedy) from None
    fitting = [one for one in keys if one.public_key.key_size >= _SMALLEST_BITS]
    if not fitting:
        raise InputError("has no key that may be used", path=str(path), remedy=remedy)
    public = [RSAKey.import_key(one.as_dict(private=False)) for one in fitting]
    return KeySet([*public]) if len(public) > 1 else public[0]  # a key alone needs no name


def _read(content: str) -> list[RSAKey]:
    if not content.lstrip().startswith("{"):
        return [RSAKey.import_key(content)]
    told = json.loads(content)
    return [RSAKey.import_key(one) for one in told.get("keys", [told]) if one.get("kty") == "RSA"]
