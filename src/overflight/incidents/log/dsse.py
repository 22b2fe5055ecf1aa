"""Envelopes (DSSE): a payload, its type, and signatures over both."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, cast

from overflight.errors import InputError
from overflight.incidents.log.notes import Signer, VerifierKey

MOST_BYTES: Final = 65_535
"""An entry of a log is no longer (tlog-tiles)."""
MOST_SIGNATURES: Final = 16


@dataclass(frozen=True)
class Envelope:
    """A payload that somebody signed.

    Attributes:
        payload: its bytes.
        payload_type: what they are.
        key: whose signature it bears, of the keys that were asked about.
    """

    payload: bytes
    payload_type: str
    key: VerifierKey


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """Return what is signed (DSSE protocol, "PAE"): type and payload, each with its length."""
    kind = payload_type.encode()
    return b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload])


def sealed(payload: bytes, payload_type: str, by: Signer) -> bytes:
    """Sign a payload; returns the envelope as JSON.

    Raises:
        InputError: it is longer than an entry of a log may be.
    """
    made = by.sign(pre_authentication_encoding(payload_type, payload))
    told = {
        "payload": _encoded(payload),
        "payloadType": payload_type,
        "signatures": [{"keyid": by.key.label, "sig": _encoded(made)}],
    }
    content = json.dumps(told, separators=(",", ":")).encode()
    if len(content) > MOST_BYTES:
        raise InputError(f"the envelope is longer than {MOST_BYTES:,} bytes", remedy="attach what is long as evidence")
    return content


def opened(content: bytes, keys: Iterable[VerifierKey]) -> Envelope:
    """Open an envelope whose signature is by one of the keys.

    Raises:
        InputError: it is none, or no signature in it is by one of them.
    """
    payload, kind, signatures = _parts(content)
    message = pre_authentication_encoding(kind, payload)
    known = list(keys)
    for label, made in signatures:
        for key in known:
            if key.label == label and key.verifies(message, made):
                return Envelope(payload, kind, key)
    names = ", ".join(label[:80] for label, _ in signatures)
    raise InputError(
        f"the envelope is signed by no key that is pinned (it names {names})",
        place="envelope",
        remedy="if the key is right, put its line into the policy",
    )


def payload_of(content: bytes) -> bytes:
    """Return the payload of an envelope, whoever signed it.

    Raises:
        InputError: it is none.
    """
    return _parts(content)[0]


def _parts(content: bytes) -> tuple[bytes, str, list[tuple[str, bytes]]]:
    if len(content) > MOST_BYTES:
        raise InputError(f"the envelope is longer than {MOST_BYTES:,} bytes", place="envelope")
    try:
        told: Any = json.loads(content.decode("utf-8"), object_pairs_hook=_once)
        given = cast("list[dict[str, str]]", told["signatures"])
        if not 0 < len(given) <= MOST_SIGNATURES:
            raise ValueError("it has no signature, or too many")
        signatures = [(str(one["keyid"]), _decoded(one["sig"])) for one in given]
        kind = told["payloadType"]
        if not isinstance(kind, str):
            raise TypeError("the type is no text")
        return _decoded(told["payload"]), kind, signatures
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"is no envelope ({error})", place="envelope") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice in it")
    return dict(pairs)


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(text: str) -> bytes:
    """Decode standard or URL-safe Base64, as the protocol asks."""
    return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
