"""NOTAM (ICAO Annex 15, Doc 8126): notices as text, alone or many, in text files, JSON and tables.

Sources: ICAO Annex 15 (NOTAM format), Doc 8126 (AIS manual: items, selection criteria), Doc 8400 (NOTAM code), EUROCONTROL
OPADD (operating procedures). Area from item E where it states one, else the circle of the Q line; times from B, C and D;
limits from F and G, else from E, else the Q line's. Edges are geodesic. Nobody writes NOTAMs for machines: what is not
understood widens the volume, never narrows it, and stands in its notes.

The FAA's domestic format ("!FDC 4/1234 ...") is recognised and refused: its notices are to be had in the ICAO format, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from overflight.airspace.readers.format import Format
from overflight.airspace.readers.notam_documents import Entry, cut, entries, looks_like_notams
from overflight.airspace.readers.notam_fields import Fields, join_parts, split_fields
from overflight.airspace.readers.notam_notice import Notice, understand
from overflight.airspace.volume import Airspace, Refused, Volume, Window
from overflight.errors import InputError

_DOMESTIC = "is in the FAA's domestic format, which is not read; get it in the ICAO format (with a Q line)"
_NO_NOTAM = "is no ICAO NOTAM: it has neither a Q line nor a start (item B)"


def parse(text: str) -> Notice:
    """Read one notice, which may be in several parts.

    Raises:
        InputError: it is no ICAO NOTAM, or more than one.
    """
    notices, refused = _notices([Entry(text, "notice")])
    notices = _ended(notices)
    if refused and not notices:
        raise InputError(refused[0].reason, path="notice")
    if len(notices) != 1:
        said = f"holds {len(notices)} notices" if notices else _NO_NOTAM
        raise InputError(said, path="notice", remedy="give one notice, or use read_notices")
    return notices[0]


def read_notices(data: bytes, label: str) -> tuple[Notice, ...]:
    """Read the notices of a document; what is none is told by `read` alone.

    Raises:
        InputError: there is no notice in it, or it is damaged as a whole.
    """
    return tuple(_ended(_document(data, label)[0]))


def read(data: bytes, label: str) -> Airspace:
    """Read the volumes of all notices of a document.

    Raises:
        InputError: there is no notice in it, or it is damaged as a whole.
    """
    return read_all([(data, label)])


def read_all(documents: Sequence[tuple[bytes, str]]) -> Airspace:
    """Read the volumes of all notices of several documents (bytes, and what to call them); what one cancels of another is over.

    Raises:
        InputError: there is no notice in one, or it is damaged as a whole.
    """
    read_in = [_document(data, label) for data, label in documents]
    notices = _ended([notice for some, _ in read_in for notice in some])
    refused = [missing for _, some in read_in for missing in some]
    known = {notice.id for notice in notices}
    refused += [
        Refused(notice.id or "notice without id", "notices", f"cancels {notice.other_id}, which was not given")
        for notice in notices
        if notice.type == "C" and notice.other_id and notice.other_id not in known
    ]
    volumes = tuple(volume for notice in notices for volume in notice.volumes)
    return Airspace(volumes, (*refused, *(missing for notice in notices for missing in notice.refused)))


def _document(data: bytes, label: str) -> tuple[list[Notice], list[Refused]]:
    notices, refused = _notices(entries(data, label))
    if not notices and not any(missing.reason == _DOMESTIC for missing in refused):
        raise InputError(
            "there is no NOTAM in it", path=label, remedy="give NOTAMs in the ICAO format, with their Q lines"
        )
    return notices, refused


def _notices(found: Sequence[Entry]) -> tuple[list[Notice], list[Refused]]:
    """Read the notices of all entries, join their parts, and end what others end."""
    refused: list[Refused] = []
    groups: dict[tuple[object, ...], tuple[str, list[Fields]]] = {}
    for entry in found:
        messages, domestic = cut(entry.text)
        refused += [Refused(_begin(text), entry.place, _DOMESTIC) for text in domestic]
        read_here = 0
        for number, message in enumerate(messages, start=1):
            place = entry.place if len(messages) == 1 else f"{entry.place}:notice {number}"
            fields = split_fields(message)
            if fields is None:
                refused.append(Refused(_begin(message), place, _NO_NOTAM))
                continue
            read_here += 1
            same = (
                (fields.id, fields.parts)
                if fields.parts > 1
                else (fields.id, fields.type, fields.b, fields.c, fields.e)
            )
            groups.setdefault(same, (place, []))[1].append(fields)
        if not read_here and not domestic and not messages:
            refused.append(Refused(_begin(entry.text), entry.place, _NO_NOTAM))
    notices = [understand(join_parts(messages), place) for place, messages in groups.values()]
    return notices, refused


def _begin(text: str) -> str:
    return " ".join(text.split())[:40] or "nothing"


def _ended(notices: Sequence[Notice]) -> list[Notice]:
    """End notices that others of the same document cancel or replace, at the start of those."""
    enders: dict[str, list[Notice]] = {}
    for notice in notices:
        if notice.other_id and notice.other_id != notice.id:
            enders.setdefault(notice.other_id, []).append(notice)
    return [_end(notice, enders.get(notice.id, [])) for notice in notices]


def _end(notice: Notice, enders: Sequence[Notice]) -> Notice:
    for ender in enders:
        verb = "cancelled" if ender.type == "C" else "replaced"
        moment = ender.start
        if moment is None or (notice.end is not None and moment >= notice.end):
            continue  # nobody knows when, or it was over
        note = f"{verb} by {ender.id or 'a notice without id'} at {moment:%Y-%m-%d %H:%M} UTC"
        active = tuple(
            Window(window.start, moment if window.end is None else min(window.end, moment))
            for window in notice.active
            if window.start is None or window.start < moment
        )
        refused = notice.refused
        volumes: tuple[Volume, ...] = ()
        if active:
            volumes = tuple(
                replace(volume, active=active, estimated_end=False, notes=(*volume.notes, note))
                for volume in notice.volumes
            )
        elif notice.volumes:
            over = f"{note}, before it was active"
            refused = (*refused, *(Refused(volume.name, volume.source, over) for volume in notice.volumes))
        notice = replace(
            notice,
            volumes=volumes,
            refused=refused,
            active=active,
            end=moment,
            estimated=False,
            not_understood=(*notice.not_understood, note),
        )
    return notice


NOTAM = Format("NOTAM", looks_like_notams, read, read_all)

__all__ = ["NOTAM", "Notice", "parse", "read", "read_notices"]
