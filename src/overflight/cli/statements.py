"""An incident in the terminal: what each side states, since when that is known, and whether it holds."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from overflight.incidents.claims import claims_of
from overflight.incidents.examination import CONTRADICT, IMPOSSIBLE, examine
from overflight.incidents.verification import moment

if TYPE_CHECKING:
    from overflight.incidents.verification import Checked, Verification

WIDTH = 110


def print_verification(found: Verification) -> None:
    """Print an incident and what of it holds."""
    print(f"incident {found.incident}\n")
    for one in found.statements:
        _statement(one)
    _claims(found)
    for line in found.lacking:
        print(f"not there    {line}")
    for line in found.problems:
        print(f"PROBLEM      {line}")
    if found.problems:
        print(f"NOT VERIFIED: {len(found.problems)} problems")
        return
    times = sum(one.existed_by is not None for one in found.statements)
    print(
        f"VERIFIED: {len(found.statements)} statements are signed by whom they seem to be and stand in their logs; "
        f"{times} were cosigned by another party" + ("; what is not there was not verified" if found.lacking else "")
    )


def _statement(one: Checked) -> None:
    told = one.statement.predicate
    verdict = told.verdict or "attach"
    taken_back = "  (taken back)" if one.retracted else ""
    print(f"{one.statement.id[:12]}  {one.party}: {verdict.upper()}{taken_back}")
    for line in textwrap.wrap(told.text, WIDTH - 14) or ([] if told.text == "" else [told.text]):
        print(f"              {line}")
    before = "nothing cosigned was seen" if one.not_before is None else moment(one.not_before)
    by = "nobody else has cosigned it" if one.existed_by is None else moment(one.existed_by)
    names = f" ({', '.join(sorted(one.witnesses))})" if one.witnesses else ""
    print(f"              claimed {moment(one.claimed)}; not before: {before}; existed by: {by}{names}")
    if told.replies_to:
        print(f"              answers {', '.join(name[:12] for name in told.replies_to)}")
    for piece, state in one.evidence:
        print(f"              evidence {piece.name} ({piece.digest[:12]}): {state}")
    if told.detection is not None:
        print(f"              check: {len(told.detection.events)} events; {one.detection or 'not repeated'}")
    print()


def _claims(found: Verification) -> None:
    """Hold the claims of all sides against physics and each other; who signed a claim is whose it is."""
    rows = [dict(row) for one in found.statements if not one.retracted for row in one.statement.predicate.claims]
    if not rows:
        return
    judged, findings = examine(claims_of(rows))
    worst = [one for one in findings if one.outcome in (IMPOSSIBLE, CONTRADICT)]
    print(f"claims: {len(judged)}; {len(worst)} findings that cannot be true together:")
    for one in worst:
        said = "; ".join(f"{judged[n - 1].claim.by}: {judged[n - 1].claim.said}" for n in one.claims)
        for line in textwrap.wrap(f"{said} -- {one.why}", WIDTH - 4):
            print(f"    {line}")
    print()
