"""What one side states of an incident: an in-toto Statement whose bytes are canonical, so that its hash is its name.

A statement is JSON in the canonical form of RFC 8785: `_type` and `predicateType` as in-toto's attestation framework (Statement v1) asks, `subject` the
evidence that it rests on, each piece by its salted digest (`evidence.py`), or its own text where it rests on none, and as `predicate`:

| field | what |
|---|---|
| `incident` | the id of the incident: SHA-256 of its opening statement; null in that one |
| `verdict` | open, confirm, deny, unclear, attribute, retract; null for evidence without a position |
| `text` | what is stated, in words |
| `claims` | quantities, as `claims.py` reads them, numbers as text |
| `claimed_time` | when the author says that it was stated, UTC |
| `replies_to` | ids of the statements that it answers, or takes back |
| `seen` | what the author knew: ids of the latest statements of the incident, SHA-256 of the latest signed checkpoints; it cannot be older than these |
| `detection` | how a check of the evidence ended, for whoever wants to repeat it, or null |

The id of a statement is SHA-256 of these bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, cast

import rfc8785
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from overflight.errors import InputError
from overflight.incidents.claims import claims_of
from overflight.incidents.evidence import Piece
from overflight.incidents.log.dsse import opened, payload_of
from overflight.incidents.log.notes import VerifierKey

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:overflight:incident-statement:v1"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
SALTED: Final = "saltedSha256"
"""The name of the digest of a piece of evidence; `sha256` is that of the text."""
TEXT: Final = "text"
MOST_BYTES: Final = 45_000
"""An entry of a log has at most 65,535 bytes (tlog-tiles), and Base64 in an envelope takes a third more."""

VERDICTS: Final = ("open", "confirm", "deny", "unclear", "attribute", "retract")

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, StringConstraints(max_length=8_000)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Seen(_Record):
    """What the author of a statement knew: the latest statements of the incident, and notes by their hash."""

    statements: Annotated[list[Digest], Field(max_length=64)] = []
    checkpoints: Annotated[list[Digest], Field(max_length=64)] = []


class Detection(_Record):
    """A check of the evidence: pieces by digest, sets of volumes by name, what the check was told, and what it found."""

    recordings: Annotated[list[Digest], Field(min_length=1, max_length=16)]
    airspace: Annotated[list[Short], Field(max_length=16)] = []
    agreement: Digest | None = None
    logs: Annotated[list[Digest], Field(max_length=16)] = []
    parameters: dict[Short, str | list[Short]] = {}
    events: Annotated[list[Short], Field(max_length=400)] = []


class Predicate(_Record):
    """What is stated; the fields are those of the table above."""

    incident: Digest | None
    verdict: Literal["open", "confirm", "deny", "unclear", "attribute", "retract"] | None
    text: Text
    claims: Annotated[list[dict[Short, Text]], Field(max_length=200)] = []
    claimed_time: Moment
    replies_to: Annotated[list[Digest], Field(max_length=64)] = []
    seen: Seen = Seen()
    detection: Detection | None = None


class Statement(_Record):
    """A statement that was read: its id, the evidence that it rests on, and what it says."""

    id: str
    evidence: list[Piece]
    predicate: Predicate

    @property
    def incident(self) -> str:
        """The incident that it is of."""
        return self.predicate.incident or self.id


def now() -> str:
    """Return the time as a statement writes it: UTC, whole seconds."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def payload(predicate: Predicate, evidence: list[Piece]) -> bytes:
    """Return the bytes of a statement.

    Raises:
        InputError: it contradicts itself, or is too long.
    """
    subject = [{"name": one.name, "digest": {SALTED: one.digest}} for one in evidence]
    told = {
        "_type": STATEMENT_TYPE,
        "predicateType": PREDICATE_TYPE,
        "subject": subject or [{"name": TEXT, "digest": {"sha256": _sha256(predicate.text.encode())}}],
        "predicate": predicate.model_dump(),
    }
    written = rfc8785.dumps(cast("Any", told))
    read(written)
    return written


def read(written: bytes) -> Statement:
    """Return what the bytes of a statement say.

    Raises:
        InputError: they are no statement, not in canonical form, or contradict themselves.
    """
    if len(written) > MOST_BYTES:
        raise InputError(f"the statement is longer than {MOST_BYTES:,} bytes", remedy="attach what is long as evidence")
    try:
        told: Any = json.loads(written)
        canonical = rfc8785.dumps(told)
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise InputError(f"the statement is no canonical JSON ({error})") from None
    if canonical != written:
        raise InputError("the statement is not in canonical form (RFC 8785)", remedy="do not write statements by hand")
    try:
        predicate = Predicate.model_validate(told["predicate"])
        evidence = _evidence(told, predicate)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{place}: {first['msg']}", place="statement") from None
    except (KeyError, TypeError, AttributeError):
        raise InputError("it is no in-toto Statement", place="statement") from None
    _sound(predicate)
    return Statement(id=_sha256(written), evidence=evidence, predicate=predicate)


def in_entry(entry: bytes) -> Statement:
    """Return what an entry of a log states, whoever signed it.

    Raises:
        InputError: it is no statement.
    """
    return read(payload_of(entry))


def signed_entry(entry: bytes, keys: Iterable[VerifierKey]) -> Statement:
    """Return what an entry of a log states, signed by one of the keys.

    Raises:
        InputError: it is no statement, or none of theirs.
    """
    envelope = opened(entry, keys)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise InputError(f"is a {envelope.payload_type[:60]!r}, no statement", place="envelope")
    return read(envelope.payload)


def _evidence(told: dict[str, Any], predicate: Predicate) -> list[Piece]:
    if told["_type"] != STATEMENT_TYPE or told["predicateType"] != PREDICATE_TYPE or len(told) != 4:
        raise InputError(f"is a statement of another kind than {PREDICATE_TYPE}", place="statement")
    subjects = cast("list[dict[str, Any]]", told["subject"])
    if not 0 < len(subjects) <= 64:
        raise InputError("has no subject, or more than 64", place="statement")
    if subjects == [{"name": TEXT, "digest": {"sha256": _sha256(predicate.text.encode())}}]:
        return []
    pieces: list[Piece] = []
    for one in subjects:
        digest, name = one["digest"].get(SALTED), one["name"]
        if one.keys() != {"name", "digest"} or one["digest"].keys() != {SALTED}:
            raise InputError("names evidence by another digest than " + SALTED, place="statement")
        if not (isinstance(digest, str) and isinstance(name, str) and 0 < len(name) <= 100 and _is_digest(digest)):
            raise InputError("names evidence by no digest", place="statement")
        pieces.append(Piece(digest, name))
    return pieces


def _sound(told: Predicate) -> None:
    """Refuse what contradicts itself."""
    if (told.verdict == "open") != (told.incident is None):
        raise InputError("opens an incident that there is, or is of none", place="statement")
    if told.verdict == "retract" and not told.replies_to:
        raise InputError("takes nothing back", place="statement", remedy="name the statement with --replies-to")
    if told.verdict == "attribute" and not told.text.strip():
        raise InputError("attributes it to nobody", place="statement", remedy="say to whom, and why, with --text")
    if told.verdict is None and told.claims:
        raise InputError("claims something without a verdict", place="statement")
    claims_of(list(told.claims))


def _is_digest(text: str) -> bool:
    return len(text) == 64 and all(one in "0123456789abcdef" for one in text)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
