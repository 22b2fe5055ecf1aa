"""A second, tiny ASTERIX decoder and an encoder, written from the bit layouts of the specification alone.

`items` walks a record by the lengths of its items and gives each item's bytes; `block` puts records together. Lengths are of
EUROCONTROL-SPEC-0149-4 (048), -9 (062) and -12 (021): a number is that of a fixed item, "x" one that goes on while its last bit
is 1, "e" one that opens with its own length, ("r", n) one with a count of n bytes each, a list the parts of a compound one.
"""

from __future__ import annotations

import math

DATA380 = [3, 6, 2, 2, 2, 2, 2, "x", ("r", 15), 2, 2, 7, 2, 2, 2, 2, 2, 2, 1, 8, 1, 6, 2, 1, ("r", 8), 2, 2, 2]
DATA390 = [2, 7, 4, 1, 4, 1, 4, 4, 3, 2, 2, ("r", 4), 6, 1, 7, 7, 2, 7]
UAP = {
    21: [
        *(("010", 2), ("040", "x"), ("161", 2), ("015", 1), ("071", 3), ("130", 6), ("131", 8)),
        *(("072", 3), ("150", 2), ("151", 2), ("080", 3), ("073", 3), ("074", 4), ("075", 3)),
        *(("076", 4), ("140", 2), ("090", "x"), ("210", 1), ("070", 2), ("230", 2), ("145", 2)),
        *(("152", 2), ("200", 1), ("155", 2), ("157", 2), ("160", 4), ("165", 2), ("077", 3)),
        *(("170", 6), ("020", 1), ("220", [2, 2, 2, 1]), ("146", 2), ("148", 2), ("110", ["x", ("r", 15)]), ("016", 1)),
        *(("008", 1), ("271", "x"), ("132", 1), ("250", ("r", 8)), ("260", 7), ("400", 1), ("295", [1] * 23)),
        *((None, 0), (None, 0), (None, 0), (None, 0), (None, 0), ("RE", "e"), ("SP", "e")),
    ],
    48: [
        *(("010", 2), ("140", 3), ("020", "x"), ("040", 4), ("070", 2), ("090", 2), ("130", [1] * 7)),
        *(("220", 3), ("240", 6), ("250", ("r", 8)), ("161", 2), ("042", 4), ("200", 4), ("170", "x")),
        *(("210", 4), ("030", "x"), ("080", 2), ("100", 4), ("110", 2), ("120", [2, ("r", 6)]), ("230", 2)),
        *(("260", 7), ("055", 1), ("050", 2), ("065", 1), ("060", 2), ("SP", "e"), ("RE", "e")),
    ],
    62: [
        *(("010", 2), (None, 0), ("015", 1), ("070", 3), ("105", 8), ("100", 6), ("185", 4)),
        *(
            ("210", 2),
            ("060", 2),
            ("245", 7),
            ("380", DATA380),
            ("040", 2),
            ("080", "x"),
            ("290", [1, 1, 1, 1, 2] + [1] * 5),
        ),
        *(("200", 1), ("295", [1] * 31), ("136", 2), ("130", 2), ("135", 2), ("220", 2), ("390", DATA390)),
        *(
            ("270", "x"),
            ("300", 1),
            ("110", [1, 4, 6, 2, 2, 1, 1]),
            ("120", 2),
            ("510", "x3"),
            ("500", [4, 2, 4, 1, 1, 2, 2, 1]),
        ),
        *(("340", [2, 4, 2, 2, 2, 1]), (None, 0), (None, 0), (None, 0), (None, 0), (None, 0), ("RE", "e")),
        ("SP", "e"),
    ],
}


def _flags(data: bytes, at: int) -> tuple[list[int], int]:
    """The numbers, from 0, of the bits that are set in a field specification."""
    found, first = [], at
    while True:
        found += [(at - first) * 7 + bit for bit in range(7) if data[at] & 0x80 >> bit]
        at += 1
        if not data[at - 1] & 1:
            return found, at


def _length(data: bytes, at: int, kind) -> int:
    if isinstance(kind, int):
        return kind
    if kind == "e":
        return data[at]
    if isinstance(kind, tuple):
        return 1 + data[at] * kind[1]
    if isinstance(kind, str):
        step, end = int(kind[1:] or 1), at
        while data[end + step - 1] & 1:
            end += step
        return end + step - at
    flags, end = _flags(data, at)
    for flag in flags:
        end += _length(data, end, kind[flag])
    return end - at


def parts(data: bytes, kinds: list) -> dict[int, bytes]:
    """The parts of a compound item, by their number from 1."""
    flags, at = _flags(data, 0)
    found = {}
    for flag in flags:
        length = _length(data, at, kinds[flag])
        found[flag + 1], at = data[at : at + length], at + length
    return found


def records(data: bytes) -> list[dict[str, bytes]]:
    """The items of all records of a data block."""
    category, length = data[0], int.from_bytes(data[1:3])
    found, at = [], 3
    while at < length:
        flags, at = _flags(data, at)
        items = {}
        for flag in flags:
            name, kind = UAP[category][flag]
            size = _length(data, at, kind)
            items[name], at = data[at : at + size], at + size
        found.append(items)
    assert at == length
    return found


def record(category: int, items: dict[str, bytes]) -> bytes:
    """One record of these items."""
    places = {name: place for place, (name, _) in enumerate(UAP[category])}
    flags = sorted(places[name] for name in items)
    spec = bytearray(flags[-1] // 7 + 1)
    for flag in flags:
        spec[flag // 7] |= 0x80 >> flag % 7
    for index in range(len(spec) - 1):
        spec[index] |= 1
    return bytes(spec) + b"".join(items[UAP[category][flag][0]] for flag in flags)


def block(category: int, *rows: dict[str, bytes]) -> bytes:
    """A data block of these records."""
    body = b"".join(record(category, items) for items in rows)
    return bytes([category]) + (len(body) + 3).to_bytes(2) + body


def unsigned(data: bytes) -> int:
    return int.from_bytes(data)


def signed(data: bytes) -> int:
    return int.from_bytes(data, signed=True)


def letters(data: bytes) -> str:
    """Eight characters of 6 bits: ICAO Annex 10 vol. III, table 3-9."""
    bits = int.from_bytes(data)
    codes = [bits >> 42 - 6 * place & 0x3F for place in range(8)]
    return "".join(chr(code + 64) if 1 <= code <= 26 else chr(code) for code in codes).strip()


def expected062(items: dict[str, bytes]) -> dict[str, object]:
    """What the position table is to say of a track."""
    east, north = signed(items["185"][:2]) / 4, signed(items["185"][2:]) / 4
    derived = parts(items["380"], DATA380) if "380" in items else {}
    ages = parts(items["290"], UAP[62][13][1])
    return {
        "seconds": unsigned(items["070"]) / 128,
        "track_id": f"system_track:{items['010'][0]}/{items['010'][1]}/{unsigned(items['040']):04d}",
        "latitude": signed(items["105"][:4]) * 180 / 2**25,
        "longitude": signed(items["105"][4:]) * 180 / 2**25,
        "altitude": signed(items["136"]) * 25.0,
        "groundspeed": math.hypot(east, north) * 3600 / 1852,
        "track": math.degrees(math.atan2(east, north)) % 360,
        "vertical_rate": signed(items["220"]) * 6.25,
        "squawk": f"{unsigned(items['060']) & 0xFFF:04o}",
        "icao24": derived[1].hex() if 1 in derived else None,
        "callsign": letters(derived[2]) if 2 in derived else None,
        "position_age": min(unsigned(ages[sensor]) / 4 for sensor in ages if sensor != 1),
    }
