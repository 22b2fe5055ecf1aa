"""Envelopes: the protocol's example, canonical JSON's vectors, and only by keys that are pinned."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from overflight.errors import InputError
from overflight.incidents.log.dsse import opened, payload_of, pre_authentication_encoding, sealed
from overflight.incidents.log.notes import ED25519, signer
from tests.incidents.log.vectors import VECTORS

A, B = (signer(name, ED25519, bytes([n] * 32)) for n, name in enumerate(("a/log", "b/log")))
JCS = VECTORS / "jcs/testdata"


def test_the_protocol_s_example() -> None:
    encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


@pytest.mark.parametrize("name", sorted(path.stem for path in (JCS / "input").glob("*.json")))
def test_canonical_json_is_that_of_the_vectors(name: str) -> None:
    canonical = rfc8785.dumps(json.loads((JCS / "input" / f"{name}.json").read_bytes()))
    assert canonical == bytes.fromhex((JCS / "outhex" / f"{name}.txt").read_text().replace("\n", " "))


def test_what_was_sealed_is_opened_by_its_key_only() -> None:
    content = sealed(b"payload", "text/plain", A)
    found = opened(content, [B.key, A.key])
    assert (found.payload, found.payload_type, found.key) == (b"payload", "text/plain", A.key)
    assert payload_of(content) == b"payload"
    with pytest.raises(InputError, match=r"no key that is pinned \(it names a/log"):
        opened(content, [B.key])


def _with(content: bytes, **told: Any) -> bytes:
    return json.dumps(json.loads(content) | told).encode()


def test_a_changed_envelope_is_refused() -> None:
    content = sealed(b"payload", "text/plain", A)
    other = base64.b64encode(b"another").decode()
    for changed in (
        _with(content, payload=other),
        _with(content, payloadType="text/html"),
        _with(content, signatures=[]),
        _with(content, signatures=json.loads(sealed(b"x", "text/plain", A))["signatures"]),
        content.replace(b'{"payload"', b'{"payload":"","payload"'),
        content[:-1],
        b"[]",
        b"\xff",
    ):
        with pytest.raises(InputError):
            opened(changed, [A.key])


def test_url_safe_base64_is_read_too() -> None:
    told = json.loads(sealed(b"\xfb\xff\xfe", "t", A))
    assert "+" in told["payload"]
    told["payload"] = told["payload"].replace("+", "-").replace("/", "_")
    assert opened(json.dumps(told).encode(), [A.key]).payload == b"\xfb\xff\xfe"


def test_no_longer_than_an_entry() -> None:
    with pytest.raises(InputError, match="65,535"):
        sealed(b"x" * 60_000, "t", A)
    with pytest.raises(InputError, match="65,535"):
        opened(b" " * 70_000, [A.key])


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["payload", "payloadType", "signatures", "keyid", "sig"]), inner)
        ),
    )
)
@settings(max_examples=60)
def test_any_json_is_opened_or_refused(told: Any) -> None:
    with contextlib.suppress(InputError):
        opened(json.dumps(told).encode(), [A.key])
