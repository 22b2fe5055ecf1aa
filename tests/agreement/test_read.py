"""Agreements from TOML: the template is one, every wrong part is named by line and key, and it is said in words."""

from __future__ import annotations

import contextlib
import itertools
import json
import pickle
from pathlib import Path

import jsonschema
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from overflight.agreement.explain import explain
from overflight.agreement.logs import read_logs
from overflight.agreement.model import Agreement
from overflight.agreement.read import read_agreement, template
from overflight.cli.app import app
from overflight.engine.parameters import CheckParameters
from overflight.engine.pipeline import Pipeline
from overflight.errors import InputError
from overflight.nets.breach import Breach, BreachParameters
from overflight.surveillance.batch import TrackNames, batch_of
from overflight.surveillance.integrity import Gate
from tests.agreement.documents import box, halves, write
from tests.engine.test_live import span

TEMPLATE = template()


def _changed(folder: Path, old: str, new: str) -> Path:
    assert old in TEMPLATE
    path = folder / "a.toml"
    path.write_text(TEMPLATE.replace(old, new, 1))
    return path


def _line(text: str, which: int = 1) -> int:
    found = [n for n, line in enumerate(TEMPLATE.splitlines(), 1) if text in line]
    return found[which - 1]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('answered_within = "60 s"', 'answered_within = "60"', f"line {_line('answered_within')}: rule.2.answered_within: is no number"),
        ('kind = "contact"', 'kind = "contakt"', "rule.2: input tag 'contakt'"),
        ('frequency = "121.500"', "frequency = 121.5", f"line {_line('frequency = ')}: rule.2.frequency: input should be a valid string"),
        ('frequency = "121.500"\n', "", "rule.2.frequency: field required"),
        ('status = "in_force"', 'status = "in force"', f"line {_line('status = ')}: party.0.version.0.status: input should be"),
        ('icao24 = ["AE0000-AEFFFF"]', 'icao24 = ["AE00-AEFF"]', f"line {_line('icao24')}: party.0.aircraft.icao24.0"),
        ('parties = ["south"]', 'parties = ["west"]', "rule border: 'west' is no party"),
        ('id = "south"', 'id = "north"', "two parties have one id"),
        ("[party.version.rules.distance]", "[party.version.rules.speed]", "'speed' is no rule"),
        ('horizontal = "3 NM"', 'horizontal = "3 miles"', "party south, version 'as signed', rule distance"),
        ('horizontal = "3 NM"', 'kind = "line"', "'kind' cannot differ between versions"),
        ("since = 2017-06-19T00:00:00Z", "since = 2015-06-19T00:00:00Z", "not in order of time"),
        ('volume = "border"', 'volume = "border"\nspeed = 3', "speed: extra inputs are not permitted"),
        ('title = "', "title = ", "is no TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        read_agreement(_changed(tmp_path, old, new))
    assert why in str(caught.value)


def test_the_template_is_an_agreement_and_fits_its_schema(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    assert CliRunner().invoke(app, ["agreement", "new", str(path)]).exit_code == 0
    with pytest.raises(InputError, match="is there already"):
        CliRunner().invoke(app, ["agreement", "new", str(path)], catch_exceptions=False)
    schema = json.loads(CliRunner().invoke(app, ["agreement", "new", "--schema"]).stdout)
    import tomllib

    told = json.loads(json.dumps(tomllib.loads(path.read_text()), default=str))
    jsonschema.validate(told, schema)
    told["rule"][0]["kind"] = "other"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(told, schema)
    result = CliRunner().invoke(app, ["agreement", "validate", str(path)])
    assert "2 parties, 5 rules, 1 files of volumes; sound" in result.stdout


def test_volumes_that_are_not_there_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, '[[rule]]\nid = "z"\nkind = "zone"\ntext = "out"\nvolume = "none.geojson"\n')
    with pytest.raises(InputError, match=r"none\.geojson"):
        CliRunner().invoke(app, ["agreement", "validate", str(path)], catch_exceptions=False)
    box(tmp_path, "zone", 39.0, 35.0, 41.0, 37.0)
    path = write(tmp_path, '[[rule]]\nid = "z"\nkind = "zone"\ntext = "out"\nvolume = "zone.geojson#other"\n')
    with pytest.raises(InputError, match="holds no volume 'other'"):
        CliRunner().invoke(app, ["agreement", "validate", str(path)], catch_exceptions=False)
    path = write(tmp_path, '[[rule]]\nid = "z"\nkind = "zone"\ntext = "out"\nvolume = "border"\n')
    assert "note: rule z: n has no border" in CliRunner().invoke(app, ["agreement", "validate", str(path)]).stdout


def test_it_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(TEMPLATE)
    said = explain(read_agreement(path))
    for line in (
        "From 19 June 2017 (suspension): suspended, announced by its ministry.",
        "By the version of north: Aircraft of two parties are not below 5 NM and 3000 ft at once.",
        "By the version of south: Aircraft of two parties are not below 3 NM and 2000 ft at once.",
        "A call on the line is acknowledged within 5 min.",
        "The border is not entered, unless a call was made in the 2 h before.",
        "It is reported and never judged",
    ):
        assert line in said
    every = explain(halves()["agreement"])
    for rule in halves()["agreement"].rules:
        assert f"{rule.id}: " in every


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kind,time,party\nshout,2015-10-07T00:00:00Z,n\n", "row 1: kind 'shout' is none"),
        ("kind,time,party\ncall,yesterday,n\n", "row 1: time"),
        ("kind,time,party\ncall,,n\n", "row 1: lacks time"),
        ("kind,time,party,answered\ncall,2015-10-07T00:00:00Z,n,2015-10-06T00:00:00Z\n", "answered before it was made"),
        ("kind,when\ncall,x\n", "a column 'when' that is not known"),
        ('[{"kind": "call", "time": "2015-10-07T00:00:00Z", "who": "n"}]', "'who' is no column"),
        ("[1]", "neither CSV nor JSON"),
    ],
)
def test_logs_that_cannot_be_used(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "log"
    path.write_text(text)
    with pytest.raises(InputError, match="log") as caught:
        read_logs(path)
    assert why in str(caught.value)


def test_logs_are_read_from_csv_and_json_alike(tmp_path: Path) -> None:
    row = {"kind": "call", "time": "2015-10-07T02:00:00+02:00", "party": "n", "to": "s", "answered": None}
    (tmp_path / "a.json").write_text(json.dumps([row]))
    (tmp_path / "a.csv").write_text("kind,time,party,to,answered\ncall,2015-10-07T02:00:00+02:00,n,s,\n")
    one, two = (read_logs(tmp_path / name).entries[0] for name in ("a.json", "a.csv"))
    assert (one.time, one.party, one.to, one.answered) == (two.time, two.party, two.to, two.answered)
    assert one.time.isoformat() == "2015-10-07T00:00:00+00:00"


@given(st.text(max_size=200))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_read_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any"
    path.write_text(text, encoding="utf-8", errors="replace")
    for read in (read_agreement, read_logs):
        with contextlib.suppress(InputError):
            read(path)


def _run(table: pl.DataFrame, cuts: list[int], stored_at: int | None) -> pl.DataFrame:
    told = CheckParameters().separation("x")

    def line(names: TrackNames) -> Pipeline:
        agreed: Agreement = halves()["agreement"]
        net = Breach(BreachParameters(agreed, halves()["logs"], told, 30.0), names)
        return Pipeline(Gate(CheckParameters().thresholds, names), [net])

    names = TrackNames()
    pipeline = line(names)
    found = []
    for number, (first, end) in enumerate(itertools.pairwise([0, *sorted(cuts), table.height])):
        if number == stored_at:
            state = pickle.dumps(pipeline.snapshot())
            pipeline = line(names)
            pipeline.restore(pickle.loads(state))
        batch = batch_of(table[first:end], names, first)
        pipeline.update(batch)
        if len(batch):
            found.append(pipeline.advance(int(batch.time_us[-1])))
    found.append(pipeline.finish())
    return pl.concat([one.events for one in found], how="diagonal").sort("start", "id")


@pytest.fixture(scope="module")
def sky() -> tuple[pl.DataFrame, pl.DataFrame]:
    table = span(17.0, 0.4)
    return table, _run(table, [], None)


@given(st.data())
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_it_is_cut_the_breaches_are_the_same(
    sky: tuple[pl.DataFrame, pl.DataFrame], data: st.DataObject
) -> None:
    table, whole = sky
    assert len(set(whole["rule"])) >= 7
    cuts = data.draw(st.lists(st.integers(0, table.height), min_size=1, max_size=12))
    assert_frame_equal(_run(table, cuts, data.draw(st.integers(0, len(cuts)))), whole)
