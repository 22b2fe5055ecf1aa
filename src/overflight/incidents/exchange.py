"""Logs exchanged between parties that share no server: over a folder that goes from hand to hand, or over HTTP from one another.

A place holds, for every log, under the SHA-256 of its origin (C2SP tlog-tiles, tlog-witness):

    <log>/checkpoint                the latest, with cosignatures
    <log>/tile/...                  entries and hashes
    <log>/witnessed/<witness>       the checkpoint that a witness cosigned last
    notes/<sha256>                  checkpoints that statements name as seen

Whoever synchronises takes the others' logs, verifies that each continues what was taken before, cosigns it, and compares what other witnesses have cosigned
with what they were shown themselves: a log that shows one history here and another there is found, and both checkpoints are kept as proof.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from overflight.errors import InputError
from overflight.incidents.log import tiles
from overflight.incidents.log.checkpoints import Checkpoint, checked, origin_hash, read_checkpoint
from overflight.incidents.log.dsse import opened
from overflight.incidents.log.notes import VerifierKey, verified
from overflight.incidents.log.sequencer import RollbackError
from overflight.incidents.log.witness import cosignatures, request
from overflight.incidents.party import Party
from overflight.incidents.places import Folder, Http
from overflight.incidents.statements import PAYLOAD_TYPE, in_entry, signed_entry


class ForkError(InputError):
    """A log was shown in two ways."""


def asked(party: Party) -> tuple[list[Checkpoint], list[str]]:
    """Ask the witnesses whose address the policy names for the size of one's own log that they last cosigned.

    Returns:
        The checkpoints that they told of, and a line for each that did not answer.
    """
    told: list[Checkpoint] = []
    silent: list[str] = []
    for name, key in party.policy.witnesses.items():
        address = party.policy.urls.get(str(key))
        if address is None or key.name == party.witness_signer.key.name:
            continue
        try:
            content = Http(address).read(f"{origin_hash(party.origin)}/checkpoint")
            if content is not None:
                checkpoint = read_checkpoint(content)
                checked(checkpoint, [party.signer.key])
                verified(checkpoint.note, [key])
                told.append(checkpoint)
        except InputError as error:
            silent.append(f"{name}: {error}")
    return told, silent


@dataclass
class Exchanged:
    """What an exchange did, a line each."""

    taken: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])


def sync(party: Party, place: Folder | Http) -> Exchanged:
    """Take, verify and cosign the others' logs, give one's own, and compare what witnesses have seen.

    Raises:
        InputError: the place cannot be used.
        RollbackError: a witness has seen more of one's own log than there is, or another one: nothing is published.
    """
    done = Exchanged()
    others = list(dict.fromkeys(key.name for key in party.policy.logs if key.name != party.origin))
    for origin in others:
        try:
            _take(party, place, origin, done)
        except InputError as error:
            done.problems.append(str(error))
    _own(party, place, done)
    if isinstance(place, Folder):
        _give(party, place, others)
    else:
        _ask(party, place, done)
    return done


def _keys(party: Party, origin: str) -> list[VerifierKey]:
    return [key for key in party.policy.logs if key.name == origin]


def _take(party: Party, place: Folder | Http, origin: str, done: Exchanged) -> None:
    content = place.read(f"{origin_hash(origin)}/checkpoint")
    if content is None:
        return
    checkpoint = read_checkpoint(content)
    if checkpoint.origin != origin:
        raise InputError(f"is a checkpoint of {checkpoint.origin!r}", path=f"{place.name}/{origin_hash(origin)}")
    checked(checkpoint, _keys(party, origin))
    log = party.store.log(origin)
    before = log.size
    if checkpoint.size <= before:
        _same(party, checkpoint)
    else:
        root = f"{origin_hash(origin)}/"
        entries = list(tiles.entries(lambda path: place.read(root + path), before, checkpoint.size))
        names = [_named(entry, _keys(party, origin), done, origin) for entry in entries]
        try:
            log.append(entries, (checkpoint.size, checkpoint.root), names)
        except InputError:
            raise _forked(party, checkpoint, log.latest()) from None
        done.taken.append(f"{origin}: {checkpoint.size - before} entries, now {checkpoint.size}")
    known = log.latest()
    if known is None or checkpoint.size >= known.size:
        log.keep(_sound(party, checkpoint))
    _cosign(party, origin)
    for witnessed in _witnesses(party, place, origin):
        _same(party, witnessed)


def _named(entry: bytes, keys: list[VerifierKey], done: Exchanged, origin: str) -> tuple[str, str] | None:
    """Return id and incident of an entry that is a statement by the log's key; what is none stays in the log and is said.

    What the key has signed as something else, as a register signs its changes, is for others to read.
    """
    try:
        if opened(entry, keys).payload_type != PAYLOAD_TYPE:
            return None
        statement = signed_entry(entry, keys)
    except InputError as error:
        done.problems.append(f"{origin}: an entry is no statement of its party: {error}")
        return None
    return statement.id, statement.incident


def _same(party: Party, checkpoint: Checkpoint) -> None:
    """Check that a checkpoint of another's log is of the history that was taken."""
    log = party.store.log(checkpoint.origin)
    if checkpoint.size <= log.size:
        if log.root(checkpoint.size) != checkpoint.root:
            latest = log.latest()
            raise _forked(party, checkpoint, latest)
        kept = [one for one in log.checkpoints() if one.size == checkpoint.size]
        if kept and kept[0].note.text == checkpoint.note.text:
            log.keep(_sound(party, checkpoint))


