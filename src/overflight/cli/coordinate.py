"""``overflight coordinate``: a party's operations at a service, declared before they are flown."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import httpx2

coordinate = typer.Typer(
    help="A party's operations: declared before they are flown. The token in OVERFLIGHT_TOKEN, made on the page under Operations.",
    rich_markup_mode=None,
    no_args_is_help=True,
)
Where = Annotated[str, typer.Option("--service", help="Address of the service.")]
SERVICE = "http://127.0.0.1:8080"
Id = Annotated[str, typer.Argument(metavar="ID", help="Of the operation, as list says.", show_default=False)]
IN_THE_WAY = 1
"""What a command ends with where something is in the way, or does not fit."""


@coordinate.command()
def declare(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="JSON: precedence and volumes; - for standard input.", show_default=False),
    ],
    service: Where = SERVICE,
) -> None:
    """Declare an operation. It is planned if nothing is in its way that it must give way to; otherwise what is in the way is said, and what would be clear."""
    from overflight.errors import InputError

    try:
        content = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        told = json.loads(content)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=file) from None
    except ValueError as error:
        raise InputError(f"is no JSON ({error})", path=file, remedy="see docs/coordination.md") from None
    _say_outcome(_ask(service, "POST", "/operations", told))


@coordinate.command("list")
def list_(service: Where = SERVICE) -> None:
    """List your party's operations."""
    items = _ask(service, "GET", "/operations").json()["items"]
    for one in items:
        print(f"{one['id']}  {one['state']:<7}  {_span(one['start'], one['end'])}  {one['precedence']}, {_levels(one)}")
    if not items:
        print("no operations were declared")


@coordinate.command()
def conflicts(operation: Id, service: Where = SERVICE) -> None:
    """Say what is in the way of an operation, and nothing else."""
    items = _ask(service, "GET", f"/operations/{operation}/conflicts").json()["items"]
    _say_conflicts(items)
    if not items:
        print("nothing that was declared here is in its way")
        return
    raise typer.Exit(IN_THE_WAY)


@coordinate.command()
def activate(operation: Id, service: Where = SERVICE) -> None:
    """Let a planned operation begin, if it is still clear."""
    _say_outcome(_ask(service, "POST", f"/operations/{operation}/activate"))


@coordinate.command()
def release(operation: Id, service: Where = SERVICE) -> None:
    """End an operation before its time, so that others may have its place."""
    told = _ask(service, "POST", f"/operations/{operation}/release").json()
    print(f"{told['id']} ended at {told['end'][:19]}Z")


@coordinate.command()
def log(
    since: Annotated[
        str | None, typer.Option(help="Leave out what was over before (ISO 8601, UTC).", show_default=False)
    ] = None,
    service: Where = SERVICE,
) -> None:
    """Print what was declared, as a log that overflight check --log holds flights against."""
    from overflight.units import parse_time

    query = "" if since is None else f"?since={parse_time(since, '--since').isoformat().replace('+', '%2B')}"
    print(json.dumps(_ask(service, "GET", f"/operations/log{query}").json(), indent=1))


@coordinate.command()
def watch(
    service: Where = SERVICE,
    every: Annotated[float, typer.Option(help="Seconds between questions.", min=1.0, max=60.0)] = 10.0,
) -> None:
    """Stay heard, and print what your party is told, one JSON object a line; what was printed is acknowledged.

    Who is not heard for two minutes is silent: nobody may plan into their operations.
    """
    after = 0
    while True:
        items = _ask(service, "GET", f"/deliveries?after={after}").json()["items"]
        for one in items:
            if not one["acknowledged"]:
                print(json.dumps(one), flush=True)
            after = one["sequence"]
        if items:
            _ask(service, "POST", "/deliveries/acknowledge", {"sequence": after})
        else:
            time.sleep(every)


