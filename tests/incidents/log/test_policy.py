"""Policies: the specification's structure, and whose cosignatures are enough."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overflight.errors import InputError
from overflight.incidents.log.checkpoints import cosigned, signed
from overflight.incidents.log.notes import COSIGNATURE, ED25519, Signer, signer
from overflight.incidents.log.policy import read_policy

LOG = signer("p/log", ED25519, bytes(32))
WITNESSES = {
    name: signer(f"{name}/witness", COSIGNATURE, bytes([n] * 32))
    for n, name in enumerate(["X1", "X2", "X3", "Y1", "Y2", "Y3", "p"], 1)
}
KEYS = "\n".join(f"witness {name} {one.key}" for name, one in WITNESSES.items())
EXAMPLE = f"""
  # the specification's example
log {LOG.key} https://example.com/log
{KEYS}
group X-witnesses 2 X1 X2 X3
group Y-witnesses\tany Y1 Y2 Y3
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def _checkpoint(*by: str):
    one = signed("p/log", 3, b"3" * 32, LOG)
    return one.with_signatures(cosigned(one, WITNESSES[name], 100 + n) for n, name in enumerate(by))


@pytest.mark.parametrize(
    ("by", "enough"),
    [
        ("X1 X2 Y3", True),
        ("X1 X3 Y1 Y2", True),
        ("X1 Y1 Y2 Y3", False),
        ("X1 X2 X3", False),
        ("", False),
        ("X1 Y1 p", False),
    ],
)
def test_who_is_enough(by: str, enough: bool) -> None:
    policy = read_policy(EXAMPLE.encode())
    checkpoint = _checkpoint(*by.split())
    if enough:
        assert policy.accepts(checkpoint) == {name: 100 + n for n, name in enumerate(by.split())}
    else:
        with pytest.raises(InputError, match="asks for 'X-and-Y'"):
            policy.accepts(checkpoint)


def test_nobody_is_a_witness_of_their_own_log() -> None:
    policy = read_policy(f"log {LOG.key}\n{KEYS}\nquorum p".encode())
    assert policy.cosignatures(_checkpoint("p", "X1")) == {"X1": 101}
    with pytest.raises(InputError, match="cosigned by X1"):
        policy.accepts(_checkpoint("p", "X1"))


def test_no_quorum_asks_for_the_log_s_signature_only() -> None:
    policy = read_policy(f"log {LOG.key}\nquorum none".encode())
    assert policy.accepts(_checkpoint()) == {}
    other = Signer(signer("p/log", ED25519, bytes([9] * 32)).key, signer("p/log", ED25519, bytes([9] * 32)).private)
    with pytest.raises(InputError, match="signed by no key that is pinned"):
        policy.accepts(signed("p/log", 3, b"3" * 32, other))


def test_urls_are_kept() -> None:
    assert read_policy(EXAMPLE.encode()).urls == {str(LOG.key): "https://example.com/log"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "has no quorum"),
        ("quorum none\nquorum none", "line 2: names a second quorum"),
        ("quorum X", "no witness or group"),
        ("group g any X1\nquorum g", "no witness or group"),
        (KEYS + "\ngroup g any X1 X1\nquorum g", "member of a group already"),
        (KEYS + "\ngroup g any X1\ngroup h any X1 X2\nquorum g", "member of a group already"),
        (KEYS + "\ngroup g 3 X1 X2\nquorum g", "cannot be"),
        (KEYS + "\ngroup g 0 X1 X2\nquorum g", "cannot be"),
        (KEYS + "\ngroup g some X1 X2\nquorum g", "cannot be"),
        (KEYS + "\ngroup X1 any X2\nquorum X1", "is taken"),
        (KEYS + "\ngroup none any X2\nquorum none", "is taken"),
        (f"log {LOG.key}\nlog {LOG.key}\nquorum none", "stands there twice"),
        (f"log {WITNESSES['X1'].key}\nquorum none", "another use"),
        (f"witness X {LOG.key}\nquorum none", "another use"),
        ("log\nquorum none", "no line of a policy"),
        ("quorum none\r", "control characters"),
    ],
)  # fmt: skip
def test_wrong_lines_are_named(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        read_policy(text.encode(), "policy")


def test_thirty_two_of_each_are_read() -> None:
    lines = [f"log {signer(f'l{n}/log', ED25519, bytes([n, *[1] * 31])).key}" for n in range(32)]
    lines += [f"witness w{n} {signer(f'w{n}/witness', COSIGNATURE, bytes([n, *[2] * 31])).key}" for n in range(32)]
    lines += [f"group g{n} any w{n}" for n in range(32)]
    policy = read_policy("\n".join([*lines, "quorum g31"]).encode())
    assert (len(policy.logs), len(policy.witnesses), len(policy.groups)) == (32, 32, 32)


@given(
    st.binary(max_size=200)
    | st.lists(
        st.sampled_from(["log", "witness", "group", "quorum", "none", "any", "all", "1", " ", "\n", str(LOG.key)])
    ).map(lambda w: " ".join(w).encode())
)
@settings(max_examples=60)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(InputError):
        read_policy(content)
