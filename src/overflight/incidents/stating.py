"""How a party states something: what it knew goes into the statement, so that the statement cannot be older than that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from overflight.errors import InputError, ParameterError
from overflight.incidents.detection import detected
from overflight.incidents.evidence import Piece, keep
from overflight.incidents.log.checkpoints import Checkpoint
from overflight.incidents.party import Party
from overflight.incidents.statements import Detection, Predicate, Seen, in_entry, now
from overflight.incidents.verification import heads

SHORTEST_ID: Final = 6


@dataclass(frozen=True)
class Check:
    """A check whose outcome is stated: files of positions, of volumes (or sets by name), of an agreement and its logs, and what it is told."""

    recordings: Sequence[Path]
    airspace: Sequence[str] = ()
    agreement: Path | None = None
    logs: Sequence[Path] = ()
    parameters: dict[str, str | list[str]] = field(default_factory=dict[str, "str | list[str]"])


def state(
    party: Party,
    incident: str | None,
    verdict: str | None,
    text: str,
    *,
    claims: Sequence[dict[str, str]] = (),
    files: Sequence[Path] = (),
    replies_to: Sequence[str] = (),
    check: Check | None = None,
    claimed_time: str | None = None,
    seen_by_others: Iterable[Checkpoint] = (),
) -> str:
    """State something of an incident; returns the id of the statement, which is the incident's where it opens one.

    Args:
        party: who states it.
        incident: of which incident; None opens one.
        verdict: one of `statements.VERDICTS`; None takes no position.
        text: in words.
        claims: quantities, as `claims.claims_as_text` returns them.
        files: evidence.
        replies_to: ids of statements that it answers, or takes back.
        check: positions and volumes that are checked; they become evidence, and what is found is stated.
        claimed_time: when it was stated, if not now; ISO 8601 in UTC, whole seconds.
        seen_by_others: checkpoints of one's own log that witnesses have told of.

    Raises:
        InputError: a file cannot be read, or the statement contradicts itself.
        RollbackError: the log has lost what others have seen of it.
    """
    known = [in_entry(entry) for _, _, entry in party.store.statements(incident)] if incident else []
    if incident and not known:
        raise InputError(f"nothing is known of the incident {incident[:16]}", remedy="overflight incident sync")
    ids = {one.id for one in known}
    for name in replies_to:
        if name not in ids:
            raise ParameterError("--replies-to", name, "is no statement of this incident")
    pieces = [keep(path, party.evidence) for path in files]
    detection = None
    if check is not None:
        more, detection = _detection(party, check)
        pieces += more
    predicate = Predicate(
        incident=incident,
        verdict=verdict,  # type: ignore[arg-type]
        text=text,
        claims=list(claims),
        claimed_time=claimed_time or now(),
        replies_to=list(replies_to),
        seen=Seen(statements=heads(known), checkpoints=_noted(party)),
        detection=detection,
    )
    return party.state(predicate, pieces, seen_by_others)


def _noted(party: Party) -> list[str]:
    """Keep the latest cosigned checkpoint of every log, and return their hashes."""
    found: list[str] = []
    for origin in party.store.origins():
        cosigned = [one for one in party.store.log(origin).checkpoints() if party.policy.cosignatures(one)]
        if cosigned:
            party.store.keep_note(cosigned[-1])
            found.append(cosigned[-1].digest)
    return found


def _detection(party: Party, check: Check) -> tuple[list[Piece], Detection]:
    recordings = [keep(path, party.evidence) for path in check.recordings]
    volumes = [
        (name, None if ":" in name and not Path(name).exists() else keep(Path(name), party.evidence))
        for name in check.airspace
    ]
    agreement = None if check.agreement is None else keep(check.agreement, party.evidence)
    logs = [keep(path, party.evidence) for path in check.logs]
    told = Detection(
        recordings=[one.digest for one in recordings],
        airspace=[name if piece is None else piece.digest for name, piece in volumes],
        agreement=None if agreement is None else agreement.digest,
        logs=[one.digest for one in logs],
        parameters=dict(check.parameters),  # type: ignore[arg-type]
    )
    result = detected(told, party.evidence)
    events = [] if result is None else sorted(result.events["id"])
    if len(events) > 400:
        raise InputError(
            f"the check finds {len(events)} events, more than a statement holds",
            remedy="cut the recording: overflight convert --from --to",
        )
    pieces = [
        *recordings,
        *(piece for _, piece in volumes if piece is not None),
        *([agreement] if agreement else []),
        *logs,
    ]
    return pieces, told.model_copy(update={"events": events})


def resolved(party: Party, name: str, incident: str | None = None) -> str:
    """Return the whole id of an incident, or of a statement of it, from its first letters.

    Raises:
        ParameterError: none begins so, or several do.
    """
    known = (
        party.store.incidents()
        if incident is None
        else [in_entry(entry).id for _, _, entry in party.store.statements(incident)]
    )
    found = [one for one in known if one.startswith(name.lower())]
    what = "incident" if incident is None else "statement of this incident"
    if len(name) < SHORTEST_ID or len(found) != 1:
        reason = (
            f"is too short for an id, {SHORTEST_ID} letters at least"
            if len(name) < SHORTEST_ID
            else f"names {len(found) or 'no'} {what}"
        )
        raise ParameterError(what, name, reason, remedy="overflight incident show lists them")
    return found[0]
