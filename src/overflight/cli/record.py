"""``overflight incident open|state|attach|show|bundle|verify|witness|sync``: the record of an incident."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from overflight.cli.incident import incident
from overflight.cli.key import RECORD, Record

if TYPE_CHECKING:
    from overflight.incidents.exchange import Exchanged
    from overflight.incidents.log.checkpoints import Checkpoint
    from overflight.incidents.party import Party
    from overflight.incidents.places import Folder, Http
    from overflight.incidents.verification import Verification

Which = Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, or how it begins.", show_default=False)]
Evidence = Annotated[list[Path] | None, typer.Option(help="A file that it rests on; may be repeated.")]
Claims = Annotated[Path | None, typer.Option(help="What is claimed, as for incident examine.", show_default=False)]
Case = Annotated[str | None, typer.Option(help="Only the claims of this case.")]
Replies = Annotated[list[str] | None, typer.Option(help="A statement that it answers; may be repeated.")]
Offline = Annotated[
    bool, typer.Option("--offline", help="State it although no witness of the policy can be asked what it has seen.")
]


@incident.command("open")
def open_incident(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What happened, in words.", show_default=False)],
    record: Record = RECORD,
    evidence: Evidence = None,
    recording: Annotated[
        list[Path] | None, typer.Option(help="Positions: evidence that is checked, and what is found is stated.")
    ] = None,
    airspace: Annotated[list[str] | None, typer.Option(help="Volumes for that check: files, or sets by name.")] = None,
    agreement: Annotated[
        Path | None, typer.Option(help="An agreement for that check, with volumes by name only.", show_default=False)
    ] = None,
    log: Annotated[list[Path] | None, typer.Option(help="Calls, notices and plans for that check.")] = None,
    net: Annotated[list[str] | None, typer.Option(help="A net for that check; may be repeated.")] = None,
    minima: Annotated[str | None, typer.Option(help="Minima for that check.")] = None,
    claims: Claims = None,
    case: Case = None,
    claimed_time: Annotated[str | None, typer.Option(help="When it was stated, if not now (UTC).")] = None,
    offline: Offline = False,
) -> None:
    """Open an incident: the first statement, whose hash is its id."""
    from overflight.incidents.stating import Check, state

    check = None
    if recording:
        told: dict[str, str | list[str]] = {"nets": list(net)} if net else {}
        check = Check(recording, airspace or [], agreement, log or [], told | ({"minima": minima} if minima else {}))
    with _party(record) as party:
        made = state(
            party, None, "open", text, claims=_claims(claims, case), files=evidence or [], check=check,
            claimed_time=_time(claimed_time), seen_by_others=_seen(party, offline),
        )  # fmt: skip
        _say_found(party, made)
    print(made)


@incident.command("state")
def state_verdict(
    which: Which,
    verdict: Annotated[str, typer.Argument(help="confirm, deny, unclear, attribute or retract.", show_default=False)],
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="In words.", show_default=False)] = "",
    record: Record = RECORD,
    evidence: Evidence = None,
    claims: Claims = None,
    case: Case = None,
    replies_to: Replies = None,
    claimed_time: Annotated[str | None, typer.Option(help="When it was stated, if not now (UTC).")] = None,
    offline: Offline = False,
) -> None:
    """State something of an incident: confirm, deny, leave unclear, attribute, retract."""
    from overflight.errors import ParameterError
    from overflight.incidents.statements import VERDICTS
    from overflight.incidents.stating import resolved, state

    if verdict not in VERDICTS[1:]:
        raise ParameterError("VERDICT", verdict, "is none", remedy=f"choose from {', '.join(VERDICTS[1:])}")
    with _party(record) as party:
        whole = resolved(party, which)
        answers = [resolved(party, one, whole) for one in replies_to or []]
        made = state(
            party, whole, verdict, text, claims=_claims(claims, case), files=evidence or [], replies_to=answers,
            claimed_time=_time(claimed_time), seen_by_others=_seen(party, offline),
        )  # fmt: skip
    print(made)


@incident.command()
def attach(
    which: Which,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Evidence.", show_default=False)],
    text: Annotated[str, typer.Option(help="What it is.")] = "",
    record: Record = RECORD,
    offline: Offline = False,
) -> None:
    """Attach evidence to an incident, without taking a position."""
    from overflight.incidents.stating import resolved, state

    with _party(record) as party:
        made = state(party, resolved(party, which), None, text, files=files, seen_by_others=_seen(party, offline))
    print(made)


@incident.command()
def show(
    which: Annotated[
        str | None, typer.Argument(metavar="[INCIDENT]", help="Its id, or how it begins.", show_default=False)
    ] = None,
    record: Record = RECORD,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show an incident: who states what, since when it is known, and what is claimed; without an id, list all."""
    from overflight.incidents.bundle import bundle_of
    from overflight.incidents.stating import resolved
    from overflight.incidents.verification import verify

    with _party(record) as party:
        names = party.store.incidents() if which is None else [resolved(party, which)]
        found = [
            verify(bundle_of(party.store, party.policy, one, party.evidence), party.policy, repeat=which is not None)
            for one in names
        ]
    if as_json:
        print(json.dumps([_told(one) for one in found], ensure_ascii=False, indent=1))
    elif which is None:
        for one in found:
            first = one.statements[0].statement.predicate.text.splitlines() if one.statements else []
            parties = dict.fromkeys(who.party for who in one.statements)
            print(f"{one.incident[:12]}  {len(one.statements)} by {', '.join(parties)}  {(first or ['?'])[0][:100]}")
        if not found:
            print("no incident; overflight incident open TEXT begins one")
    else:
        from overflight.cli.statements import print_verification

        print_verification(found[0])