def _sound(party: Party, checkpoint: Checkpoint) -> Checkpoint:
    """Return a checkpoint with only those signatures that are by keys of the policy."""
    keys = [*_keys(party, checkpoint.origin), *party.policy.witnesses.values()]
    some: list[VerifierKey] = []
    for key in keys:
        try:
            some += [one for one, _ in verified(checkpoint.note, [key])]
        except InputError:
            continue  # a cosignature that is none counts for nothing; the log's own was checked
    signatures = tuple(one for one in checkpoint.note.signatures if any(one.by(key) for key in some))
    note = type(checkpoint.note)(checkpoint.note.text, signatures)
    return Checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root, note)


def _forked(party: Party, one: Checkpoint, other: Checkpoint | None) -> ForkError:
    folder = party.folder / "forks"
    folder.mkdir(exist_ok=True)
    for checkpoint in (one, other):
        if checkpoint is not None:
            name = f"{origin_hash(checkpoint.origin)[:16]}-{checkpoint.size}-{checkpoint.root.hex()[:12]}"
            (folder / name).write_bytes(checkpoint.content)
    return ForkError(
        f"{one.origin}: its checkpoint of size {one.size} does not continue what it showed before: it was rewritten, or is shown in two ways",
        path=str(folder),
        remedy="both checkpoints are kept there; they are the proof",
    )


def _cosign(party: Party, origin: str) -> None:
    """Cosign the latest checkpoint of a log that was taken, by the same rules as for anybody who asks."""
    log = party.store.log(origin)
    latest, before = log.latest(), log.cosigned()
    if latest is None or (before is not None and before.size >= latest.size):
        return
    old = 0 if before is None else before.size
    answer = party.witness.add_checkpoint(request(old, log.consistency_proof(old, latest.size), latest))
    if answer.status == 200:
        log.keep(latest.with_signatures(cosignatures(answer.body)))
    else:
        raise InputError(f"the checkpoint of {origin} was not cosigned: {answer.body.decode().strip()}")


def _witnesses(party: Party, place: Folder | Http, origin: str) -> list[Checkpoint]:
    """Return the checkpoints of a log that witnesses of the policy have cosigned, as the place shows them."""
    found: list[Checkpoint] = []
    for key in party.policy.witnesses.values():
        content = place.read(f"{origin_hash(origin)}/witnessed/{witness_file(key)}")
        if content is None:
            continue
        try:
            checkpoint = read_checkpoint(content)
            checked(checkpoint, _keys(party, origin))
            if checkpoint.origin == origin and verified(checkpoint.note, [key]):
                found.append(checkpoint)
        except InputError:
            continue  # shown by nobody's key that counts
    return found


