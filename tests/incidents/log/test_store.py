"""Logs in a database, as tiles, and their sequencer: what was acknowledged is there, and nothing is signed that does not continue."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from overflight.errors import InputError
from overflight.incidents.log import merkle, tiles
from overflight.incidents.log.checkpoints import Checkpoint, checked, read_checkpoint, signed
from overflight.incidents.log.notes import ED25519, signer, verifier_key
from overflight.incidents.log.policy import read_policy
from overflight.incidents.log.proof import Proof, read_proof
from overflight.incidents.log.sequencer import RollbackError, Sequencer
from overflight.incidents.log.store import Store, open_store
from tests.incidents.log.vectors import TESSERA, TESSERA_KEY

KEY = signer("a/log", ED25519, bytes(range(32)))
POLICY = read_policy(f"log {KEY.key}\nquorum none".encode())


@pytest.fixture
def store(place: Path | str) -> Generator[Store]:
    opened = open_store(place)
    yield opened
    opened.close()


def _read(path: str) -> bytes | None:
    file = TESSERA / path
    return file.read_bytes() if file.is_file() else None


def test_the_published_log_is_read_and_its_tiles_are_those_that_we_write(store: Store) -> None:
    log = store.log("example.com/log/testdata")
    checkpoints = sorted(
        (read_checkpoint(path.read_bytes()) for path in TESSERA.glob("checkpoint.*")), key=lambda c: c.size
    )
    sizes = [one.size for one in checkpoints]
    assert sizes == list(range(16))
    for one in checkpoints:
        checked(one, [verifier_key(TESSERA_KEY)])
        begin = log.size
        log.append(list(tiles.entries(_read, begin, one.size)), expected=(one.size, one.root))
        log.keep(one)
    for old in checkpoints:
        assert log.root(old.size) == old.root
        for new in checkpoints[max(old.size, 1) :]:
            proof = log.consistency_proof(old.size, new.size)
            if old.size:
                assert merkle.verify_consistency(old.size, new.size, proof, old.root, new.root)
    for size in sizes[1:]:
        for path, content in tiles.published(size - 1, size, log.entries, log.hashes):
            assert content == _read(path), path
    latest = log.latest()
    assert latest is not None
    assert latest.size == 15


@pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: c + b"\x00\x00", lambda c: c[:-2], lambda c: b""])
def test_a_truncated_bundle_is_refused(change: object) -> None:
    read = lambda path: change(_read(path))  # type: ignore[operator]  # noqa: E731
    with pytest.raises(InputError, match="cut short or changed"):
        list(tiles.entries(read, 0, 15))


def test_a_changed_entry_is_refused_and_nothing_is_added(store: Store) -> None:
    log = store.log("example.com/log/testdata")
    checkpoint = read_checkpoint((TESSERA / "checkpoint").read_bytes())
    entries = list(tiles.entries(_read, 0, 15))
    for wrong in (
        [*entries[:3], b"other", *entries[4:]],
        entries[:-1],
        [entries[1], entries[0], *entries[2:]],
        entries[::-1],
    ):
        with pytest.raises(InputError, match="not those of its checkpoint"):
            log.append(wrong, expected=(15, checkpoint.root))
        assert log.size == 0
    with pytest.raises(InputError, match="missing"):
        list(tiles.entries(lambda _: None, 0, 15))


@pytest.mark.parametrize(
    ("args", "path"),
    [
        ((0, 0), "tile/0/000"),
        ((1, 1234067), "tile/1/x001/x234/067"),
        (("entries", 5, 7), "tile/entries/005.p/7"),
        ((63, 1000), "tile/63/x001/000"),
    ],
)
def test_paths_are_those_of_the_specification(args: tuple[int, int], path: str) -> None:
    assert tiles.path_of(*args) == path


def test_tiles_of_a_larger_log(store: Store) -> None:
    """The specification's example: a tree of 256 has a full tile at level 0 and a partial one at level 1."""
    log = store.log("a/log")
    log.append([str(n).encode() for n in range(300)])
    files = dict(tiles.published(0, 256, log.entries, log.hashes))
    assert sorted(files) == ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]
    assert files["tile/1/000.p/1"] == log.root(256)
    more = dict(tiles.published(256, 300, log.entries, log.hashes))
    assert sorted(more) == ["tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"]
    assert list(tiles.entries((files | more).get, 250, 300)) == log.entries(250, 300)
    # a partial bundle may be gone once the whole one is there
    assert list(tiles.entries(files.get, 200, 250)) == log.entries(200, 250)


def test_proofs_are_written_and_read_and_verified(store: Store) -> None:
    log = store.log("a/log")
    sequencer = Sequencer(log, KEY)
    assert sequencer.add([b"one", b"two", b"three"]) == 0
    checkpoint = sequencer.checkpoint()
    assert sequencer.checkpoint() == checkpoint
    proof = Proof(1, tuple(log.inclusion_proof(1, 3)), checkpoint)
    read = read_proof(proof.content)
    assert read == proof
    assert read.verify(b"two", POLICY) == {}
    with pytest.raises(InputError, match="not entry 1"):
        read.verify(b"one", POLICY)
    text = proof.content.decode()
    assert read_proof(text.replace("index", "extra AAAA\nindex", 1).encode()) == proof
    for change in (("index 1", "index 01"), ("index 1\n", ""), ("@v1", "@v2"), ("\n\n", "\n", 1)):
        with pytest.raises(InputError):
            read_proof(text.replace(*change).encode())  # type: ignore[arg-type]