@incident.command()
def bundle(
    which: Which,
    out: Annotated[Path, typer.Option(help="The file to write.", metavar="FILE.zip", show_default=False)],
    record: Record = RECORD,
    without_evidence: Annotated[bool, typer.Option("--without-evidence", help="Statements and proofs only.")] = False,
) -> None:
    """Put all that is known of an incident into one file, which anybody can verify offline."""
    from overflight.incidents.bundle import bundle_of, write_bundle
    from overflight.incidents.stating import resolved

    with _party(record) as party:
        gathered = bundle_of(party.store, party.policy, resolved(party, which), party.evidence)
        lacking = write_bundle(gathered, out, with_evidence=not without_evidence)
    print(f"{out}: {len(gathered.statements)} statements")
    for digest in lacking if not without_evidence else ():
        print(f"lacks evidence {digest[:12]}: this record does not hold it")


@incident.command("verify")
def verify_bundle(
    source: Annotated[
        str, typer.Argument(metavar="BUNDLE", help="A file, or its http(s) address.", show_default=False)
    ],
    policy: Annotated[
        Path | None, typer.Option(help="Whose keys count; without it that of the record.", show_default=False)
    ] = None,
    record: Record = RECORD,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Verify a bundle offline: signatures, logs, times, evidence; and repeat the checks. Ends with 1 where something is wrong."""
    from overflight.cli.statements import print_verification
    from overflight.incidents.bundle import read_bundle
    from overflight.incidents.log.policy import load_policy
    from overflight.incidents.verification import verify

    pinned = load_policy(policy or record / "policy")
    with tempfile.TemporaryDirectory(prefix="overflight-") as name:
        folder = Path(name)
        found = verify(read_bundle(_fetched(source, folder / "bundle.zip"), folder / "evidence"), pinned)
    if as_json:
        print(json.dumps(_told(found), ensure_ascii=False, indent=1))
    else:
        print_verification(found)
    if found.problems:
        raise typer.Exit(1)


@incident.command()
def witness(
    record: Record = RECORD,
    listen: Annotated[str, typer.Option(help="HOST:PORT; loopback unless another host is named.")] = "127.0.0.1:8423",
    with_evidence: Annotated[
        bool, typer.Option("--with-evidence", help="Give evidence with bundles to everybody who asks.")
    ] = False,
) -> None:
    """Serve this party's log over HTTP, and cosign what others ask for, until interrupted."""
    from overflight.errors import ParameterError
    from overflight.incidents.serving import Server

    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise ParameterError("--listen", listen, "is no address", remedy="write it like 127.0.0.1:8423")
    with _party(record) as party:
        try:
            server = Server(party, (host.strip("[]"), int(port)), with_evidence=with_evidence)
        except (OSError, OverflowError) as error:
            raise ParameterError("--listen", listen, f"cannot be listened on ({error})") from None
        print(
            f"http://{host}:{server.server_address[1]}  log {party.origin}, witness at /witness; Ctrl-C ends it",
            flush=True,
        )
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            server.server_close()


@incident.command()
def sync(
    place: Annotated[
        str, typer.Argument(metavar="PLACE", help="A folder (a stick), or another party's address.", show_default=False)
    ],
    record: Record = RECORD,
) -> None:
    """Take, verify and cosign the others' logs, and give this one. Ends with 1 where something does not hold."""
    from overflight.incidents.exchange import sync as exchanged

    with _party(record) as party:
        done: Exchanged = exchanged(party, _place(place))
    for line in done.taken or ["nothing new"]:
        print(line)
    for line in done.problems:
        print(f"PROBLEM  {line}")
    if done.problems:
        raise typer.Exit(1)


@contextmanager
def _party(record: Path) -> Generator[Party]:
    from overflight.incidents.party import Party

    party = Party(record)
    try:
        yield party
    finally:
        party.close()


def _place(name: str) -> Folder | Http:
    from overflight.incidents.places import Folder, Http

    return Http(name) if name.startswith(("http://", "https://")) else Folder(Path(name))


def _seen(party: Party, offline: bool) -> list[Checkpoint]:
    """Ask the witnesses that the policy gives an address of; if none answers, nothing is signed unless told so."""
    import sys

    from overflight.errors import InputError
    from overflight.incidents.exchange import asked

    told, silent = asked(party)
    if silent and not told and not offline:
        raise InputError(
            f"no witness could be asked what it has seen of this log ({silent[0]})",
            remedy="try again, or state it with --offline: that no older copy was restored is then not sure",
        )
    for line in silent:
        print(f"not asked: {line}", file=sys.stderr)
    return told


def _claims(path: Path | None, case: str | None) -> list[dict[str, str]]:
    from overflight.incidents.claims import claims_as_text

    return [] if path is None else claims_as_text(path, case)


def _time(text: str | None) -> str | None:
    from overflight.units import parse_time

    return None if text is None else f"{parse_time(text, '--claimed-time'):%Y-%m-%dT%H:%M:%SZ}"


def _say_found(party: Party, made: str) -> None:
    import sys

    from overflight.incidents.statements import in_entry

    for _, _, entry in party.store.statements(made):
        told = in_entry(entry).predicate.detection
        if told is not None:
            print(f"the check found {len(told.events)} events; they are stated", file=sys.stderr)


def _fetched(source: str, target: Path) -> Path:
    if not source.startswith(("http://", "https://")):
        return Path(source)
    from overflight.incidents.places import fetch

    fetch(source, target)
    return target


def _told(found: Verification) -> dict[str, Any]:
    return {
        "incident": found.incident,
        "problems": found.problems,
        "lacking": found.lacking,
        "statements": [
            {
                "id": one.statement.id, "party": one.party, "log": one.origin, "index": one.index, "claimed": one.claimed,
                "not_before": one.not_before, "existed_by": one.existed_by, "witnesses": one.witnesses, "retracted": one.retracted,
                "detection": one.detection, "evidence": [{"name": piece.name, "digest": piece.digest, "state": state} for piece, state in one.evidence],
                "predicate": one.statement.predicate.model_dump(),
            }
            for one in found.statements
        ],
    }  # fmt: skip
