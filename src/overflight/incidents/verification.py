"""A bundle held against a policy, offline: signatures, trees, times, evidence, and the check of the evidence repeated.

For every statement three times are told: what its author *claimed*; *existed by*, the earliest time at which another party cosigned a tree that holds it;
and *not before*, the latest time at which a checkpoint was cosigned that the statement names as seen, or that a statement names which it has seen.
A claimed time outside of them is contradicted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from overflight.errors import InputError, OverflightError
from overflight.incidents.bundle import Bundle
from overflight.incidents.detection import detected
from overflight.incidents.evidence import Piece, held
from overflight.incidents.log import merkle
from overflight.incidents.log.checkpoints import Checkpoint, checked
from overflight.incidents.log.policy import Policy, same_party
from overflight.incidents.log.proof import Proof
from overflight.incidents.statements import Statement, signed_entry

CLOCKS_S: Final = 60
"""What the clocks of two parties may differ by before a claimed time is contradicted."""

HELD, ABSENT, CHANGED = "held", "absent", "changed"


@dataclass
class Checked:
    """A statement that was held against the policy.

    Attributes:
        statement: what it says.
        party: whose key signed it.
        origin: of which log it is an entry.
        index: which one.
        witnesses: who cosigned the tree that holds it, and when (s since 1970).
        not_before: s since 1970, or None where it names nothing that was cosigned.
        evidence: each piece, and whether it is held, absent, or changed.
        detection: how the repeated check compares, or why it was not repeated; None where it says nothing of one.
        retracted: whether its author took it back.
    """

    statement: Statement
    party: str
    origin: str
    index: int
    witnesses: dict[str, int]
    not_before: int | None = None
    evidence: list[tuple[Piece, str]] = field(default_factory=list[tuple[Piece, str]])
    detection: str | None = None
    retracted: bool = False

    @property
    def who(self) -> str:
        """Whose statement it is, and which, in a word or two."""
        return f"{self.party}, {self.statement.id[:12]}"

    @property
    def existed_by(self) -> int | None:
        """The earliest time at which another party had seen it, s since 1970; None where nobody cosigned it."""
        return min(self.witnesses.values(), default=None)

    @property
    def claimed(self) -> int:
        """When its author says that it was stated, s since 1970."""
        return int(datetime.fromisoformat(self.statement.predicate.claimed_time).timestamp())


@dataclass
class Verification:
    """What a bundle shows.

    Attributes:
        incident: the id.
        statements: those that are what they seem, in an order in which nothing stands before what it has seen.
        problems: what is wrong, each in a line; an empty list means that nothing is.
        lacking: what could not be verified because it is not there, each in a line.
    """

    incident: str
    statements: list[Checked] = field(default_factory=list[Checked])
    problems: list[str] = field(default_factory=list[str])
    lacking: list[str] = field(default_factory=list[str])


def verify(bundle: Bundle, policy: Policy, *, repeat: bool = True) -> Verification:
    """Hold a bundle against a policy.

    Args:
        bundle: what was gathered or read.
        policy: whose keys count.
        repeat: whether the checks that statements tell of are repeated over the evidence.
    """
    found = Verification(bundle.incident)
    for number, (entry, proof) in enumerate(bundle.statements, 1):
        try:
            found.statements.append(_checked(entry, proof, bundle.incident, policy))
        except InputError as error:
            found.problems.append(f"statement {number}: {error}")
    _one_history(bundle, policy, found)
    _nothing_left_out(found)
    _times(bundle, policy, found)
    _evidence(bundle, found)
    if repeat:
        _detection(bundle, found)
    _retracted(found)
    _in_order(found)
    return found


def _checked(entry: bytes, proof: Proof, incident: str, policy: Policy) -> Checked:
    origin = proof.checkpoint.origin
    statement = signed_entry(entry, [key for key in policy.logs if key.name == origin])
    if statement.incident != incident:
        raise InputError(f"is of another incident ({statement.incident[:16]})", place="statement")
    witnesses = proof.verify(entry, policy)
    return Checked(statement, origin.rpartition("/")[0], origin, proof.index, witnesses)


def _one_history(bundle: Bundle, policy: Policy, found: Verification) -> None:
    """Every checkpoint of a log continues those before it, or it has been shown in two ways."""
    shown: dict[str, dict[int, Checkpoint]] = {}
    given = [
        *(proof.checkpoint for _, proof in bundle.statements),
        *bundle.notes.values(),
        *(one[2] for one in bundle.consistency),
    ]
    for checkpoint in given:
        try:
            checked(checkpoint, policy.logs)
        except InputError as error:
            if checkpoint.origin in {one.origin for one in found.statements}:
                found.problems.append(str(error))
            continue
        other = shown.setdefault(checkpoint.origin, {}).setdefault(checkpoint.size, checkpoint)
        if other.root != checkpoint.root:
            found.problems.append(_fork(checkpoint.origin, checkpoint.size, checkpoint.size))
    proofs = {(later.origin, old, later.size): (hashes, later) for old, hashes, later in bundle.consistency}
    for origin, by_size in shown.items():
        latest = by_size[max(by_size)]
        for size, checkpoint in sorted(by_size.items()):
            if size in (0, latest.size):
                continue
            hashes, later = proofs.get((origin, size, latest.size), (None, latest))
            if hashes is None:
                found.problems.append(f"{origin}: nothing shows that size {latest.size} continues size {size}")
            elif not merkle.verify_consistency(size, latest.size, hashes, checkpoint.root, later.root):
                found.problems.append(_fork(origin, size, latest.size))


def _fork(origin: str, size: int, later: int) -> str:
    return f"{origin}: its checkpoints of size {size} and {later} do not continue each other: it was shown in two ways, or rewritten"


def _nothing_left_out(found: Verification) -> None:
    known = {one.statement.id for one in found.statements}
    opening = sum(one.statement.predicate.incident is None for one in found.statements)
    if opening != 1:
        found.problems.append("it is opened twice" if opening else "the opening statement is missing")
    twice = len(found.statements) - len(known)
    if twice:
        found.problems.append(f"{twice} statements stand in it twice")
    for one in found.statements:
        told = one.statement.predicate
        for kind, names in (("has seen", told.seen.statements), ("replies to", told.replies_to)):
            for name in names:
                if name not in known:
                    found.problems.append(f"{one.who}: {kind} statement {name[:12]}, which is missing")


def _times(bundle: Bundle, policy: Policy, found: Verification) -> None:
    by_id = {one.statement.id: one for one in found.statements}
    own: dict[str, int | None] = {}
    for one in found.statements:
        times: list[int] = []
        for digest in one.statement.predicate.seen.checkpoints:
            note = bundle.notes.get(digest)
            if note is None or note.digest != digest:
                found.lacking.append(f"{one.who}: a checkpoint that it has seen ({digest[:12]}) is not there")
                continue
            try:
                who = policy.cosignatures(note)
            except InputError as error:
                found.problems.append(f"{one.who}: a checkpoint that it has seen: {error}")
                continue
            # what its own author cosigned shows nothing: the time would be the author's word again
            times += [at for name, at in who.items() if not same_party(policy.witnesses[name].name, one.origin)]
        own[one.statement.id] = max(times, default=None)
    for one in found.statements:
        one.not_before = max((at for name in _all_seen(one, by_id) if (at := own[name]) is not None), default=None)
        if one.not_before is not None and one.claimed < one.not_before - CLOCKS_S:
            found.problems.append(
                f"{one.who}: dated back: it claims {moment(one.claimed)} and has seen what was cosigned at {moment(one.not_before)}"
            )
        if one.existed_by is not None and one.claimed > one.existed_by + CLOCKS_S:
            found.problems.append(
                f"{one.who}: dated ahead: it claims {moment(one.claimed)} and was cosigned at {moment(one.existed_by)}"
            )


def _all_seen(one: Checked, by_id: dict[str, Checked]) -> set[str]:
    """Return the ids of a statement and of all that it has seen, through others too."""
    seen: set[str] = set()
    open_ids = [one.statement.id]
    while open_ids:
        name = open_ids.pop()
        if name in by_id and name not in seen:
            seen.add(name)
            told = by_id[name].statement.predicate
            open_ids += [*told.seen.statements, *told.replies_to]
    return seen


def _evidence(bundle: Bundle, found: Verification) -> None:
    for one in found.statements:
        for piece in one.statement.evidence:
            state = ABSENT
            try:
                if bundle.evidence is not None and held(bundle.evidence, piece.digest) is not None:
                    state = HELD
            except InputError as error:
                state = CHANGED
                found.problems.append(f"{one.who}: {error}")
            one.evidence.append((piece, state))
            if state == ABSENT:
                found.lacking.append(f"{one.who}: evidence {piece.name} ({piece.digest[:12]}) is not there")


def _detection(bundle: Bundle, found: Verification) -> None:
    for one in found.statements:
        told = one.statement.predicate.detection
        if told is None:
            continue
        try:
            result = None if bundle.evidence is None else detected(told, bundle.evidence)
        except OverflightError as error:
            one.detection = "could not be repeated"
            found.problems.append(f"{one.who}: the check could not be repeated: {error}")
            continue
        if result is None:
            one.detection = "not repeated: evidence is not there"
            found.lacking.append(f"{one.who}: the check was not repeated: evidence is not there")
            continue
        stated, repeated = set(told.events), set(result.events["id"])
        if stated == repeated:
            one.detection = (
                f"repeated: the same {len(stated)} events" if len(stated) != 1 else "repeated: the same event"
            )
        else:
            one.detection = "repeated: other events"
            found.problems.append(
                f"{one.who}: the check of its evidence finds other events: {len(stated - repeated)} of {len(stated)} stated are not found, "
                f"{len(repeated - stated)} others are"
            )


def _retracted(found: Verification) -> None:
    by_id = {one.statement.id: one for one in found.statements}
    for one in found.statements:
        if one.statement.predicate.verdict == "retract":
            for name in one.statement.predicate.replies_to:
                if name in by_id and by_id[name].party == one.party:
                    by_id[name].retracted = True


def _in_order(found: Verification) -> None:
    """Put statements in an order in which each stands after all that it has seen, and else by what time they claim."""
    by_id = {one.statement.id: one for one in found.statements}
    waiting = {name: _all_seen(one, by_id) - {name} for name, one in by_id.items()}
    ordered: list[Checked] = []
    while waiting:
        ready = [name for name, before in waiting.items() if not before & waiting.keys()] or list(waiting)
        name = min(ready, key=lambda name: (by_id[name].claimed, by_id[name].origin, by_id[name].index))
        ordered.append(by_id[name])
        del waiting[name]
    found.statements = ordered


def moment(time_s: int) -> str:
    """Write a time (s since 1970) in UTC."""
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S} UTC"


def heads(statements: Iterable[Statement]) -> list[str]:
    """Return the ids of the statements that no other of them names as seen or answered: by these all of them are known."""
    some = list(statements)
    seen = {name for one in some for name in (*one.predicate.seen.statements, *one.predicate.replies_to)}
    return sorted(one.id for one in some if one.id not in seen)
