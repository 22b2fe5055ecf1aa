"""The witness protocol: every status that the specification names, and one history only."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overflight.errors import InputError
from overflight.incidents.log import merkle
from overflight.incidents.log.checkpoints import Checkpoint, read_checkpoint, signed
from overflight.incidents.log.notes import COSIGNATURE, ED25519, signer, verified
from overflight.incidents.log.store import Store, StoredLog, open_store
from overflight.incidents.log.witness import Witness, cosignatures, request

LOG = signer("a/log", ED25519, bytes(range(32)))
OTHER = signer("c/log", ED25519, bytes([3] * 32))
KEY = signer("b/witness", COSIGNATURE, bytes([7] * 32))
NOW = 1_448_355_845.5


@pytest.fixture
def store(tmp_path: Path):
    opened = open_store(tmp_path / "witness.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def log(tmp_path: Path):
    opened = open_store(tmp_path / "log.sqlite")
    yield opened.log("a/log")
    opened.close()


def _witness(store: Store) -> Witness:
    return Witness(store, KEY, [LOG.key], lambda: NOW)


def _grown(log: StoredLog, size: int) -> Checkpoint:
    log.append([str(n).encode() for n in range(log.size, size)])
    return signed("a/log", size, log.root(size), LOG)


def test_it_cosigns_what_continues(store: Store, log: StoredLog) -> None:
    witness = _witness(store)
    assert witness.latest("a/log") is None
    old = 0
    for size in (0, 1, 1, 5, 8, 21):
        checkpoint = _grown(log, size)
        answer = witness.add_checkpoint(request(old, log.consistency_proof(old, size), checkpoint))
        assert answer.status == 200
        both = checkpoint.with_signatures(cosignatures(answer.body))
        ((key, made),) = verified(both.note, [KEY.key])
        assert (key, made.time_s) == (KEY.key, int(NOW))
        latest = _witness(store).latest("a/log")  # another process would see the same
        assert latest is not None
        assert (latest.size, verified(latest.note, [KEY.key, LOG.key])[1][0]) == (size, LOG.key)
        old = size
    assert witness.latest("c/log") is None


def test_each_refusal_has_its_status(store: Store, log: StoredLog) -> None:
    witness = _witness(store)
    three = _grown(log, 3)
    seven = _grown(log, 7)
    assert witness.add_checkpoint(request(0, [], three)).status == 200
    proof = log.consistency_proof(3, 7)
    told = lambda *args: witness.add_checkpoint(request(*args))  # noqa: E731
    # another old size than that which it cosigned, so that who asks can ask again
    answer = told(0, [], seven)
    assert (answer.status, answer.content_type, answer.body) == (409, "text/x.tlog.size", b"3\n")
    assert told(7, [], three).status == 400
    assert told(3, proof[:-1], seven).status == 422
    assert told(3, [], seven).status == 422
    assert told(3, [], signed("a/log", 3, b"x" * 32, LOG)).status == 422  # of the same size, another tree: a fork
    assert told(3, proof, three).status == 422
    assert told(3, proof, signed("c/log", 7, seven.root, OTHER)).status == 404
    assert told(3, proof, signed("a/log", 7, seven.root, OTHER)).status == 403
    forged = seven.content.replace(b"\n7\n", b"\n8\n")
    assert witness.add_checkpoint(request(3, proof, read_checkpoint(forged))).status == 403
    empty = request(3, proof, seven)
    for body in (b"", b"old 03\n\n" + seven.content, b"old -1\n\n" + seven.content, b"new 3\n\n" + seven.content, empty[:-5],
                 b"old 3\nAAAA\n\n" + seven.content, b"old 3\n" + b"\n".join([b"A" * 43 + b"="] * 64) + b"\n\n" + seven.content):  # fmt: skip
        assert witness.add_checkpoint(body).status == 400
    # none of it moved what it cosigned
    assert told(3, proof, seven).status == 200
    assert told(3, proof, seven).status == 409


def test_a_first_request_has_no_proof(store: Store, log: StoredLog) -> None:
    seven = _grown(log, 7)
    assert _witness(store).add_checkpoint(request(0, [merkle.EMPTY_ROOT], seven)).status == 422


def test_an_answer_of_something_else_is_refused() -> None:
    for body in (b"", b"\xff", b"200 OK\n", "\u2014 x AAAA\n".encode()):
        with pytest.raises(InputError):
            cosignatures(body)


@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from(["old 0", "old 1", "", "\n", "A" * 43 + "=", "a/log"])).map(
        lambda w: "\n".join(w).encode()
    )
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_request_is_answered(store: Store, body: bytes) -> None:
    with contextlib.suppress(InputError):
        assert _witness(store).add_checkpoint(body).status in {400, 403, 404, 409, 422}
