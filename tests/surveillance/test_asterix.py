"""ASTERIX records as positions: every field and unit against a second decoder and against records put together here."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime

import polars as pl
import pytest

from overflight.errors import ParameterError
from overflight.surveillance.asterix import DAMAGED_RECORD, ROW_SCHEMA, Days, decode, nearest_day_s
from overflight.surveillance.asterix_blocks import CUT_SHORT, DAMAGED, FOREIGN
from overflight.surveillance.asterix_cat021 import WRONG
from overflight.surveillance.asterix_cat048 import BEYOND, NOT_SEEN
from overflight.surveillance.asterix_items import BAD_CODE, BAD_LEVEL, NO_PLACE, NO_TIME_OF_DAY, NOT_REAL
from overflight.surveillance.complete import finish, normalise
from overflight.surveillance.recording import Drops
from overflight.surveillance.table import POSITION_SCHEMA
from overflight.surveillance.track_numbers import TrackNumbers
from tests.surveillance.asterix_oracle import block, expected062, records, signed
from tests.surveillance.samples import DATA

MIDNIGHT = datetime(2015, 10, 7, tzinfo=UTC).timestamp()
FILES = {name: (DATA / f"asterix/{name}.ast").read_bytes() for name in ("cat048", "cat062", "cat062cat065", "cat21_re")}
RADARS = {"25/201": (50.90, 4.48, 60.0)}


def rows_of(data, received_s=MIDNIGHT + 43_200, radars=None):
    rows, drops = decode(data, received_s, "udp", radars=radars)
    assert dict(rows.schema) == ROW_SCHEMA
    return rows.to_dicts(), dict(drops.counts)


def time_of_day(seconds):
    return round(seconds * 128).to_bytes(3)


def degrees(value, bits, size):
    return round(value / 180 * 2**bits).to_bytes(size, signed=True)


def seconds_of(row):
    return (row["timestamp"] - datetime(2015, 10, 7, tzinfo=UTC)).total_seconds()


def track(**other):
    """A system track at 50 N 5 E, FL350, at noon."""
    plain = {
        "010": b"\x19\x0a",
        "070": time_of_day(43_200),
        "105": degrees(50, 25, 4) + degrees(5, 25, 4),
        "040": b"\x00\x2a",
        "080": b"\x00",
        "136": (1400).to_bytes(2),
    }
    return {
        name: value for name, value in (plain | {f"{key[1:]}": value for key, value in other.items()}).items() if value
    }


def plot(**other):
    """A radar report of radar 25/201, 100 NM to the east, FL350, at noon."""
    plain = {
        "010": b"\x19\xc9",
        "140": time_of_day(43_200),
        "020": b"\xa0",
        "040": (100 * 256).to_bytes(2) + (16384).to_bytes(2),
        "090": (1400).to_bytes(2),
        "161": b"\x00\x2a",
    }
    return {
        name: value for name, value in (plain | {f"{key[1:]}": value for key, value in other.items()}).items() if value
    }


def report(**other):
    """An ADS-B report at 50 N 5 E, FL350, at noon."""
    plain = {
        "010": b"\x19\x0b",
        "040": b"\x00",
        "130": degrees(50, 23, 3) + degrees(5, 23, 3),
        "080": b"\x40\x6e\xc8",
        "073": time_of_day(43_200),
        "145": (1400).to_bytes(2),
    }
    return {
        name: value for name, value in (plain | {f"{key[1:]}": value for key, value in other.items()}).items() if value
    }


@pytest.mark.parametrize("name", ["cat062", "cat062cat065"])
def test_real_system_tracks_agree_with_a_second_decoder(name):
    data = FILES[name]
    truth = [expected062(items) for items in records(data[: int.from_bytes(data[1:3])])]
    rows, drops = rows_of(data)
    assert len(rows) == len(truth) == {"cat062": 7, "cat062cat065": 2}[name]
    for row, told in zip(rows, truth, strict=True):
        moment = seconds_of(row) % 86_400
        assert moment == pytest.approx(told.pop("seconds"), abs=1e-6)
        for field, value in told.items():
            assert row[field] == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value), field
        assert row["source"] == "system_track"
    status = {"ASTERIX data block of category 065: no target reports": 1}
    assert drops == (status if name == "cat062cat065" else {})


def test_what_the_first_real_track_says():
    # BCS4907 (DHL, European Air Transport) west of Sarreguemines at FL260: read off the bytes by hand
    row = rows_of(FILES["cat062"])[0][0]
    assert (row["callsign"], row["icao24"], row["squawk"], row["track_id"]) == (
        *("BCS4907", "406ec8", "1000"),
        "system_track:6/128/7733",
    )
    assert row["timestamp"] == datetime(2015, 10, 7, 21, 20, 10, 398438, tzinfo=UTC)
    assert (row["altitude"], row["onground"], row["ref"]) == (26_000.0, False, "udp@3")
    assert row["geoaltitude"] is None, "080 says it was triangulated"


def test_a_real_plot_needs_the_place_of_its_radar():
    rows, drops = rows_of(FILES["cat048"])
    assert rows == []
    assert drops == {'radar 25/201 has no known place: give it with --radar "25/201=LAT,LON,HEIGHT m"': 1}
    (row,), drops = rows_of(FILES["cat048"], radars=RADARS)
    assert drops == {}
    (items,) = records(FILES["cat048"])
    assert (row["icao24"], row["callsign"], row["squawk"]) == (items["220"].hex(), "DLH65A", "1000")
    assert row["track_id"] == "radar:25/201/3563"
    assert row["altitude"] == signed(items["090"]) * 25.0 == 33_000.0
    assert row["groundspeed"] == pytest.approx(0x07B9 / 2**14 * 3600)
    assert row["track"] == pytest.approx(0x582E * 360 / 65536)
    assert seconds_of(row) == pytest.approx(0x356D4D / 128, abs=1e-6)
    assert (row["source"], row["sensor"], row["onground"]) == ("radar", "25/201", False)
    # 0xc5af / 256 NM and 0xf1e0 * 360/65536 deg, from the place given
    import pyproj

    azimuth, _, way = pyproj.Geod(ellps="WGS84").inv(4.48, 50.90, row["longitude"], row["latitude"])
    assert azimuth % 360 == pytest.approx(0xF1E0 * 360 / 65536, abs=1e-6)
    assert 0xC5AF / 256 * 1852 - 900 < way < 0xC5AF / 256 * 1852, "a little less than the slant range"


def test_real_reports_of_vehicles_with_their_speed_in_the_expansion_field():
    (first, second), drops = rows_of(FILES["cat21_re"])
    assert drops == {}
    told = [records(FILES["cat21_re"][:44])[0], records(FILES["cat21_re"][44:])[0]]
    for row, items in zip((first, second), told, strict=True):
        assert row["latitude"] == signed(items["130"][:3]) * 180 / 2**23
        assert row["longitude"] == signed(items["130"][3:]) * 180 / 2**23
        assert row["icao24"] == items["080"].hex()
        assert seconds_of(row) == pytest.approx(int.from_bytes(items["073"]) / 128, abs=1e-6)
        # speed: 11 bits behind four, in 1/8 kt
        assert row["groundspeed"] == (int.from_bytes(items["RE"][2:4]) >> 1 & 0x7FF) / 8
        assert (row["onground"], row["track"], row["nic"]) == (True, None, None), "magnetic track; version 0 has no NIC"
    assert (first["groundspeed"], second["groundspeed"]) == (0.0, 15.0)


def test_every_other_field_of_a_system_track():
    # parts 1 (ADR), 10 (COM) and 23 (GAL)
    derived = (
        bytes([0b10000001, 0b00100001, 0b00000001, 0b01000000]) + b"\x4b\xaa\x01" + b"\x04\x00" + (5888).to_bytes(2)
    )
    items = track(
        _060=b"\x01\xd1",
        _185=(-400).to_bytes(2, signed=True) + (300).to_bytes(2, signed=True),
        _220=(-160).to_bytes(2, signed=True),
        _380=derived,
        _245=b"\x40\x04\x20\xf1\xcb\x38\x20",
        _080=b"\x05\x71\x01\x01\x01\x10",
        _290=b"\x70\x28\x14\xff",
        _500=b"\x80" + (200).to_bytes(2) + (100).to_bytes(2),
    )
    (row,), drops = rows_of(block(62, items))
    assert drops == {}
    assert row["squawk"] == "0721"
    assert row["groundspeed"] == pytest.approx(math.hypot(100, 75) * 3600 / 1852)
    assert row["track"] == pytest.approx(math.degrees(math.atan2(-100, 75)) % 360)
    assert row["vertical_rate"] == -1000.0
    assert (row["icao24"], row["geoaltitude"]) == ("4baa01", 36_800.0)
    assert row["callsign"] == "ABC123"
    assert row["onground"] is True, "surface target"
    assert (row["begins"], row["ends"]) == (True, True)
    assert row["position_age"] == 5.0, "PSR 10 s, SSR 5 s, Mode S long ago"
    assert row["accuracy"] == pytest.approx(2.4477 * 100)


@pytest.mark.parametrize(
    ("item", "column", "value"),
    [
        ({"_080": b"\x04", "_130": (5888).to_bytes(2)}, "geoaltitude", 36_800.0),  # from GNSS
        ({"_080": b"\x18", "_130": (5888).to_bytes(2)}, "geoaltitude", None),  # a default
        ({"_136": b"", "_135": (1200).to_bytes(2)}, "altitude", 30_000.0),
        ({"_136": b"", "_135": (1200 | 0x8000).to_bytes(2)}, "altitude", None),  # corrected for QNH
        ({"_136": (-12).to_bytes(2, signed=True)}, "altitude", -300.0),
        ({"_500": b"\x20" + (10).to_bytes(2) + (20).to_bytes(2)}, "accuracy", 2.4477 * 12.856 * 180 / 2**25 * 111_320),
        ({"_500": b"\x80" + bytes(4)}, "accuracy", None),
        ({"_185": bytes(4)}, "track", None),
        ({"_185": bytes(4)}, "groundspeed", 0.0),
        ({"_245": b"\xc0" + b"\x04\x20\xf1\xcb\x38\x20"}, "callsign", None),  # marked invalid
        ({"_245": b"\x00" + b"\x04\x20\xf1\xcb\x38\x20"}, "callsign", "ABC123"),
        ({"_390": b"\x40" + b"BAW12  "}, "callsign", "BAW12"),
        ({"_040": b""}, "track_id", None),
        ({"_380": b"\x01\x20" + b"\x00\x00"}, "onground", False),
        ({"_380": b"\x01\x20" + b"\x10\x00"}, "onground", None),  # alert and SPI: either
        ({}, "onground", None),
        ({"_010": b"\x19\xff"}, "sensor", "25/255"),
    ],
)
def test_single_fields_of_a_system_track(item, column, value):
    (row,), drops = rows_of(block(62, track(**item)))
    assert drops == {}
    assert row[column] == (pytest.approx(value, rel=1e-3) if isinstance(value, float) else value)


@pytest.mark.parametrize(
    ("category", "items", "reason"),
    [
        (62, track(_080=b"\x01\x80"), NOT_REAL),  # SIM
        (62, track(_340=b"\x04\x10"), NOT_REAL),
        (62, track(_340=b"\x04\x08"), NOT_REAL),
        (62, track(_340=b"\x04\x04"), NOT_REAL),
        (62, track(_105=b""), NO_PLACE),
        (62, track(_070=b""), NO_TIME_OF_DAY),
        (62, track(_070=(86_400 * 128).to_bytes(3)), NO_TIME_OF_DAY),
        (48, plot(_020=b"\xb0"), NOT_REAL),  # SIM
        (48, plot(_020=b"\xa2"), NOT_REAL),  # RAB
        (48, plot(_020=b"\xa1\x80"), NOT_REAL),  # TST
        (48, plot(_170=b"\x01\x40"), NOT_REAL),  # GHO
        (48, plot(_020=b"\x00"), NOT_SEEN),
        (48, plot(_020=b"\xa1\x40"), BEYOND),
        (48, plot(_040=b""), NO_PLACE),
        (21, report(_040=b"\x01\x20"), NOT_REAL),  # SIM
        (21, report(_040=b"\x01\x10"), NOT_REAL),  # TST
        (21, report(_040=b"\x02"), NOT_REAL),  # RAB
        (21, report(_040=b"\x01\x01\x08"), WRONG),  # CPR
        (21, report(_040=b"\x01\x01\x02"), WRONG),  # RCF
        (21, report(_130=b""), NO_PLACE),
        (21, report(_073=b""), NO_TIME_OF_DAY),
    ],
)
def test_what_is_no_position_is_counted_under_its_reason(category, items, reason):
    assert rows_of(block(category, items), radars=RADARS) == ([], {reason: 1})


def test_codes_and_levels_that_are_not_sure_are_unknown():
    for flag in (0x80, 0x40):
        (row,), drops = rows_of(block(62, track(_060=bytes([flag | 1, 0xD1]))))
        assert (row["squawk"], drops) == (None, {BAD_CODE: 1})
        (row,), drops = rows_of(block(48, plot(_090=bytes([flag | 5, 0x78]), _070=bytes([flag, 1]))), radars=RADARS)
        assert (row["squawk"], row["altitude"], drops) == (None, None, {BAD_LEVEL: 1, BAD_CODE: 1})


def test_fields_of_a_radar_track():
    items = plot(_170=b"\x01\x80", _210=b"\x04\x08\x00\x00", _230=b"\x04\x00", _161=b"")
    (row,), drops = rows_of(block(48, items | {"220": b"\x3c\x66\x0c"}), radars=RADARS)
    assert drops == {}
    assert row["ends"] is True
    assert row["accuracy"] == pytest.approx(2.4477 * 8 / 128 * 1852)
    assert row["onground"] is True
    assert row["track_id"] == "radar:25/201/3c660c", "the address where there is no number"
    (row,), _ = rows_of(block(48, plot(_161=b"")), radars=RADARS)
    assert row["track_id"] is None


def test_a_radar_target_of_unknown_height_is_placed_less_accurately():
    import pyproj

    (known,), _ = rows_of(block(48, plot()), radars=RADARS)
    (unknown,), _ = rows_of(block(48, plot(_090=b"")), radars=RADARS)
    (measured,), _ = rows_of(block(48, plot(_090=b"", _110=(1400).to_bytes(2))), radars=RADARS)
    apart = pyproj.Geod(ellps="WGS84").inv(
        *(row[name] for row in (known, unknown) for name in ("longitude", "latitude"))
    )[2]
    assert 0 < apart < unknown["accuracy"] - 300.0
    assert (measured["latitude"], measured["longitude"]) == (known["latitude"], known["longitude"]), (
        "35,000 ft by 3D radar"
    )
    assert (measured["altitude"], measured["accuracy"]) == (None, None)


def test_cartesian_positions_of_a_radar():
    xy = (100 * 128).to_bytes(2) + bytes(2)
    (slant,), _ = rows_of(block(48, plot(_040=b"", _042=xy)), radars=RADARS)
    (polar,), _ = rows_of(block(48, plot()), radars=RADARS)
    assert slant["latitude"] == pytest.approx(polar["latitude"], abs=1e-9)
    assert slant["longitude"] == pytest.approx(polar["longitude"], abs=1e-9)
    (ground,), _ = rows_of(block(48, plot(_040=b"", _042=xy, _170=b"\x01\x10")), radars=RADARS)
    assert ground["longitude"] > slant["longitude"], "slant range was corrected already"


def test_every_field_of_an_adsb_report():
    items = report(
        _131=degrees(50.5, 30, 4) + degrees(-5.5, 30, 4),
        _071=time_of_day(43_199.5),
        _140=(5888).to_bytes(2),
        _090=b"\x11\x35\x00",  # NIC 8; SIL 1, NACp 10
        _210=b"\x12",  # DO-260B, 1090 ES
        _070=b"\x01\xd1",
        _155=((-160) & 0x7FFF).to_bytes(2),
        _160=(2048).to_bytes(2) + (16384).to_bytes(2),
        _170=b"\x04\x20\xf1\xcb\x38\x20",
    )
    (row,), drops = rows_of(block(21, items))
    assert drops == {}
    assert (row["latitude"], row["longitude"]) == (pytest.approx(50.5, abs=1e-7), pytest.approx(-5.5, abs=1e-7))
    assert seconds_of(row) == 43_199.5
    assert (row["altitude"], row["geoaltitude"], row["vertical_rate"]) == (35_000.0, 36_800.0, -1000.0)
    assert (row["groundspeed"], row["track"]) == (pytest.approx(2048 / 2**14 * 3600), 90.0)
    assert (row["nic"], row["nac_p"], row["sil"]) == (8, 10, 1)
    assert (row["squawk"], row["callsign"], row["icao24"]) == ("0721", "ABC123", "406ec8")
    assert (row["address_type"], row["onground"], row["source"], row["sensor"]) == ("icao", False, "adsb", "25/11")


@pytest.mark.parametrize(
    ("item", "column", "value"),
    [
        ({"_040": b"\x60"}, "icao24", "~406ec8"),
        ({"_040": b"\x60"}, "address_type", "anonymous"),
        ({"_040": b"\x20"}, "address_type", "other"),
        ({"_040": b"\x01\x40"}, "onground", True),
        ({"_145": b""}, "onground", None),
        ({"_145": (-40).to_bytes(2, signed=True)}, "altitude", -1000.0),
        ({"_210": b"\x02", "_090": b"\x11\x34"}, "nic", None),
        ({"_155": b"\x80\x10"}, "vertical_rate", None),
        ({"_155": b"\x80\x10", "_157": b"\x00\x10"}, "vertical_rate", 100.0),
        ({"_160": b"\x84\x00\x00\x00"}, "groundspeed", None),
        ({"_RE": b"\x05\x08\xe0\x15\x40"}, "groundspeed", 1.25),
        ({"_RE": b"\x05\x08\x60\x15\x40"}, "track", 90.0),
        ({"_RE": b"\x05\x08\x20\x15\x40"}, "track", None),  # not valid
        ({"_RE": b"\x05\x08\x40\x15\x40"}, "track", None),  # a heading
        ({"_RE": b"\x05\x08\x70\x15\x40"}, "track", None),  # magnetic
    ],
)
def test_single_fields_of_an_adsb_report(item, column, value):
    (row,), drops = rows_of(block(21, report(**item)))
    assert drops == {}
    assert row[column] == value


@pytest.mark.parametrize(
    ("of_day", "received", "expected"),
    [
        (86_399.0, 0.5, -1.0),  # sent before midnight, received after
        (1.0, 86_399.5, 86_401.0),  # a clock that runs ahead
        (10.0, 12.0, 10.0),
        (0.0, 86_400.0, 86_400.0),
    ],
)
def test_the_day_is_the_one_nearest_to_the_reception(of_day, received, expected):
    assert nearest_day_s(of_day, MIDNIGHT + received) == MIDNIGHT + expected
    (row,), _ = rows_of(block(62, track(_070=time_of_day(of_day))), MIDNIGHT + received)
    assert seconds_of(row) == expected


def test_a_clock_without_a_date_goes_over_midnight_and_past_damage():
    day = 86_400.0
    days = Days(MIDNIGHT + 5.0)
    told = [86_390.0, 10.0, 20.0, 50_000.0, 30.0, 70_000.0, 20_000.0, 40.0]
    assert [days.moment_s(time) - MIDNIGHT for time in told] == [
        *(86_390.0, day + 10.0, day + 20.0, day + 50_000.0 - day, day + 30.0),
        *(70_000.0, day + 20_000.0, day + 40.0),
    ]
    hours = Days(MIDNIGHT)
    assert [hours.moment_s(hour % 24 * 3600.0 + part) - MIDNIGHT for hour in range(50) for part in (0.0, 300.0)] == [
        hour * 3600.0 + part for hour in range(50) for part in (0.0, 300.0)
    ]


def test_damage_is_counted_with_its_place():
    good, status = block(62, track()), b"\x41\x00\x0c" + FILES["cat062cat065"][186:]
    assert rows_of(good + status)[1] == {"ASTERIX data block of category 065: no target reports": 1}
    assert rows_of(block(62, track()).replace(b"\x3e", b"\x01", 1))[1] == {
        "ASTERIX data block of category 001: not read": 1
    }
    rows, drops = decode(good + b"\xff" * 20 + good, MIDNIGHT, "udp")
    assert (rows.height, dict(drops.counts), drops.examples[DAMAGED]) == (2, {DAMAGED: 1}, f"udp@{len(good)}")
    assert rows["ref"].to_list() == ["udp@3", f"udp@{len(good) + 23}"]
    # half a datagram
    assert rows_of(good + good[:20])[1] == {CUT_SHORT: 1}
    assert rows_of(good[:20]) == ([], {CUT_SHORT: 1})
    for foreign in (b"\x00\x00", b"GET / HTTP/1.1\r\n\r\n", b"\x1a" * 50):
        assert rows_of(foreign) == ([], {FOREIGN: 1})
    assert rows_of(b"") == ([], {FOREIGN: 1})
    # a block whose second record is cut: the first is kept
    body = block(62, track(), track())[3:-4]
    rows, drops = decode(b"\x3e" + (len(body) + 3).to_bytes(2) + body, MIDNIGHT, "udp")
    assert (rows.height, dict(drops.counts)) == (1, {DAMAGED_RECORD: 1})
    assert drops.examples[DAMAGED_RECORD] == f"udp@{len(good)}"


def test_garbage_never_raises():
    rng = random.Random("garbage")
    data = FILES["cat062"] + FILES["cat048"] + FILES["cat21_re"]
    for _ in range(40):
        some = bytearray(data)
        for _ in range(rng.choice((1, 3, 30))):
            some[rng.randrange(len(some))] = rng.randrange(256)
        rows, drops = decode(bytes(some[: rng.randrange(len(some))]), MIDNIGHT, "udp", radars=RADARS)
        assert dict(rows.schema) == ROW_SCHEMA
        table = finish([normalise(TrackNumbers().split(rows), "udp", drops)], drops)
        assert dict(table.schema) == POSITION_SCHEMA
    for size in (1, 3, 6, 40, 1400):
        for category in (21, 48, 62):
            noise = bytes([category]) + size.to_bytes(2) + rng.randbytes(size)
            assert isinstance(decode(noise, MIDNIGHT, "udp")[1], Drops)


@pytest.mark.parametrize("radars", [{"25": (50.0, 4.0, 0.0)}, {"25/300": (50.0, 4.0, 0.0)}, {"25/1": (91.0, 4.0, 0.0)}])
def test_radars_that_make_no_sense(radars):
    with pytest.raises(ParameterError, match="radar"):
        decode(b"", MIDNIGHT, "udp", radars=radars)


def test_an_empty_frame_has_all_columns():
    rows, _ = decode(b"", MIDNIGHT, "udp")
    assert isinstance(rows, pl.DataFrame)
    assert dict(rows.schema) == ROW_SCHEMA
