"""Conflict-zone bulletins as JSON: which flight information regions, up to which level, until when.

Source: EASA's Conflict Zone Information Bulletins and information notes (https://www.easa.europa.eu/en/domains/air-operations/czibs),
as a JSON list of objects, or an object that holds such lists: ``czib_number`` or ``id``, ``status``, ``issue_date``,
``revision_date``, ``valid_until`` (day/month/year, the last day included), ``affected_airspace`` (prose), ``affected_FIRs``,
``affected_countries``. A bulletin names regions by their code; `read` takes the bundled boundaries, `volumes` those that it is given.

Where only part of a region is meant ("west of longitude 60° East"), the whole of it is taken, and noted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from overflight.airspace.readers.format import Format
from overflight.airspace.sets import APPROXIMATE, FIR_ACCURACY_M, fir_parts
from overflight.airspace.volume import SURFACE, UNLIMITED, Airspace, Limit, Part, Refused, Volume, Window, assumption
from overflight.errors import InputError

_FL = r"(?:FLIGHT\s+LEVEL\s*)?(?:\(?\s*FL\s*\)?\s*)?(\d{2,3})\b"
_ALL = re.compile(r"\b(?:ALL|ANY)\s+(?:ALTITUDES?|FLIGHT\s+LEVELS?)")
_BETWEEN = re.compile(rf"\bBETWEEN\s+{_FL}\s+AND\s+{_FL}")
_BELOW = re.compile(rf"\b(?:BELOW|UP\s+TO|UNDER)\s+{_FL}")
_ABOVE = re.compile(rf"\bABOVE\s+{_FL}")
_PARTLY = re.compile(
    r"(?:\b(?:NORTH|SOUTH|EAST|WEST)\w*\s+OF\b|\bOVER\s+(?!ALL)\S+|\bEXCEPT\w*|\bPORTIONS?\b|\bPARTS?\s+OF\b|\bPROVINCES?\b|\bREGION\s+OF\b"
    r"|\bGOVERNORATE\b|\bCORRESPONDING\b|\bWITHIN\s+\d)[^.;,]{0,60}"
)
_EMPTY = {"", "N/A", "NONE", "NULL"}


@dataclass(frozen=True)
class Bulletin:
    """A bulletin, or an information note.

    Attributes:
        number: "CZIB-2026-08".
        status: as written ("Active", "Withdrawn"); empty where none is said.
        subject: what it is about.
        firs: codes of its flight information regions.
        countries: as written.
        lower, upper: what it says of levels; the surface and no limit where it says nothing.
        issued, revised: days, UTC; None where none is said.
        valid_until: the end of its last day, UTC; None where none is said.
        airspace: the prose that all this was understood from.
        url: where it stands.
        source: file and place.
        not_understood: everything assumed or not understood, one line each.
    """

    number: str
    status: str
    subject: str
    firs: tuple[str, ...]
    countries: tuple[str, ...]
    lower: Limit
    upper: Limit
    issued: datetime | None
    revised: datetime | None
    valid_until: datetime | None
    airspace: str
    url: str
    source: str
    not_understood: tuple[str, ...]

    @property
    def withdrawn(self) -> bool:
        """Whether it is no longer in force."""
        return self.status.lower() == "withdrawn"

    @property
    def active(self) -> Window | None:
        """When it is or was in force; None where nobody says when it was withdrawn."""
        if self.withdrawn and self.valid_until is None:
            return None
        if self.issued and self.valid_until and self.valid_until <= self.issued:
            return None
        return Window(self.issued, self.valid_until)


def read_bulletins(data: bytes, label: str) -> tuple[Bulletin, ...]:
    """Read all bulletins of a document, information notes after them.

    Raises:
        InputError: it is no JSON, or holds no bulletins.
    """
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError(f"is no JSON ({error})", path=label, remedy="fetch it again") from None
    found: list[Mapping[str, Any]] = []
    lists = list(cast("dict[str, Any]", document).values()) if isinstance(document, dict) else [document]
    for value in lists:
        if isinstance(value, list):
            found += [
                cast("dict[str, Any]", item)
                for item in cast("list[Any]", value)
                if isinstance(item, dict) and ("affected_airspace" in item or "affected_FIRs" in item)
            ]
    if not found:
        raise InputError(
            "holds no bulletins", path=label, remedy="give a JSON list of them, each with affected_airspace"
        )
    return tuple(_bulletin(item, f"{label}:bulletin {number}") for number, item in enumerate(found, start=1))


def volumes(bulletin: Bulletin, firs: Mapping[str, tuple[Part, ...]]) -> Airspace:
    """Give a bulletin its area: one volume for each of its regions whose boundary is known.

    Args:
        bulletin: read before.
        firs: the area of each flight information region, by its code.

    Returns:
        The volumes; a region without a boundary, and a bulletin that gives no volume at all, is refused.
    """
    made: list[Volume] = []
    refused: list[Refused] = []
    window = bulletin.active
    if window is None or not bulletin.firs:
        reason = "it was withdrawn, nobody says when" if window is None else "it names no flight information region"
        return Airspace((), (Refused(bulletin.number, bulletin.source, reason),))
    for code in bulletin.firs:
        if not firs.get(code):
            reason = f"the boundary of {code} is not known"
            refused.append(Refused(f"{bulletin.number} {code}", bulletin.source, reason))
            continue
        made.append(
            Volume(
                id=f"{bulletin.number} {code}",
                name=f"{bulletin.number} {bulletin.subject}".strip(),
                kind="hazard",
                parts=firs[code],
                floor=bulletin.lower,
                ceiling=bulletin.upper,
                active=() if window == Window(None, None) else (window,),
                source=bulletin.source,
                raw=bulletin.airspace,
                notes=bulletin.not_understood,
                notice="bulletin",
                issued_for=(code,),
                assumed=assumption(bulletin.not_understood),
            )
        )
    return Airspace(tuple(made), tuple(refused))


def _bulletin(item: Mapping[str, Any], source: str) -> Bulletin:
    notes: list[str] = []
    airspace = _text(item.get("affected_airspace"))
    if not airspace:
        stated = re.search(
            r"airspace affected:\s*(.{0,300}?)(?:\.\s|$|(?= Civil air operators))",
            _text(item.get("recommendations")),
            re.I,
        )
        airspace = stated[1] if stated else ""
        notes.append("its airspace is taken from its recommendations" if stated else "it says nothing of its airspace")
    plain = " ".join(airspace.upper().split())
    lower, upper = _levels(plain, notes)
    notes += [
        f"only part of the airspace is meant ({match[0].strip()!r}): all of it is taken"
        for match in _PARTLY.finditer(plain)
    ]
    status = _text(item.get("status"))
    issued, revised, until = (_day(item.get(key), key, notes) for key in ("issue_date", "revision_date", "valid_until"))
    if issued is None:
        notes.append("no day of issue: taken as valid ever since")
    if revised is not None:
        notes.append(f"revised on {revised:%Y-%m-%d}: what it said before is not known")
    if until is None:
        withdrawn = status.lower() == "withdrawn"
        notes.append("withdrawn, nobody says when" if withdrawn else "no last day: taken as valid until further notice")
    else:
        until += timedelta(days=1)
    return Bulletin(
        number=_text(item.get("czib_number")) or _text(item.get("id")) or source,
        status=status,
        subject=_text(item.get("subject")),
        firs=_firs(item.get("affected_FIRs"), airspace, notes),
        countries=_list(item.get("affected_countries")),
        lower=lower,
        upper=upper,
        issued=issued,
        revised=revised,
        valid_until=until,
        airspace=airspace,
        url=_text(item.get("more_info_url")),
        source=source,
        not_understood=tuple(dict.fromkeys(notes)),
    )


def _text(value: Any) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return "" if text.upper() in _EMPTY else text


def _list(value: Any) -> tuple[str, ...]:
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    return tuple(text for item in items if (text := _text(item)))


def _levels(plain: str, notes: list[str]) -> tuple[Limit, Limit]:
    """Levels that the prose states; the widest of several."""
    found: list[tuple[Limit, Limit]] = []
    if _ALL.search(plain):
        found.append((SURFACE, UNLIMITED))
    found += [(_level(match[1]), _level(match[2])) for match in _BETWEEN.finditer(plain)]
    found += [(SURFACE, _level(match[1])) for match in _BELOW.finditer(plain)]
    found += [(_level(match[1]), UNLIMITED) for match in _ABOVE.finditer(plain)]
    if not found:
        notes.append("no levels stated: taken as all")
        return SURFACE, UNLIMITED
    if len(set(found)) > 1:
        notes.append(f"states {len(set(found))} ranges of levels: the widest is taken")
    lower = min((low for low, _ in found), key=lambda limit: limit.value_ft)
    open_above = [high for _, high in found if high.reference == "UNL"]
    return lower, open_above[0] if open_above else max((high for _, high in found), key=lambda limit: limit.value_ft)


def _level(number: str) -> Limit:
    return Limit("STD", float(number) * 100.0)


def _day(value: Any, key: str, notes: list[str]) -> datetime | None:
    text = _text(value)
    if not text:
        return None
    try:
        return datetime.strptime(text, "%d/%m/%Y").replace(tzinfo=UTC)
    except ValueError:
        notes.append(f"{key} says {text[:40]!r}, which is no day")
        return None


def _firs(value: Any, airspace: str, notes: list[str]) -> tuple[str, ...]:
    """Codes of the list, then those that stand in brackets in the prose only."""
    listed: list[str] = []
    for entry in _list(value):
        code = re.match(r"[A-Z]{4}\b", entry)
        if code:
            listed.append(code[0])
        else:
            notes.append(f"{entry[:40]!r} is no code of a region")
    stated = [match[1] for match in re.finditer(r"\((?:[^()]*[\s–-])?([A-Z]{4})\)", airspace)]
    more = [code for code in dict.fromkeys(stated) if code not in listed]
    if more:
        notes.append(f"{', '.join(more)} stands in its text alone: taken, too")
    if stated and (unsaid := [code for code in listed if code not in stated]):
        notes.append(f"{', '.join(unsaid)} stands in its list alone: taken, too")
    if not listed and not more:
        notes.append("names no flight information region")
    return tuple(dict.fromkeys([*listed, *more]))


def read(data: bytes, label: str) -> Airspace:
    """Read the volumes of all bulletins, with the bundled boundaries of their regions.

    Raises:
        InputError: it is no JSON, or holds no bulletins.
    """
    found = Airspace()
    for bulletin in read_bulletins(data, label):
        found += volumes(bulletin, {code: fir_parts(code) for code in bulletin.firs})
    approximate = (f"{APPROXIMATE} boundaries of the regions",)
    return Airspace(
        tuple(replace(v, accuracy_m=FIR_ACCURACY_M, notes=(*approximate, *v.notes)) for v in found.volumes),
        found.refused,
    )


BULLETINS = Format(
    "conflict-zone bulletins",
    lambda head: head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["} and b'"affected_' in head,
    read,
)
