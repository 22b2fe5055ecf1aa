"""All that is known of an incident in one file, so that whoever has it and a policy needs nothing else and asks nobody.

A bundle is a ZIP file:

    bundle.json                     which incident
    statements/<n>.dsse             an envelope
    statements/<n>.tlog-proof       that it is in its author's log: index, proof, checkpoint with cosignatures
    consistency/<n>                 that a log continued what it signed before: "old SIZE", proof, and its latest checkpoint
    notes/<sha256>                  a checkpoint that a statement names as seen
    evidence/<digest>/...           a piece of evidence and its salt

What it says of itself is not believed; `verification.py` holds it against a policy.
"""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from overflight.errors import InputError
from overflight.files import whole_file
from overflight.incidents.evidence import SALT, held
from overflight.incidents.log.checkpoints import Checkpoint, read_checkpoint
from overflight.incidents.log.policy import Policy
from overflight.incidents.log.proof import Proof, read_proof
from overflight.incidents.log.store import Store
from overflight.incidents.log.witness import read_request, request
from overflight.incidents.statements import in_entry

FORMAT: Final = "overflight incident bundle 1"
MOST_FILES: Final = 20_000
MOST_BYTES: Final = 8_000_000_000
MOST_SMALL: Final = 1_000_000
"""Bytes of any file of a bundle that is not evidence."""
_EVIDENCE: Final = re.compile(r"evidence/([0-9a-f]{64})/([A-Za-z0-9_-][A-Za-z0-9._-]{0,99})")


@dataclass
class Bundle:
    """What a bundle holds; nothing of it is verified.

    Attributes:
        incident: which incident it says it is of.
        statements: envelopes, each with the proof that it is in a log.
        consistency: old size, proof, and the later checkpoint.
        notes: checkpoints by the SHA-256 that they were kept under.
        evidence: a folder that holds evidence.
    """

    incident: str
    statements: list[tuple[bytes, Proof]] = field(default_factory=list[tuple[bytes, Proof]])
    consistency: list[tuple[int, list[bytes], Checkpoint]] = field(
        default_factory=list[tuple[int, list[bytes], Checkpoint]]
    )
    notes: dict[str, Checkpoint] = field(default_factory=dict[str, Checkpoint])
    evidence: Path | None = None


def bundle_of(store: Store, policy: Policy, incident: str, evidence: Path) -> Bundle:
    """Gather what a record knows of an incident.

    Raises:
        InputError: it knows nothing of it.
    """
    found = Bundle(incident, evidence=evidence)
    rows = store.statements(incident)
    if not rows:
        raise InputError(
            f"nothing is known of the incident {incident[:16]}", remedy="overflight incident show lists those that are"
        )
    checkpoints = {origin: store.log(origin).checkpoints() for origin in {row[0] for row in rows}}
    used: dict[str, dict[int, Checkpoint]] = {}
    for origin, at, entry in rows:
        holding = [one for one in checkpoints[origin] if one.size > at]
        if not holding:
            raise InputError(f"the log {origin!r} is not signed up to entry {at}", remedy="overflight incident sync")
        chosen = next((one for one in holding if _witnessed(policy, one)), holding[-1])
        used.setdefault(origin, {})[chosen.size] = chosen
        proof = tuple(store.log(origin).inclusion_proof(at, chosen.size))
        found.statements.append((entry, Proof(at, proof, chosen)))
        for digest in in_entry(entry).predicate.seen.checkpoints:
            note = store.note(digest)
            if note is not None:
                found.notes[digest] = note
    for note in found.notes.values():
        used.setdefault(note.origin, {})[note.size] = note
    for origin, some in used.items():
        latest = store.log(origin).latest()
        if latest is None:
            continue
        for size in sorted({*some} - {0}):
            if size <= latest.size:
                proof = store.log(origin).consistency_proof(size, latest.size)
                found.consistency.append((size, proof, latest))
    return found


