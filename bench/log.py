"""The record's log: statements a second into SQLite in batches, one statement durable, and the verification of ten of 100,000.

    python bench/log.py

What the disk takes to make anything durable (a file written and synced) is measured in turns with the statements.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from figures import Figure, at_most, noise, peak_mb, show
from overflight.incidents.log.checkpoints import Checkpoint
from overflight.incidents.log.dsse import opened, sealed
from overflight.incidents.log.notes import ED25519, signer
from overflight.incidents.log.policy import read_policy
from overflight.incidents.log.proof import Proof, read_proof
from overflight.incidents.log.sequencer import Sequencer
from overflight.incidents.log.store import StoredLog, open_store

LEAVES, BATCH, ONES = 100_000, 100, 200
KEY = signer("a/log", ED25519, bytes(range(32)))
TEXT = b'{"text":"' + b"x" * 900 + b'"}'


def statement(number: int) -> bytes:
    """An envelope of about a kilobyte, signed."""
    return sealed(b"%d" % number + TEXT, "application/vnd.in-toto+json", KEY)


def stored(sequencer: Sequencer) -> list[float]:
    """Statements a second, signed and stored, by batch."""
    rates: list[float] = []
    for first in range(0, LEAVES, BATCH):
        began = time.perf_counter()
        sequencer.add([statement(n) for n in range(first, first + BATCH)])
        rates.append(BATCH / (time.perf_counter() - began))
    return rates


def single(sequencer: Sequencer, folder: Path) -> tuple[list[float], list[float]]:
    """Milliseconds until one statement is durable, and until a file is, turn by turn."""
    ones: list[float] = []
    synced: list[float] = []
    for n in range(ONES):
        began = time.perf_counter()
        sequencer.add([statement(n)])
        ones.append(1e3 * (time.perf_counter() - began))
        began = time.perf_counter()
        with (folder / "synced").open("ab") as file:
            file.write(TEXT)
            file.flush()
            os.fsync(file.fileno())
        synced.append(1e3 * (time.perf_counter() - began))
    return sorted(ones), synced


def proven(log: StoredLog, checkpoint: Checkpoint) -> tuple[list[float], list[float]]:
    """Milliseconds to make the proofs of ten statements, and to verify them with their signatures."""
    policy = read_policy(f"log {KEY.key}\nquorum none".encode())
    made: list[float] = []
    verified: list[float] = []
    for turn in range(9):
        began = time.perf_counter()
        proofs = [
            (
                log.entries(index, index + 1)[0],
                Proof(index, tuple(log.inclusion_proof(index, checkpoint.size)), checkpoint).content,
            )
            for index in range(turn, checkpoint.size, checkpoint.size // 10)[:10]
        ]
        made.append(1e3 * (time.perf_counter() - began))
        began = time.perf_counter()
        for entry, proof in proofs:
            read_proof(proof).verify(entry, policy)
            opened(entry, policy.logs)
        verified.append(1e3 * (time.perf_counter() - began))
    return made, verified


def main() -> int:
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        store = open_store(folder / "record.sqlite")
        log = store.log("a/log")
        sequencer = Sequencer(log, KEY)
        rates = stored(sequencer)
        ones, synced = single(sequencer, folder)
        checkpoint = sequencer.checkpoint()
        made, verified = proven(log, checkpoint)
        size = sum(file.stat().st_size for file in folder.iterdir())
        rate = statistics.median(rates)
        store.close()
    holds = show(
        f"The record's log, {LEAVES:,} statements, SQLite",
        [
            Figure(
                f"signed and stored in batches of {BATCH}, by the second",
                noise(rates, "", 0),
                "at least 1,000",
                rate >= 1000,
            ),
            at_most("one statement durable", statistics.median(ones), 20, " ms", shown=noise(ones, "ms", 1)),
            at_most("the same, 95 %", ones[int(0.95 * ONES)], 20, " ms", 1),
            Figure("a file written and synced, in turns with it", noise(synced, "ms", 1)),
            Figure("proofs of ten statements, made", noise(made, "ms", 1)),
            at_most("the same, verified", statistics.median(verified), 1000, " ms", shown=noise(verified, "ms", 1)),
            Figure("database, by the statement", f"{size / checkpoint.size:,.0f} bytes"),
            Figure("most memory", f"{peak_mb():.0f} MB"),
        ],
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