@coordinate.command()
def verify(
    receipts: Annotated[
        Path, typer.Argument(metavar="RECEIPTS", help="What you kept, JSON lines.", show_default=False)
    ],
    name: Annotated[
        str, typer.Option(help="What the register knows you by: the subject of your tokens.", show_default=False)
    ],
    journal: Annotated[str, typer.Option(help="Origin of the register's log.")] = "register/log",
    record: Annotated[Path, typer.Option(help="Folder of your record, which has a copy of it.")] = Path("record"),
) -> None:
    """Hold what you kept against a register's journal: whether it has what you made, and nothing else of yours, and told you of what was in your way."""
    from overflight.coordination.dss.verification import read_journal, read_receipts, untruths
    from overflight.errors import InputError
    from overflight.incidents.party import Party

    try:
        content = receipts.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", path=str(receipts)) from None
    kept = read_receipts(content, str(receipts))
    party = Party(record)
    try:
        if journal not in party.store.origins():
            remedy = "take it with overflight incident sync, or name another with --journal"
            raise InputError(f"has no copy of {journal}", path=str(record), remedy=remedy)
        log = party.store.log(journal)
        changes = read_journal(log.entries(0, log.size), journal)
    finally:
        party.close()
    found = untruths(name, changes, kept)
    for one in found:
        print(one)
    print(f"{len(kept)} receipts against {len(changes)} changes: {len(found) or 'nothing'} that does not fit")
    if found:
        raise typer.Exit(IN_THE_WAY)


def _ask(service: str, method: str, path: str, told: Any = None) -> httpx2.Response:
    """Ask the service; what it refuses ends the command, but for what is in the way."""
    import httpx2

    from overflight.errors import InputError

    token = os.environ.get("OVERFLIGHT_TOKEN")
    if not token:
        raise InputError("is not set", path="OVERFLIGHT_TOKEN", remedy="make a token on the page, under Operations")
    try:
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx2.request(method, f"{service.rstrip('/')}/api/v1{path}", json=told, headers=headers, timeout=30)
        content = answer.json()
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise InputError(f"cannot be asked ({error})", path=service, remedy="name another with --service") from None
    except ValueError:
        raise InputError(
            "answers with what is no JSON", path=service, remedy="is it a service of Overflight?"
        ) from None
    if answer.is_success or (answer.status_code == 409 and "conflicts" in content):
        return answer
    raise InputError(content.get("detail", f"answers {answer.status_code}"), path=service)


def _say_outcome(answer: httpx2.Response) -> None:
    told = answer.json()
    if answer.is_success:
        print(f"{told['operation']['id']} is {told['operation']['state']}")
        if told["conflicts"]:
            print("these give way to it, and are told:")
            _say_conflicts(told["conflicts"])
        for one in told["constraints"]:
            print(f"it meets a constraint of {one['manager']}: {one['what']}")
        return
    print(f"not planned: {told['detail']}")
    _say_conflicts(told["conflicts"])
    if told["shifts"]:
        print("it would be clear, the smallest change first:")
        for one in told["shifts"]:
            print(f"  {_shift(one)}")
    raise typer.Exit(IN_THE_WAY)


def _say_conflicts(items: list[dict[str, Any]]) -> None:
    for one in items:
        way = "gives way" if one["gives_way"] else "does not give way"
        print(f"  {one['pseudonym']}, {one['precedence']}, {'silent' if one['stale'] else way}")
        for volume in one["volumes"]:
            box = f"{volume['south']:g} to {volume['north']:g} N, {volume['west']:g} to {volume['east']:g} E"
            print(f"    {box}, {_levels(volume)}, {_span(volume['time_start']['value'], volume['time_end']['value'])}")


def _levels(told: dict[str, Any]) -> str:
    if "volumes" in told:
        return "; ".join(_levels(one) for one in told["volumes"])
    if "flight_levels" in told:
        low, high = told["flight_levels"]
        return f"FL{low:03g} to FL{high:03g}"
    if "altitudes_m" in told:
        low, high = told["altitudes_m"]
    else:
        low, high = (told["volume"][f"altitude_{end}"]["value"] for end in ("lower", "upper"))
    return f"{low:g} to {high:g} m above the ellipsoid"


def _span(start: str, end: str) -> str:
    return f"{start[:10]} {start[11:16]} to {end[11:16] if start[:10] == end[:10] else f'{end[:10]} {end[11:16]}'} UTC"


def _shift(one: dict[str, Any]) -> str:
    if one["kind"] == "time":
        minutes = one["later_s"] // 60
        return f"{abs(minutes)} minutes {'later' if minutes > 0 else 'earlier'}"
    if one["kind"] == "level":
        return f"{abs(one['higher_ft']):,} ft {'higher' if one['higher_ft'] > 0 else 'lower'}"
    return f"{one['distance_m'] / 1000:g} km towards {one['bearing_deg']:g} degrees"