def test_what_many_add_at_once_is_all_there(store: Store, place: Path | str) -> None:
    done: list[int] = []

    def add(name: int) -> None:
        mine = open_store(place)
        for n in range(20):
            done.append(mine.log("a/log").append([f"{name}-{n}".encode()]))
        mine.close()

    threads = [threading.Thread(target=add, args=(name,)) for name in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(done) == list(range(80))
    log = store.log("a/log")
    entries = log.entries(0, 80)
    assert len(set(entries)) == 80
    known: dict[tuple[int, int], bytes] = {}
    for level, at, digest in merkle.completed(
        0, [merkle.leaf_hash(e) for e in entries], lambda level, at: known[level, at]
    ):
        known[level, at] = digest
    assert log.root(80) == merkle.root(80, lambda level, at: known[level, at])


def test_a_restored_older_database_signs_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path / "record.sqlite")
    sequencer = Sequencer(store.log("a/log"), KEY)
    sequencer.add([b"one"])
    sequencer.checkpoint()
    store.close()
    backup = tmp_path / "backup.sqlite"
    shutil.copy(tmp_path / "record.sqlite", backup)
    again = open_store(tmp_path / "record.sqlite")
    sequencer = Sequencer(again.log("a/log"), KEY)
    sequencer.add([b"two"])
    seen = sequencer.checkpoint()
    again.close()
    restored = open_store(backup)
    with pytest.raises(RollbackError, match="1 entries, and has signed 2: an older copy was restored"):
        Sequencer(restored.log("a/log"), KEY, [seen])
    # somebody went on with the older copy: as long as before, and another history
    restored.log("a/log").append([b"another two"])
    with pytest.raises(RollbackError, match="not the one whose first 2 entries"):
        Sequencer(restored.log("a/log"), KEY, [seen])
    restored.close()


def test_a_sequencer_signs_nothing_over_a_database_that_was_changed_under_it(store: Store) -> None:
    log = store.log("a/log")
    sequencer = Sequencer(log, KEY)
    sequencer.add([b"one"])
    sequencer.checkpoint()
    log.keep(signed("a/log", 5, b"5" * 32, KEY))
    with pytest.raises(RollbackError):
        sequencer.checkpoint()


def test_signatures_of_one_checkpoint_come_together(store: Store) -> None:
    log = store.log("a/log")
    log.append([b"one"])
    one = Sequencer(log, KEY).checkpoint()
    other = signer("c/log", ED25519, bytes([3] * 32))
    twice = Checkpoint(one.origin, one.size, one.root, signed("a/log", 1, one.root, other).note)
    assert len(log.keep(twice).note.signatures) == 2
    assert [len(c.note.signatures) for c in log.checkpoints()] == [2]


def test_another_file_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    path.write_text("no database at all, but long enough to be looked at as one" * 20)
    with pytest.raises(InputError, match=r"x\.sqlite: cannot be used"):
        open_store(path)


WRITER = """
import sys
from pathlib import Path
from overflight.incidents.log.notes import ED25519, signer
from overflight.incidents.log.sequencer import Sequencer
from overflight.incidents.log.store import open_store
store = open_store(Path(sys.argv[1]))
log = store.log("a/log")
sequencer = Sequencer(log, signer("a/log", ED25519, bytes(range(32))))
number = int(sys.argv[2])
while True:
    batch = [f"{sys.argv[2]}/{number + n}".encode() for n in range(1 + number % 3)]
    first = sequencer.add(batch)
    for n, entry in enumerate(batch):
        print(first + n, entry.decode(), flush=True)
    number += len(batch)
    if number % 4 == 0:
        checkpoint = sequencer.checkpoint()
        print("signed", checkpoint.size, checkpoint.root.hex(), flush=True)
"""


def _killed(folder: Path, kills: int) -> None:
    """Kill a writer at moments that nothing foresees, again and again, and hold what it acknowledged against what is there."""
    path = folder / "record.sqlite"
    said: dict[int, bytes] = {}
    signatures: dict[int, bytes] = {}
    for kill in range(kills):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(kill * 1_000_000)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        first = writer.stdout.readline()  # it runs: from here on any moment will do
        timer = threading.Timer((kill * 7919 % 101) / 1000.0, os.kill, (writer.pid, signal.SIGKILL))
        timer.start()
        lines = [first, *writer.stdout]
        assert writer.wait() == -signal.SIGKILL
        writer.stdout.close()
        for line in lines:
            words = line.split()
            if not line.endswith("\n"):  # cut off by the kill: said to nobody
                continue
            if words[0] == "signed":
                signatures[int(words[1])] = bytes.fromhex(words[2])
            else:
                assert int(words[0]) not in said
                said[int(words[0])] = words[1].encode()
    store = open_store(path)
    log = store.log("a/log")
    entries = log.entries(0, log.size)
    assert said
    assert signatures
    assert all(entries[at] == entry for at, entry in said.items())
    checkpoint = Sequencer(log, KEY).checkpoint()
    assert checkpoint.size == len(entries)
    for at, entry in list(said.items())[:: max(1, len(said) // 100)]:
        Proof(at, tuple(log.inclusion_proof(at, checkpoint.size)), checkpoint).verify(entry, POLICY)
    for size, root in signatures.items():
        assert log.root(size) == root
        proof = log.consistency_proof(size, checkpoint.size)
        assert merkle.verify_consistency(size, checkpoint.size, proof, root, checkpoint.root)
    store.close()


def test_what_was_acknowledged_survives_kills(tmp_path: Path) -> None:
    _killed(tmp_path, 4)


@pytest.mark.long
def test_what_was_acknowledged_survives_two_hundred_kills(tmp_path: Path) -> None:
    _killed(tmp_path, 200)
