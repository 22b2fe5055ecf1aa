"""`/api/v1`: the agreement in words, and the record of incidents: what each side states, held against physics and verified."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from overflight.agreement.explain import explain
from overflight.errors import InputError, MissingError
from overflight.incidents.bundle import bundle_of, write_bundle
from overflight.incidents.claims import Claim, claims_of
from overflight.incidents.examination import Examined, examine
from overflight.incidents.party import Party
from overflight.incidents.statements import in_entry
from overflight.incidents.verification import Checked, verify
from overflight.server.access import Caller, Downloader, SomeCaller, TheService
from overflight.server.api_events import as_file
from overflight.server.problems import Problem
from overflight.server.service import Service

router = APIRouter(prefix="/api/v1", tags=["record"])


@router.get("/agreement")
def agreement(_: SomeCaller, service: TheService) -> dict[str, Any]:
    """Return what was agreed: its parties, its rules, and all of it in words."""
    agreed = service.work.parameters.agreement
    if agreed is None:
        raise MissingError("there is no agreement", remedy="start the service with --agreement")
    return {
        "title": agreed.title,
        "note": agreed.note,
        "parties": [{"id": one.id, "name": one.name or one.id} for one in agreed.party],
        "rules": [{"id": rule.id, "kind": rule.kind, "text": rule.text} for rule in agreed.rules],
        "words": explain(agreed),
    }


@contextmanager
def _party(service: Service, somebody: Caller) -> Generator[Party]:
    """Give the party whose record is shown, to whoever may see what is its own."""
    if service.work.record is None:
        raise MissingError("there is no record", remedy="start the service with --record")
    party = Party(service.work.record)
    try:
        if not somebody.sees(party.name):
            raise Problem(403, f"the record is of {party.name}, which does not share with your party")
        yield party
    finally:
        party.close()


@router.get("/incidents")
def incidents(somebody: SomeCaller, service: TheService) -> dict[str, Any]:
    """List the incidents of the record, each with its opening statement and how many have been made."""
    found: list[dict[str, Any]] = []
    with _party(service, somebody) as party:
        for incident in party.store.incidents():
            said = [in_entry(entry) for _, _, entry in party.store.statements(incident)]
            opening = next((one.predicate for one in said if one.predicate.incident is None), None)
            events = sorted(
                {name for one in said if one.predicate.detection for name in one.predicate.detection.events}
            )
            text, claimed = (None, None) if opening is None else (opening.text, opening.claimed_time)
            told = {"id": incident, "text": text, "claimed": claimed, "statements": len(said), "events": events}
            found.append(told)
    return {"items": sorted(found, key=lambda one: one["claimed"] or "", reverse=True)}


@router.get("/incidents/{incident}")
def one(
    incident: str,
    somebody: SomeCaller,
    service: TheService,
    repeat: Annotated[
        bool, Query(description="repeat the checks that statements tell of, over their evidence")
    ] = False,
) -> dict[str, Any]:
    """Return what each side states of an incident, with the verdict on each claim, and what verification finds."""
    with _party(service, somebody) as party:
        _refuse_unknown(party, incident)
        gathered = bundle_of(party.store, party.policy, incident, party.evidence)
        found = verify(gathered, party.policy, repeat=repeat)
    claims, of = _claims(found.statements)
    judged, findings = examine(claims)
    by_statement = {name: [one for one in judged if of[one.claim.number] == name] for name in set(of.values())}
    return {
        "id": incident,
        "repeated": repeat,
        "statements": [_told(one, by_statement.get(one.statement.id, [])) for one in found.statements],
        "findings": [
            {"rule": one.rule, "outcome": one.outcome, "why": one.why, "among": one.among, "claims": list(one.claims)}
            for one in findings
        ],
        "problems": found.problems,
        "lacking": found.lacking,
    }


@router.get("/incidents/{incident}/bundle")
def bundle(incident: str, somebody: Downloader, service: TheService) -> Response:
    """Download the statements of an incident with their proofs, without evidence: anybody can verify it offline."""
    with _party(service, somebody) as party, tempfile.TemporaryDirectory() as folder:
        _refuse_unknown(party, incident)
        path = Path(folder) / "incident.zip"
        gathered = bundle_of(party.store, party.policy, incident, party.evidence)
        write_bundle(gathered, path, with_evidence=False)
        content = path.read_bytes()
    return Response(content, media_type="application/zip", headers=as_file(f"overflight-{incident[:12]}.zip"))


def _refuse_unknown(party: Party, incident: str) -> None:
    if incident not in party.store.incidents():
        raise MissingError(
            "there is no such incident", path=ascii(incident[:16]), remedy="look at the list of incidents"
        )


def _claims(statements: list[Checked]) -> tuple[list[Claim], dict[int, str]]:
    """Return the claims of statements that stand, numbered through, and of which statement each is."""
    rows: list[Any] = []
    of: dict[int, str] = {}
    for one in statements:
        if one.retracted:
            continue
        for row in one.statement.predicate.claims:
            try:
                claims_of([row])
            except InputError:  # a side may state what nobody can compute with: it is shown as it is said
                continue
            rows.append(row)
            of[len(rows)] = one.statement.id
    return claims_of(rows), of


def _told(one: Checked, judged: list[Examined]) -> dict[str, Any]:
    told = one.statement.predicate
    return {
        "id": one.statement.id,
        "party": one.party,
        "verdict": told.verdict,
        "text": told.text,
        "claimed": told.claimed_time,
        "existed_by": one.existed_by,
        "not_before": one.not_before,
        "witnesses": one.witnesses,
        "retracted": one.retracted,
        "replies_to": told.replies_to,
        "detection": one.detection,
        "events": [] if told.detection is None else told.detection.events,
        "evidence": [{"name": piece.name, "digest": piece.digest, "state": state} for piece, state in one.evidence],
        "claims": [
            {
                "number": each.claim.number,
                "by": each.claim.by,
                "of": each.claim.of,
                "said": each.claim.said,
                "source": each.claim.source,
                "verdict": each.verdict,
                "why": list(each.why),
            }
            for each in judged
        ],
    }
