"""What a party finds out of a register's journal: nothing of an honest one, and each lie of one that is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from overflight.airspace.operational import written
from overflight.cli.app import app
from overflight.coordination.dss.journal import Journal
from overflight.coordination.dss.verification import Receipt, read_journal, read_receipts, untruths
from overflight.errors import InputError
from overflight.incidents.exchange import sync
from overflight.incidents.log.dsse import sealed
from overflight.incidents.party import Party, create
from overflight.incidents.places import Folder
from tests.coordination.dss.standing import INTENTS, Standing


@pytest.fixture
def honest(there: Standing, tmp_path: Path) -> tuple[list[dict[str, Any]], list[Receipt]]:
    """The journal of some changes, and what uss1 kept: three versions of its own, and one of uss2 that it was given."""
    volume, elsewhere = there.volume(), there.volume(latitude=50.0)
    theirs = there.planned(volume, sub="uss2")
    mine = there.planned(volume, key=[theirs["ovn"]])
    other = there.planned(elsewhere)
    path = f"{INTENTS}/{mine['id']}/{mine['ovn']}"
    answer = there.ask("PUT", path, there.intent(volume, key=[theirs["ovn"]])).json()
    changed = answer["operational_intent_reference"]
    there.ask("DELETE", f"{INTENTS}/{other['id']}/{other['ovn']}")
    party = create(tmp_path / "record", "register")
    assert Journal(there.register.database, party).move() == 5
    journal = read_journal(party.log.entries(0, party.log.size), "register/log")
    party.close()
    lines = [
        {"id": one["id"], "manager": one["manager"], "ovn": one["ovn"], "extents": [where], **more}
        for one, where, more in (
            (theirs, volume, {}),
            (mine, volume, {"state": "Accepted", "key": [theirs["ovn"]]}),
            (changed, volume, {"state": "Accepted", "key": [theirs["ovn"]]}),
            (other, elsewhere, {"state": "Accepted", "key": []}),
        )
    ]
    return journal, read_receipts("\n".join(json.dumps(one) for one in lines), "receipts")


def test_an_honest_register_is_found_honest(honest: tuple[list[dict[str, Any]], list[Receipt]]) -> None:
    assert untruths("uss1", *honest) == []


def test_each_lie_is_found(honest: tuple[list[dict[str, Any]], list[Receipt]]) -> None:
    journal, receipts = honest

    def found(*changed: tuple[int, str, Any]) -> str:
        lying = [dict(one) for one in journal]
        for number, field, value in changed:
            lying[number][field] = value
        return " ".join(untruths("uss1", lying, receipts))

    assert "other extents" in found((1, "extents_sha256", "0" * 64))
    assert "of uss9" in found((0, "manager", "uss9"))
    assert "is not in the journal" in found((1, "ovn_sha256", "0" * 64))
    assert "that you did not keep" in found((0, "manager", "uss1"), (0, "ovn_sha256", "1" * 64))
    assert "after version" in found((3, "version", 3))
    assert "is not in the journal" in " ".join(untruths("uss1", journal[:1] + journal[2:], receipts))
    assert "after version 0" in " ".join(untruths("uss1", journal[:1] + journal[2:], receipts))


def test_what_one_was_not_told_of_is_found(honest: tuple[list[dict[str, Any]], list[Receipt]]) -> None:
    journal, receipts = honest
    without = [Receipt(**vars(one) | {"key": frozenset[str]()}) if one.key else one for one in receipts]
    found = untruths("uss1", journal, without)
    assert len(found) == 2
    assert all("was let in without the key" in one for one in found)
    # what came after, or was gone before, was in nobody's way
    later = [*journal[1:4], journal[0], *journal[4:]]
    assert untruths("uss1", later, without) == []


@pytest.mark.parametrize(
    ("states", "honest"),
    [
        (["Down"], True),
        (["Normal"], False),
        ([], False),
        (["Down", "Normal"], True),  # just before: servers may have had it in either order
    ],
)
def test_a_uss_that_was_down_need_not_be_known(
    there: Standing, tmp_path: Path, states: list[str], honest: bool
) -> None:
    volume = there.volume()
    theirs = there.planned(volume, sub="uss2")
    version = ""
    for state in states:
        told = {"old_version": version, "availability": state}
        version = there.ask("PUT", "/dss/v1/uss_availability/uss2", told, "arbiter").json()["version"]
    key = [] if states == ["Down"] else [theirs["ovn"]]
    mine = there.planned(volume, key=key)
    party = create(tmp_path / "record", "register")
    Journal(there.register.database, party).move()
    journal = read_journal(party.log.entries(0, party.log.size), "register/log")
    party.close()
    lines = [
        {"id": one["id"], "manager": one["manager"], "ovn": one["ovn"], "extents": [volume], **more}
        for one, more in ((theirs, {}), (mine, {"state": "Accepted", "key": []}))
    ]
    found = untruths("uss1", journal, read_receipts("\n".join(json.dumps(one) for one in lines), "receipts"))
    assert [one.partition(": ")[0] for one in found] == ([] if honest else [mine["id"]])


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"id": "a", "manager": "b", "ovn": "c", "extents": []}'])
def test_what_is_no_receipt_is_said(line: str) -> None:
    with pytest.raises(InputError, match="line 2"):
        read_receipts(f"\n{line}", "kept.jsonl")


@pytest.mark.parametrize("entry", [b"", b"{}", b"[]", b"5", b"\xff"])
def test_what_is_no_journal_is_said(entry: bytes, tmp_path: Path) -> None:
    alpha = create(tmp_path / "alpha", "alpha")
    for content in (entry, sealed(entry, "x", alpha.signer)):
        with pytest.raises(InputError, match="entry 0"):
            read_journal([content], "alpha/log")
    alpha.close()


def test_the_command_line(
    there: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, honest: tuple[list[dict[str, Any]], list[Receipt]]
) -> None:
    monkeypatch.chdir(tmp_path)
    register, stick = Party(tmp_path / "record"), Folder(tmp_path)
    create(tmp_path / "alpha", "alpha").close()
    policy = tmp_path / "alpha" / "policy"
    policy.write_text(policy.read_text().replace("quorum none", "\n".join([*register.card, "quorum none"])))
    alpha = Party(tmp_path / "alpha")
    for party in (register, alpha):
        assert sync(party, stick).problems == []
        party.close()
    lines = [
        {"id": one.id, "manager": one.manager, "ovn": one.ovn, "extents": [written(volume) for volume in one.volumes]}
        | ({} if one.key is None else {"key": sorted(one.key), "state": one.state})
        for one in honest[1]
    ]

    def said(kept: list[dict[str, Any]], ends: int) -> str:
        Path("kept.jsonl").write_text("\n".join(json.dumps(one) for one in kept))
        result = CliRunner().invoke(app, ["coordinate", "verify", "kept.jsonl", "--name", "uss1", "--record", "alpha"])
        assert result.exit_code == ends, result.output
        return result.output

    assert said(lines, 0) == "4 receipts against 5 changes: nothing that does not fit\n"
    assert "that you did not keep" in said(lines[:-1], 1)
    result = CliRunner().invoke(app, ["coordinate", "verify", "kept.jsonl", "--name", "a", "--journal", "x/log"])
    assert "has no copy of x/log" in str(result.exception)
