"""ASTERIX files: data blocks, captures and final frames, whole and damaged, and the command line with them."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from overflight.cli.app import app
from overflight.errors import InputError, ParameterError
from overflight.surveillance import source as source_module
from overflight.surveillance.asterix_blocks import CUT_SHORT, DAMAGED, FOREIGN
from overflight.surveillance.read import read
from overflight.surveillance.readers.asterix_containers import (
    CUT_CAPTURE,
    CUT_PACKET,
    DAMAGED_CAPTURE,
    DAMAGED_FRAME,
    FRAGMENT,
    NO_DATAGRAM,
)
from overflight.surveillance.readers.registry import reader_of
from tests.surveillance.asterix_oracle import block
from tests.surveillance.samples import asterix_blocks, ethernet, final_frame, pcap, samples
from tests.surveillance.test_asterix import plot, report, time_of_day, track

RADARS = {"25/201": (50.90, 4.48, 60.0)}
NOON = datetime(2015, 10, 7, 12, tzinfo=UTC)
NO_TARGETS = "ASTERIX data block of category 065: no target reports"


def read_bytes(tmp_path, data, name="file.ast", **options):
    path = tmp_path / name
    path.write_bytes(data)
    return read(path, **options)


def payload_of(packet):
    return packet[42:]


def test_data_blocks_of_all_categories(tmp_path):
    recording = read_bytes(tmp_path, samples()["asterix"], start=NOON, radars=RADARS)
    assert recording.files[0].format == "asterix"
    assert recording.files[0].rows == recording.table.height == 12
    assert recording.drops.counts == {NO_TARGETS: 1}
    by_source = recording.table.group_by("source").len().sort("source").rows()
    assert sorted(by_source) == [("adsb", 2), ("radar", 1), ("system_track", 9)]
    assert recording.table["timestamp"].min() == datetime(2015, 10, 7, 21, 20, 10, 398438, tzinfo=UTC), (
        "of the first block"
    )
    assert recording.table["ref"].str.starts_with("file.ast@").all()
    assert "adsb:000001" in recording.table["track_id"].to_list(), "a report of ADS-B is named by its address"


def test_without_the_radars_place_only_its_reports_are_missing(tmp_path):
    recording = read_bytes(tmp_path, samples()["asterix"])
    assert recording.table.height == 11
    (reason,) = recording.drops.counts.keys() - {NO_TARGETS}
    assert reason.startswith("radar 25/201 has no known place")
    assert recording.drops.examples[reason] == f"file.ast@{832 + 195 + 3}"
    with pytest.raises(ParameterError, match="radar"):
        read_bytes(tmp_path, samples()["asterix"], radars={"x": (0.0, 0.0, 0.0)})


def test_files_go_over_midnight(tmp_path):
    data = b"".join(block(62, track(_070=time_of_day(second % 86_400))) for second in range(86_390, 86_420, 4))
    recording = read_bytes(tmp_path, data, start=datetime(2015, 10, 7, 18, tzinfo=UTC))
    moments = recording.table["timestamp"].to_list()
    assert moments == [NOON + timedelta(hours=12, seconds=second) for second in range(-10, 20, 4)]


def test_numbers_are_split_over_files_in_any_order(tmp_path):
    for name, second, status in (
        ("1.ast", 43_200, b"\x00"),
        ("2.ast", 43_210, b"\x01\x40"),
        ("3.ast", 43_220, b"\x01\x20"),
    ):
        (tmp_path / name).write_bytes(block(62, track(_070=time_of_day(second), _080=status)))
    forward = read(*(tmp_path / name for name in ("1.ast", "2.ast", "3.ast")))
    backward = read(*(tmp_path / name for name in ("3.ast", "1.ast", "2.ast")))
    assert forward.table.equals(backward.table)
    names = ["system_track:25/10/0042", "system_track:25/10/0042", "system_track:25/10/0042#2"]
    assert forward.table["track_id"].to_list() == names
    assert [file.rows for file in forward.files] == [1, 1, 1]


def test_damage_is_counted_and_reading_goes_on_behind_it(tmp_path):
    good = [block(62, track(_070=time_of_day(43_200 + at))) for at in range(6)]
    size = len(good[0])
    # a length that is wrong, noise, and half a block at the end
    wrong = b"\x3e\x7f\xff" + good[2][3:]
    data = good[0] + good[1] + wrong + good[3] + b"noise \xff\xfe" * 30 + good[4] + good[5] + good[0][:11]
    recording = read_bytes(tmp_path, data)
    seconds = recording.table["timestamp"].dt.second().to_list()
    assert seconds == [0, 1, 3, 4, 5]
    assert recording.drops.counts == {DAMAGED: 2, CUT_SHORT: 1}
    assert recording.drops.examples[DAMAGED] == f"file.ast@{2 * size}"


def test_pieces_of_any_size_give_the_same(tmp_path, monkeypatch):
    whole = {
        name: read_bytes(tmp_path, samples()[name], radars=RADARS)
        for name in ("asterix", "asterix-pcap", "asterix-final")
    }
    for size in (7, 100, 1000):
        monkeypatch.setattr(source_module, "BLOCK", size)
        for name, expected in whole.items():
            recording = read_bytes(tmp_path, samples()[name], radars=RADARS)
            assert recording.table.equals(expected.table), (name, size)
            assert recording.drops == expected.drops


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_captures_have_the_day(tmp_path, order, nanoseconds):
    # of one minute before midnight, received after it
    data = block(62, track(_070=time_of_day(86_399)))
    moment = (NOON + timedelta(hours=12)).timestamp() + 0.75
    recording = read_bytes(tmp_path, pcap([(moment, ethernet(data))], order=order, nanoseconds=nanoseconds))
    assert recording.files[0].format == "asterix-pcap"
    assert recording.table["timestamp"].to_list() == [NOON + timedelta(hours=12, seconds=-1)]
    assert recording.table["ref"].to_list() == [f"file.ast@{24 + 16 + 42 + 3}"]


def links(data):
    """The same datagram behind every kind of link layer, with the number of the kind."""
    ip = ethernet(data)[14:]
    udp = ip[20:]
    ipv6 = b"\x60\0\0\0" + len(udp).to_bytes(2) + b"\x11\x40" + bytes(32) + udp
    options = b"\x60\0\0\0" + (len(udp) + 8).to_bytes(2) + b"\x00\x40" + bytes(32) + b"\x11\x00" + bytes(6) + udp
    return {
        "ethernet": (1, bytes(12) + b"\x08\x00" + ip),
        "padded": (1, bytes(12) + b"\x08\x00" + ip + bytes(18)),
        "vlan": (1, bytes(12) + b"\x81\x00\x00\x05\x08\x00" + ip),
        "two vlans": (1, bytes(12) + b"\x88\xa8\x00\x05\x81\x00\x00\x05\x08\x00" + ip),
        "ethernet ipv6": (1, bytes(12) + b"\x86\xdd" + ipv6),
        "ipv6 options": (1, bytes(12) + b"\x86\xdd" + options),
        "cooked": (113, bytes(14) + b"\x08\x00" + ip),
        "cooked 2": (276, b"\x08\x00" + bytes(18) + ip),
        "loopback": (0, b"\x02\0\0\0" + ip),
        "raw": (101, ip),
        "raw ipv6": (101, ipv6),
        "ip options": (101, b"\x46" + ip[1:2] + (24 + len(udp)).to_bytes(2) + ip[4:20] + bytes(4) + udp),
    }


@pytest.mark.parametrize("kind", sorted(links(b"")))
def test_link_layers(tmp_path, kind):
    link, packet = links(block(62, track()))[kind]
    recording = read_bytes(tmp_path, pcap([(NOON.timestamp(), packet)], link))
    assert recording.table.height == 1
    assert recording.drops.counts == {}


def test_packets_that_hold_no_datagram_are_counted(tmp_path):
    good = ethernet(block(62, track()))
    tcp = good[:23] + b"\x06" + good[24:]
    fragment = good[:20] + b"\x20\x00" + good[22:]
    arp = good[:12] + b"\x08\x06" + good[14:]
    moment = NOON.timestamp()
    data = pcap([(moment, packet) for packet in (good, tcp, fragment, arp, ethernet(b"\x00\x01dns"), b"", good[:30])])
    recording = read_bytes(tmp_path, data)
    assert recording.table.height == 1
    assert recording.drops.counts == {NO_DATAGRAM: 4, FRAGMENT: 1, FOREIGN: 1}
    # the snap length cut it, the end of the file, and a length that no packet has
    snapped = pcap([]) + struct.pack("<IIII", int(moment), 0, 60, len(good)) + good[:60]
    assert read_bytes(tmp_path, snapped).drops.counts == {CUT_PACKET: 1, CUT_SHORT: 1}
    assert read_bytes(tmp_path, pcap([(moment, good), (moment, good)])[:-5]).drops.counts == {CUT_CAPTURE: 1}
    lost = pcap([(moment, good)]) + struct.pack("<IIII", int(moment), 0, 1 << 30, 1 << 30) + good
    recording = read_bytes(tmp_path, lost)
    assert (recording.table.height, recording.drops.counts) == (1, {DAMAGED_CAPTURE: 1})


def test_pcapng_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(InputError, match="editcap -F pcap"):
        read_bytes(tmp_path, b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a" + bytes(16))


def test_final_frames(tmp_path):
    # received half a second after midnight
    late, early = block(62, track(_070=time_of_day(86_399.5))), block(62, track(_070=time_of_day(1)))
    data = final_frame(86_399.9, late) + final_frame(0.4, late + late) + final_frame(1.5, early)
    recording = read_bytes(tmp_path, data, start=NOON)
    assert recording.files[0].format == "asterix-final"
    moments = recording.table["timestamp"].to_list()
    assert moments == [NOON + timedelta(hours=12, seconds=-0.5), NOON + timedelta(hours=12, seconds=1)]
    assert recording.drops.counts == {"same position twice": 2}
    assert recording.table["ref"].to_list()[0] == "file.ast@11"
    # damage in the middle, and at the end
    torn = data[: len(late) + 5] + b"\xa5" * 3 + data[len(late) + 12 :]
    recording = read_bytes(tmp_path, final_frame(86_399.0, late) + torn + final_frame(2.0, early)[:-1])
    assert recording.drops.counts[DAMAGED_FRAME] == 2
    assert recording.table.height == 2


@pytest.mark.parametrize("name", sorted(samples()))
def test_no_other_format_is_taken(name):
    reader = reader_of(samples()[name])
    assert reader is not None
    assert reader.name == name


@pytest.mark.parametrize(
    "head", [b"0,1,2\n", b">Z\x00\x10 a file", b"A\x00\x10\xe9", b"\x30\x00\x05\xff\xff", b"\x3e", b"\xd4\xc3\xb2\xa1"]
)
def test_what_only_looks_a_little_like_asterix_is_foreign(head):
    assert reader_of(head) is None


def test_the_command_line(tmp_path):
    path = tmp_path / "all.ast"
    later = [block(48, plot(_140=time_of_day(43_200 + at))) for at in range(0, 40, 4)]
    path.write_bytes(b"".join([*asterix_blocks(), *later, block(21, report())]))
    run = CliRunner().invoke
    place = ["--radar", "25/201=50.90,4.48,60 m"]
    assert "radar 25/201 has no known place" in " ".join(run(app, ["inspect", str(path)]).output.split())
    found = run(app, ["inspect", str(path), "--json", "--quiet", *place])
    assert found.exit_code == 0, found.output
    assert '"radar": 11' in found.output
    assert run(app, ["check", str(path), "--quiet", *place]).exit_code == 0
    out = tmp_path / "all.csv"
    assert run(app, ["convert", str(path), str(out), "--quiet", *place]).exit_code == 0
    assert out.read_text().count("radar:25/201/0042") == 10
    assert isinstance(run(app, ["inspect", str(path), "--radar", "25/201"]).exception, ParameterError)
