"""The record's log: statements a second into SQLite in batches, one statement durable, and a bundle of ten of 100,000 verified.

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
from overflight.incidents.bundle import bundle_of, read_bundle, write_bundle
from overflight.incidents.log.dsse import sealed
from overflight.incidents.log.notes import ED25519, signer
from overflight.incidents.log.policy import load_policy
from overflight.incidents.log.sequencer import Sequencer
from overflight.incidents.party import Party, create
from overflight.incidents.stating import state
from overflight.incidents.verification import verify

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


def proven(party: Party, folder: Path) -> tuple[list[float], list[float], int]:
    """Milliseconds to write a bundle of ten statements out of all, and to read and verify it, as a stranger does; and its bytes."""
    incident = state(party, None, "open", "Somebody crossed the border.")
    for n in range(9):
        state(party, incident, "confirm", f"It was looked at for the time number {n}.")
    made: list[float] = []
    verified: list[float] = []
    path = folder / "bundle.zip"
    for turn in range(9):
        began = time.perf_counter()
        write_bundle(bundle_of(party.store, party.policy, incident, party.evidence), path)
        made.append(1e3 * (time.perf_counter() - began))
        began = time.perf_counter()
        found = verify(read_bundle(path, folder / f"evidence-{turn}"), load_policy(party.folder / "policy"))
        verified.append(1e3 * (time.perf_counter() - began))
        if found.problems or len(found.statements) != 10:
            sys.exit("\n".join(found.problems))
    return made, verified, path.stat().st_size


def main() -> int:
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        party = create(folder / "record", "alpha")
        sequencer = party.sequencer()
        rates = stored(sequencer)
        ones, synced = single(sequencer, folder)
        made, verified, bundle = proven(party, folder)
        size = sum(file.stat().st_size for file in (folder / "record").glob("record.sqlite*"))
        leaves = party.log.size
        rate = statistics.median(rates)
        party.close()
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
            Figure("a bundle of ten statements, written", noise(made, "ms", 1)),
            at_most(
                "the same, read and verified", statistics.median(verified), 1000, " ms", shown=noise(verified, "ms", 1)
            ),
            Figure("its size", f"{bundle / 1000:.0f} kB"),
            Figure("database, by the statement", f"{size / leaves:,.0f} bytes"),
            Figure("most memory", f"{peak_mb():.0f} MB"),
        ],
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