def write_bundle(bundle: Bundle, path: Path, *, with_evidence: bool = True) -> list[str]:
    """Write a bundle to a file; returns the digests of the evidence that is named in it and that it lacks.

    Raises:
        InputError: the file cannot be written, or a piece of evidence is not what its digest says.
    """
    lacking: list[str] = []
    digests = {one.digest for entry, _ in bundle.statements for one in in_entry(entry).evidence}
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", json.dumps({"format": FORMAT, "incident": bundle.incident}))
        for number, (entry, proof) in enumerate(bundle.statements):
            archive.writestr(f"statements/{number:04d}.dsse", entry)
            archive.writestr(f"statements/{number:04d}.tlog-proof", proof.content)
        for number, (old, hashes, latest) in enumerate(bundle.consistency):
            archive.writestr(f"consistency/{number:04d}", request(old, hashes, latest))
        for digest, note in bundle.notes.items():
            archive.writestr(f"notes/{digest}", note.content)
        for digest in sorted(digests):
            file = held(bundle.evidence, digest) if with_evidence and bundle.evidence is not None else None
            if file is None:
                lacking.append(digest)
                continue
            archive.write(file.parent / SALT, f"evidence/{digest}/{SALT}")
            archive.write(file, f"evidence/{digest}/{file.name}")
    return lacking


def read_bundle(path: Path, evidence: Path) -> Bundle:
    """Read a bundle; its evidence is unpacked into a folder.

    Raises:
        InputError: it is none, is damaged, or larger than can be meant.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, evidence)
    except InputError as error:
        raise InputError(error.reason, path=str(path), place=error.place, remedy=error.remedy) from None
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, NotImplementedError, RuntimeError, EOFError) as error:
        raise InputError(f"is no bundle ({error})", path=str(path), remedy="ask for it again") from None
    except Exception as error:  # zlib.error and what else a damaged archive raises
        raise InputError(
            f"is damaged ({type(error).__name__}: {error})", path=str(path), remedy="ask for it again"
        ) from None


def _read(archive: zipfile.ZipFile, evidence: Path) -> Bundle:
    infos = {info.filename: info for info in archive.infolist()}
    if len(infos) != len(archive.infolist()) or len(infos) > MOST_FILES:
        raise InputError("names a file twice, or holds too many")
    if sum(info.file_size for info in infos.values()) > MOST_BYTES:
        raise InputError(f"unpacks to more than {MOST_BYTES // 10**9} GB")

    def small(name: str) -> bytes:
        if infos[name].file_size > MOST_SMALL:
            raise InputError(f"is larger than {MOST_SMALL:,} bytes", place=name)
        return archive.read(name)

    told: Any = json.loads(small("bundle.json"))
    if not isinstance(told, dict) or told.get("format") != FORMAT or not isinstance(told.get("incident"), str):  # pyright: ignore[reportUnknownMemberType]
        raise InputError("is of another format", place="bundle.json")
    found = Bundle(str(told["incident"]), evidence=evidence)  # pyright: ignore[reportUnknownArgumentType]
    known = {"bundle.json"}
    for name in sorted(infos):
        try:
            if name.startswith("statements/") and name.endswith(".dsse"):
                proof = f"{name.removesuffix('.dsse')}.tlog-proof"
                known |= {name, proof}
                found.statements.append((small(name), read_proof(small(proof))))
            elif name.startswith("consistency/"):
                known.add(name)
                found.consistency.append(read_request(small(name)))
            elif name.startswith("notes/"):
                known.add(name)
                found.notes[name.removeprefix("notes/")] = read_checkpoint(small(name))
            elif match := _EVIDENCE.fullmatch(name):
                known.add(name)
                _unpack(archive, name, evidence / match[1] / match[2])
        except InputError as error:
            raise InputError(error.reason, place=name, remedy=error.remedy) from None
    if stray := sorted(infos.keys() - known):
        raise InputError("holds something that belongs to no bundle", place=stray[0])
    return found


def _unpack(archive: zipfile.ZipFile, name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(name) as source, target.open("xb") as file:
        while chunk := source.read(1 << 20):
            file.write(chunk)


def _witnessed(policy: Policy, checkpoint: Checkpoint) -> bool:
    try:
        return bool(policy.accepts(checkpoint))
    except InputError:
        return False
