"""Operations over the service's API and the command line, on both databases: what each party sees of the other, and no more."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from typer.testing import CliRunner

from overflight.cli.app import app
from overflight.coordination.uss import parties
from tests.server.service import PASSWORD, Running

DAY = (datetime.now(UTC) + timedelta(days=1)).replace(hour=4, minute=0, second=0, microsecond=0)


def operation(
    latitude: float = 36.0, precedence: str = "routine", levels: tuple[int, int] = (280, 320)
) -> dict[str, Any]:
    def when(hours: int) -> dict[str, str]:
        moment = (DAY + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")
        return {"value": moment, "format": "RFC3339"}

    circle = {"center": {"lat": latitude, "lng": 44.0}, "radius": {"value": 20_000.0, "units": "M"}}
    volume = {"volume": {"outline_circle": circle}, "flight_levels": list(levels)}
    return {"precedence": precedence, "volumes": [volume | {"time_start": when(0), "time_end": when(1)}]}


def officers(there: Running, *names: str) -> list[httpx.Client]:
    chief = there.administrator()
    found = []
    for name in names:
        given = {"name": name, "role": "party officer", "party": name.upper(), "password": PASSWORD}
        answer = chief.post("/accounts", json=given)
        assert answer.status_code == 201, answer.text
        found.append(there.logged_in(name))
    return [chief, *found]


def test_two_parties_that_see_no_more_than_what_is_in_their_way(there: Running) -> None:
    _, red, blue = officers(there, "red", "blue")
    made = red.post("/operations", json=operation())
    assert made.status_code == 201, made.text
    mine = made.json()["operation"]
    assert blue.get("/operations").json()["items"] == []
    assert blue.get(f"/operations/{mine['id']}/conflicts").status_code == 404
    refused = blue.post("/operations", json=operation(36.1))
    assert refused.status_code == 409
    told = refused.json()
    assert "RED" not in refused.text
    assert "red" not in told["conflicts"][0]["pseudonym"]
    assert told["shifts"][0]["kind"] == "level"
    for one in told["shifts"]:
        answer = blue.post("/operations", json=one["operation"])
        assert answer.status_code == 201, answer.text
        assert blue.post(f"/operations/{answer.json()['operation']['id']}/release").json()["state"] == "ended"


def test_the_lower_precedence_is_told_acknowledges_and_may_not_begin(there: Running) -> None:
    _, red, blue = officers(there, "red", "blue")
    mine = red.post("/operations", json=operation()).json()["operation"]
    assert red.get("/deliveries").json()["items"] == []
    theirs = blue.post("/operations", json=operation(36.1, "medical")).json()
    assert theirs["conflicts"][0]["gives_way"]
    (told,) = red.get("/deliveries").json()["items"]
    assert (told["sequence"], told["operation"], told["acknowledged"]) == (1, mine["id"], False)
    assert red.post("/deliveries/acknowledge", json={"sequence": 1}).status_code == 200
    assert red.post("/deliveries/acknowledge", json={"sequence": 2}).status_code == 409
    assert red.get("/deliveries").json()["items"][0]["acknowledged"]
    assert red.post(f"/operations/{mine['id']}/activate").status_code == 409
    (conflict,) = red.get(f"/operations/{mine['id']}/conflicts").json()["items"]
    assert not conflict["gives_way"]
    blue.post(f"/operations/{theirs['operation']['id']}/release")
    assert red.post(f"/operations/{mine['id']}/activate").json()["operation"]["state"] == "active"


def test_silence_and_suspension(there: Running) -> None:
    chief, red, blue = officers(there, "red", "blue")
    red.post("/operations", json=operation())
    with there.service.store.transaction() as connection:
        parties.heard(connection, "RED", there.service.coordination.operations.now_us() - parties.SILENCE_US - 1)
    refused = blue.post("/operations", json=operation(precedence="emergency"))
    assert refused.status_code == 409
    assert "silent" in refused.json()["detail"]
    red.get("/deliveries")
    assert blue.post("/operations", json=operation(precedence="emergency")).status_code == 201
    assert blue.put("/parties/RED/suspension", json={"why": "x"}).status_code == 403
    assert chief.put("/parties/NOBODY/suspension", json={"why": "x"}).status_code == 404
    assert chief.put("/parties/RED/suspension", json={"why": "false positions"}).status_code == 200
    refused = red.post("/operations", json=operation(50.0))
    assert refused.status_code == 409
    assert "false positions" in refused.json()["detail"]
    assert chief.put("/parties/RED/suspension", json={"why": None}).status_code == 200
    assert red.post("/operations", json=operation(50.0)).status_code == 201
    audit = json.dumps(chief.get("/audit").json())
    assert "suspend" in audit
    assert "let back in" in audit


def test_who_may_not_declare(there: Running) -> None:
    chief = there.administrator()
    given = {"name": "viewer", "role": "viewer", "party": "RED", "password": PASSWORD}
    assert chief.post("/accounts", json=given).status_code == 201
    for client in (chief, there.logged_in("viewer")):
        assert client.post("/operations", json=operation()).status_code == 403
    assert there.client().get("/operations").status_code == 401


@pytest.mark.parametrize("wrong", [{}, {"volumes": []}, {"volumes": [{}]}, operation() | {"callsign": "AB12"}])
def test_what_makes_no_sense_is_refused(there: Running, wrong: dict[str, Any]) -> None:
    _, red = officers(there, "red")
    assert red.post("/operations", json=wrong).status_code == 422


def test_the_command_line(there: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, red, blue = officers(there, "red", "blue")
    tokens = [one.post("/tokens", json={"name": "cli", "days": 1}).json()["secret"] for one in (red, blue)]

    def said(*command: str, by: int = 0, ends: int = 0) -> str:
        monkeypatch.setenv("OVERFLIGHT_TOKEN", tokens[by])
        result = CliRunner().invoke(app, ["coordinate", *command, "--service", there.url])
        assert result.exit_code == ends, result.output + str(result.exception)
        return result.output

    file = tmp_path / "operation.json"
    file.write_text(json.dumps(operation()))
    assert "no operations were declared" in said("list")
    planned = said("declare", str(file))
    name = planned.split()[0]
    assert planned.endswith("is planned\n")
    assert f"{name}  planned" in said("list")
    assert "FL280 to FL320" in said("list")
    refused = said("declare", str(file), by=1, ends=1)
    assert "not planned: 1 operation is in the way" in refused
    assert "ft higher" in refused or "ft lower" in refused
    assert "nothing that was declared here is in its way" in said("conflicts", name)
    file.write_text(json.dumps(operation(precedence="emergency")))
    assert "these give way to it, and are told" in said("declare", str(file), by=1)
    assert "does not give way" in said("conflicts", name, ends=1)
    assert "not planned" in said("activate", name, ends=1)
    assert "ended at" in said("release", name)


def test_what_the_command_line_says_of_what_goes_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def said(*command: str) -> str:
        result = CliRunner().invoke(app, ["coordinate", *command])
        assert result.exit_code != 0
        return str(result.exception)

    monkeypatch.delenv("OVERFLIGHT_TOKEN", raising=False)
    assert "OVERFLIGHT_TOKEN" in said("list")
    monkeypatch.setenv("OVERFLIGHT_TOKEN", "x")
    assert "cannot be asked" in said("list", "--service", "http://127.0.0.1:9")
    assert "cannot be read" in said("declare", str(tmp_path / "nothing.json"))
    (tmp_path / "wrong.json").write_text("{")
    assert "is no JSON" in said("declare", str(tmp_path / "wrong.json"))


def test_the_map_shows_a_party_its_own_and_what_is_in_its_way(there: Running) -> None:
    chief, red, blue, green = officers(there, "red", "blue", "green")
    red.post("/operations", json=operation())
    blue.post("/operations", json=operation(36.1, "medical"))
    green.post("/operations", json=operation(50.0))

    def seen(client: httpx.Client) -> list[tuple[str, list[float]]]:
        found = client.get("/operations/map").json()["features"]
        assert {one["properties"]["kind"] for one in found} == {"operation"}
        return sorted((one["properties"]["name"], one["geometry"]["coordinates"][0][0]) for one in found)

    (other, corner), (own, _) = seen(red)
    assert (own, other.partition(": ")[2]) == ("planned operation, routine", "planned operation, medical")
    assert "BLUE" not in other
    assert corner[1] in (35.9, 36.3), "of others, boxes of round numbers"
    assert [name for name, _ in seen(green)] == ["planned operation, routine"]
    assert len(seen(chief)) == 3
    assert all(name.startswith("party-") for name, _ in seen(chief))