def witness_file(key: VerifierKey) -> str:
    """Return the name of the file with what a witness cosigned."""
    return hashlib.sha256(key.label.encode()).hexdigest()


def _own(party: Party, place: Folder | Http, done: Exchanged) -> None:
    """Hold one's own log against what witnesses have seen of it, and take their cosignatures."""
    seen = _witnesses(party, place, party.origin)
    published = place.read(f"{origin_hash(party.origin)}/checkpoint")
    if published is not None:
        try:
            checkpoint = read_checkpoint(published)
            checked(checkpoint, [party.signer.key])
            seen.append(checkpoint)
        except InputError as error:
            done.problems.append(f"{place.name}: what stands there as one's own log is not: {error}")
    sequencer = party.sequencer(seen)
    if party.log.size:
        party.sign(sequencer)
    texts = {one.note.text for one in party.log.checkpoints()}
    for checkpoint in seen:
        if checkpoint.note.text in texts:
            _cosigned(party, checkpoint, done)


def _cosigned(party: Party, checkpoint: Checkpoint, done: Exchanged) -> None:
    """Keep a checkpoint of one's own log, and say who has cosigned it that had not before."""
    size = checkpoint.size
    before = {name for one in party.log.checkpoints() if one.size == size for name in party.policy.cosignatures(one)}
    kept = party.log.keep(_sound(party, checkpoint))
    for name in sorted(set(party.policy.cosignatures(kept)) - before):
        done.taken.append(f"{party.origin}: size {size} cosigned by {name}")


def _give(party: Party, place: Folder, others: list[str]) -> None:
    for origin in (party.origin, *others):
        log = party.store.log(origin)
        latest = log.latest()
        if latest is None:
            continue
        root = f"{origin_hash(origin)}/"
        shown = place.read(root + "checkpoint")
        before = read_checkpoint(shown).size if shown is not None else 0
        if latest.size >= before:
            for path, content in tiles.published(before, latest.size, log.entries, log.hashes):
                place.write(root + path, content)
            place.write(root + "checkpoint", latest.content)
        cosigned = log.cosigned()
        if cosigned is not None:
            place.write(f"{root}witnessed/{witness_file(party.witness_signer.key)}", cosigned.content)
    for note in party.store.notes():
        if place.read(f"notes/{note.digest}") is None:
            place.write(f"notes/{note.digest}", note.content)
    for name in place.names("notes"):
        _keep_note(party, name, place.read(f"notes/{name}"))


def _keep_note(party: Party, name: str, content: bytes | None) -> None:
    try:
        note = read_checkpoint(content or b"")
        checked(note, party.policy.logs)
    except InputError:
        return  # of a log that is not known here
    if note.digest == name:
        party.store.keep_note(note)


def _ask(party: Party, place: Http, done: Exchanged) -> None:
    """Have another party's witness cosign one's own log, and fetch the notes that its statements name."""
    latest = party.log.latest()
    if latest is not None:
        old, status, answer = 0, 409, b""
        for _ in range(2):  # the first answer may tell the size that it cosigned last
            status, answer = place.post(
                "witness/add-checkpoint", request(old, party.log.consistency_proof(old, latest.size), latest)
            )
            if status != 409:
                break
            try:
                old = int(answer)
            except ValueError:
                raise InputError("answers with no size", path=place.name) from None
            if old > latest.size:
                raise RollbackError(
                    f"a witness has cosigned {old} entries of {party.origin!r}, and it has {latest.size}: an older copy was restored",
                    path=place.name,
                    remedy="take the missing entries from another party's copy; nothing is signed until then",
                )
        if status == 200:
            _cosigned(party, latest.with_signatures(cosignatures(answer)), done)
        else:
            done.problems.append(
                f"{place.name}: did not cosign {party.origin}: {answer.decode('utf-8', 'replace').strip()[:200]}"
            )
    for incident in party.store.incidents():
        for _, _, entry in party.store.statements(incident):
            for digest in in_entry(entry).predicate.seen.checkpoints:
                if party.store.note(digest) is None:
                    _keep_note(party, digest, place.read(f"notes/{digest}"))
