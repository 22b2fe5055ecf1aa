"""Signed notes and checkpoints: the specifications' own examples, the published log, Wycheproof's signatures, and no other bytes."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overflight.errors import InputError
from overflight.incidents.log import merkle
from overflight.incidents.log.checkpoints import checked, cosigned, origin_hash, read_checkpoint, signed
from overflight.incidents.log.notes import (
    COSIGNATURE,
    ED25519,
    Note,
    VerifierKey,
    read_note,
    signature,
    signer,
    verified,
    verifier_key,
)
from tests.incidents.log.vectors import TESSERA, TESSERA_KEY, VECTORS

EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n"
    "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
LOG = signer("a/log", ED25519, bytes(range(32)))
WITNESS = signer("b/witness", COSIGNATURE, bytes(range(1, 33)))


def test_the_specification_s_example() -> None:
    key = verifier_key(EXAMPLE_KEY)
    note = read_note(EXAMPLE.encode())
    assert (str(key), str(note)) == (EXAMPLE_KEY, EXAMPLE)
    assert [one for one, _ in verified(note, [key])] == [key]
    changed = Note(note.text.replace("example", "exemple"), note.signatures)
    with pytest.raises(InputError, match="not by its key"):
        verified(changed, [key])
    assert verified(changed, [LOG.key]) == []


@pytest.mark.parametrize("path", sorted(TESSERA.glob("checkpoint*")), ids=lambda path: path.name)
def test_the_published_log_s_checkpoints(path: object) -> None:
    content = path.read_bytes()  # type: ignore[attr-defined]
    checkpoint = read_checkpoint(content)
    assert (
        checked(checkpoint, [LOG.key, verifier_key(TESSERA_KEY)]).name
        == checkpoint.origin
        == "example.com/log/testdata"
    )
    assert checkpoint.content == content
    if checkpoint.size:
        changed = content.replace(f"\n{checkpoint.size}\n".encode(), f"\n{checkpoint.size + 1}\n".encode())
        with pytest.raises(InputError, match="not by its key"):
            checked(read_checkpoint(changed), [verifier_key(TESSERA_KEY)])


def _wycheproof() -> list[tuple[str, str, str, bool]]:
    told = json.loads((VECTORS / "wycheproof/testvectors_v1/ed25519_test.json").read_text("utf-8"))
    return [
        (group["publicKey"]["pk"], test["msg"], test["sig"], test["result"] == "valid")
        for group in told["testGroups"]
        for test in group["tests"]
    ]


def test_wycheproof() -> None:
    vectors = _wycheproof()
    assert len(vectors) == 151
    for public, message, made, valid in vectors:
        key = VerifierKey("x", ED25519, bytes.fromhex(public))
        assert key.verifies(bytes.fromhex(message), bytes.fromhex(made)) is valid, made


def test_a_cosignature_says_when() -> None:
    checkpoint = signed("a/log", 0, merkle.EMPTY_ROOT, LOG)
    made = cosigned(checkpoint, WITNESS, 1_448_355_845)
    both = read_checkpoint(checkpoint.with_signatures([made]).content)
    assert {key.name: one.time_s for key, one in verified(both.note, [WITNESS.key]) if key.kind == COSIGNATURE} == {
        "b/witness": 1_448_355_845
    }
    assert checked(both, [LOG.key]) == LOG.key
    moved = both.content.replace(str(made).encode(), str(made)[:-9].encode() + b"AAAAAAAA=")
    with pytest.raises(InputError):
        verified(read_checkpoint(moved).note, [WITNESS.key])
    # no time is no cosignature
    with pytest.raises(InputError, match="not by its key"):
        verified(checkpoint.with_signatures([cosigned(checkpoint, WITNESS, 0)]).note, [WITNESS.key])


def test_a_cosignature_is_of_one_checkpoint_only() -> None:
    one = signed("a/log", 1, b"1" * 32, LOG)
    two = signed("a/log", 2, b"2" * 32, LOG)
    replayed = two.with_signatures([cosigned(one, WITNESS, 5)])
    with pytest.raises(InputError, match="not by its key"):
        verified(replayed.note, [WITNESS.key])


def test_one_signature_for_each_key_and_the_newest_time() -> None:
    one = signed("a/log", 1, b"1" * 32, LOG)
    early, late = cosigned(one, WITNESS, 5), cosigned(one, WITNESS, 6)
    assert one.with_signatures([late, early]).note.signatures == (*one.note.signatures, late)
    assert origin_hash("a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"


@pytest.mark.parametrize(
    "text",
    [
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==",
        "example.com/foo+530d903a",
        "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "",
    ],
)
def test_other_keys_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        verifier_key(text)


@pytest.mark.parametrize(
    "change",
    [
        ("a/log\n", "\n"), ("\n0\n", "\n00\n"), ("\n0\n", "\n-0\n"), ("47DEQpj8", "47DEQpj9"), ("\n\n", "\n"),
        ("\u2014", "-"), ("a/log ", "a /log "), ("\n0\n", "\n0\r\n"), ("a/log\n0", "a/log\n\n0"), ("U=\n", "U\n"),
    ],
)  # fmt: skip
def test_other_bytes_are_no_checkpoint(change: tuple[str, str]) -> None:
    content = str(signed("a/log", 0, merkle.EMPTY_ROOT, LOG).note)
    assert change[0] in content
    with pytest.raises(InputError):
        read_checkpoint(content.replace(*change).encode())


def test_no_more_signatures_than_can_be_meant() -> None:
    note = Note("text\n", (signature("text\n", LOG),) * 101)
    with pytest.raises(InputError, match="more than 100"):
        read_note(str(note).encode())


@given(st.binary(max_size=300) | st.text(alphabet="ab\n\u2014 +=01", max_size=80).map(str.encode))
@settings(max_examples=60)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for read in (read_note, read_checkpoint, lambda c: verifier_key(c.decode("latin-1"))):
        with contextlib.suppress(InputError):
            read(content)
