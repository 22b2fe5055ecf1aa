"""One small, valid file of every format, as bytes: for detection, packing and mutation."""

from __future__ import annotations

import functools
import gzip
import io
import json
import struct
from pathlib import Path

import polars as pl

from overflight.surveillance.complete import complete

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests/data"
DEMO = ROOT / "examples/california-2025/adsblol_20250602_36_-122.jsonl.gz"
FRAMES = DATA / "mode_s/rs1090_raw_frames_393322_20240706_first20000.jsonl.gz"
BEAST = DATA / "mode_s/beast_sample_dump1090.bin"
TRACES = DATA / "readsb"
DAA = DATA / "daa/NRC_Intercept1.daa"

AIRCRAFT = {
    "now": 1748822500.5,
    "messages": 7,
    "aircraft": [
        {
            "hex": "A1B2C3",
            "type": "adsb_icao",
            "flight": "TEST12  ",
            "alt_baro": 10000,
            "alt_geom": 10350,
            "gs": 250.5,
            "track": 91.2,
            "baro_rate": -640,
            "squawk": "0421",
            "lat": 36.5,
            "lon": -121.5,
            "nic": 8,
            "nac_p": 9,
            "sil": 3,
            "seen_pos": 1.25,
        },
        {
            "hex": "~29a1bc",
            "type": "tisb_other",
            "alt_baro": "ground",
            "gs": 5.0,
            "lat": 36.6,
            "lon": -121.6,
            "seen_pos": 0,
        },
        {
            "hex": "a00001",
            "type": "mlat",
            "lat": 36.7,
            "lon": -121.7,
            "alt_geom": 5000,
            "geom_rate": 64,
            "seen_pos": 3.0,
        },
        {"hex": "a00002", "seen": 12.0},
    ],
}

# The example of the documentation, with values for what it leaves open.
_STATES = """
["3c6444", "DLH9LF  ", "Germany", 1458564120, 1458564120, 6.1546, 50.1964, 9639.3, false, 232.88, 98.26, 4.55,
 null, 9547.86, "1000", false, 0],
["4b1806", "SWR5B   ", "Switzerland", 1458564110, 1458564121, 8.5, 47.4, null, true, 0.0, 0.0, null,
 null, null, null, false, 2],
["000000", "", "Nowhere", null, 1458564121, null, null, null, false, null, null, null,
 null, null, null, false, 0]
"""
STATES = {"time": 1458564121, "states": json.loads(f"[{_STATES}]")}

OPENSKY_CSV = (
    "time,icao24,lat,lon,velocity,heading,vertrate,callsign,onground,alert,spi,squawk,baroaltitude,geoaltitude,"
    "lastposupdate,lastcontact\n"
    "1458564121,3c6444,50.1964,6.1546,232.88,98.26,4.55,DLH9LF  ,false,false,false,1000,9639.3,9547.86,"
    "1458564120.36,1458564120.9\n"
    "1458564121,4b1806,47.4,8.5,0,0,,SWR5B,true,false,false,21,,,1458564121,1458564121\n"
)

SBS = (
    "SEL,,496,2286,4CA4E5,27215,2010/02/19,18:06:07.710,2010/02/19,18:06:07.710,RYR1427\r\n"
    "MSG,1,145,256,7404F2,11267,2008/11/28,23:48:18.611,2008/11/28,23:53:19.161,RJA1118 ,,,,,,,,,,,\r\n"
    "MSG,4,145,256,7404F2,11267,2008/11/28,23:48:18.700,2008/11/28,23:53:19.161,,,288.6,103.2,,,-832,,,,,\r\n"
    "MSG,6,145,256,7404F2,11267,2008/11/28,23:48:18.800,2008/11/28,23:53:19.161,,,,,,,,0440,0,0,0,0\r\n"
    "MSG,3,145,256,7404F2,11267,2008/11/28,23:48:19.000,2008/11/28,23:53:19.161,,37000,,,51.45735,-1.02826,,,0,0,0,0\r\n"
    "MSG,3,145,256,7404F2,11267,2008/11/28,23:48:40.000,2008/11/28,23:53:19.161,,36975,,,51.45,-1.01,,,0,0,0,0\r\n"
    "MSG,2,145,256,7404F2,11267,2008/11/28,23:49:40.000,2008/11/28,23:53:19.161,,,12,90,51.44,-1.00,,,0,0,0,-1\r\n"
)


def frames(count: int) -> list[dict[str, object]]:
    """Raw frames with their decode."""
    with gzip.open(FRAMES, "rt") as lines:
        return [json.loads(line) for _, line in zip(range(count), lines, strict=False)]


def avr(rows: list[dict[str, object]]) -> bytes:
    """Frames as AVR text with a 12 MHz counter."""
    lines = []
    for row in rows:
        counter = round((float(str(row["timestamp"])) - 1720248000) * 12e6)
        lines.append(f"@{counter:012X}{str(row['frame']).upper()};\n")
    return "".join(lines).encode()


def table() -> pl.DataFrame:
    """Some rows of the demo, completed."""
    with gzip.open(DEMO, "rt") as lines:
        rows = [json.loads(line) for _, line in zip(range(300), lines, strict=False)]
    frame = pl.DataFrame(
        {
            "timestamp": [row["now"] for row in rows],
            "icao24": [row["hex"] for row in rows],
            "callsign": [row["flight"] for row in rows],
            "squawk": [row.get("squawk") for row in rows],
            "latitude": [row["lat"] for row in rows],
            "longitude": [row["lon"] for row in rows],
            "altitude": [float(row["alt_baro"]) for row in rows],
            "onground": [False for _ in rows],
        }
    )
    return complete(frame)[0]


def ethernet(payload: bytes) -> bytes:
    """A UDP datagram to port 8600 in an Ethernet frame."""
    udp = (50_000).to_bytes(2) + (8600).to_bytes(2) + (8 + len(payload)).to_bytes(2) + b"\0\0" + payload
    ip = (
        bytes([0x45, 0])
        + (20 + len(udp)).to_bytes(2)
        + bytes([0, 1, 0, 0, 64, 17, 0, 0])
        + bytes([10, 0, 0, 1, 239, 1, 1, 1])
    )
    return bytes(12) + b"\x08\x00" + ip + udp


def pcap(packets: list[tuple[float, bytes]], link: int = 1, order: str = "<", nanoseconds: bool = False) -> bytes:
    """A classic capture file of packets with their times."""
    unit = 1e9 if nanoseconds else 1e6
    data = struct.pack(order + "IHHiIII", 0xA1B23C4D if nanoseconds else 0xA1B2C3D4, 2, 4, 0, 0, 65_535, link)
    for time, packet in packets:
        fraction = round((time - int(time)) * unit)
        data += struct.pack(order + "IIII", int(time), fraction, len(packet), len(packet)) + packet
    return data


def final_frame(time_of_day_s: float, data: bytes) -> bytes:
    """Data blocks as IOSS recorders keep them."""
    return (len(data) + 12).to_bytes(2) + bytes(3) + round(time_of_day_s * 100).to_bytes(3) + data + b"\xa5" * 4


def asterix_blocks() -> list[bytes]:
    """The sample data blocks, system tracks first."""
    names = ("cat062", "cat062cat065", "cat048", "cat21_re")
    return [(DATA / f"asterix/{name}.ast").read_bytes() for name in names]


def _file(frame: pl.DataFrame, how: str) -> bytes:
    sink = io.BytesIO()
    getattr(frame, f"write_{how}")(sink)
    return sink.getvalue()


@functools.cache
def samples() -> dict[str, bytes]:
    """By the name of the reader that takes it."""
    with gzip.open(DEMO) as lines:
        demo = b"".join(line for _, line in zip(range(200), lines, strict=False))
    raw = frames(400)
    frame = table()
    return {
        "readsb-jsonl": demo,
        "readsb-aircraft": json.dumps(AIRCRAFT).encode(),
        "readsb-trace": gzip.decompress((TRACES / "trace_full_a3c78c.json").read_bytes()),
        "opensky-states": json.dumps(STATES).encode(),
        "opensky-csv": OPENSKY_CSV.encode(),
        "sbs": SBS.encode(),
        "avr": avr(raw),
        "beast": BEAST.read_bytes(),
        "jet1090-jsonl": b"".join(json.dumps(row).encode() + b"\n" for row in raw),
        "asterix": b"".join(asterix_blocks()),
        "asterix-pcap": pcap([(1444197600.25 + at, ethernet(data)) for at, data in enumerate(asterix_blocks())]),
        "asterix-final": b"".join(final_frame(21600.0 + at, data) for at, data in enumerate(asterix_blocks())),
        "daa": DAA.read_bytes(),
        "parquet": _file(frame, "parquet"),
        "arrow": _file(frame, "ipc"),
        "csv": _file(frame, "csv"),
        "jsonl": _file(frame.with_columns(pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")), "ndjson"),
    }
