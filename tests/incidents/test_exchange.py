"""Two and three parties with no shared server: they state, exchange, witness each other; and what must not pass."""

from __future__ import annotations

import json
import shutil
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Generator
from pathlib import Path

import pytest

from overflight.errors import InputError, ParameterError
from overflight.incidents.bundle import Bundle, bundle_of, read_bundle, write_bundle
from overflight.incidents.exchange import sync
from overflight.incidents.log.checkpoints import cosigned, origin_hash, signed
from overflight.incidents.log.dsse import sealed
from overflight.incidents.log.policy import load_policy, read_policy
from overflight.incidents.log.sequencer import RollbackError
from overflight.incidents.party import Party, create
from overflight.incidents.places import Folder, Http
from overflight.incidents.serving import Server
from overflight.incidents.statements import PAYLOAD_TYPE, Predicate, Seen, payload
from overflight.incidents.stating import Check, resolved, state
from overflight.incidents.verification import Verification, verify
from tests.incidents.parties import card, parties
from tests.postgres import fresh_database

TRACK = Path("examples/october-2015/synthetic_3_october.csv").resolve()


@pytest.fixture
def stick(tmp_path: Path) -> Folder:
    (tmp_path / "stick").mkdir()
    return Folder(tmp_path / "stick")


@pytest.fixture
def two(tmp_path: Path) -> Generator[list[Party]]:
    made = parties(tmp_path, "alpha", "bravo", quorum=True)
    yield made
    for one in made:
        one.close()


def _round(place: Folder, *some: Party) -> None:
    for one in (*some, *some):
        assert sync(one, place).problems == []


def _contradiction(two: list[Party], stick: Folder) -> str:
    """Alpha opens, Bravo denies, Alpha answers; each has what the other cosigned."""
    alpha, bravo = two
    incident = state(alpha, None, "open", "Somebody crossed the border.", files=[TRACK])
    _round(stick, alpha, bravo)
    denial = state(bravo, incident, "deny", "Nobody did.", replies_to=[incident])
    _round(stick, bravo, alpha)
    state(alpha, incident, "confirm", "It was so.", replies_to=[denial])
    _round(stick, alpha, bravo)
    return incident


def _verified(party: Party, incident: str) -> Verification:
    return verify(bundle_of(party.store, party.policy, incident, party.evidence), party.policy)


def test_each_verifies_the_other_s_on_a_stick(two: list[Party], stick: Folder, tmp_path: Path) -> None:
    incident = _contradiction(two, stick)
    for party, other in zip(two, two[::-1], strict=True):
        found = _verified(party, incident)
        assert found.problems == []
        assert [(one.party, one.statement.predicate.verdict) for one in found.statements] == [
            ("alpha", "open"), ("bravo", "deny"), ("alpha", "confirm"),
        ]  # fmt: skip
        assert all(one.existed_by is not None for one in found.statements)
        # the first had seen nothing that was cosigned, the second only what its author cosigned itself, which shows no time
        assert [one.not_before is None for one in found.statements] == [True, True, False]
        path = tmp_path / f"{party.name}.zip"
        lacking = write_bundle(bundle_of(party.store, party.policy, incident, party.evidence), path)
        assert len(lacking) == (0 if party.name == "alpha" else 1)  # evidence is given by who has it, not by the log
        read = read_bundle(path, tmp_path / f"unpacked-{party.name}")
        offline = verify(read, load_policy(other.folder / "policy"))
        assert offline.problems == []
        assert [one.evidence for one in offline.statements] == [one.evidence for one in found.statements]


def test_three_parties_hand_each_other_s_logs_on(tmp_path: Path, stick: Folder) -> None:
    alpha, bravo, charlie = made = parties(tmp_path, "alpha", "bravo", "charlie", quorum=True)
    incident = state(alpha, None, "open", "It happened.")
    _round(stick, alpha, bravo)
    # charlie never meets alpha: bravo carries the stick to him, whose copy it has
    other = tmp_path / "another stick"
    other.mkdir()
    _round(Folder(other), bravo, charlie)
    found = _verified(charlie, incident)
    assert found.problems == []
    assert found.statements[0].witnesses.keys() == {"bravo", "charlie"}
    for one in made:
        one.close()


def test_over_http(two: list[Party], tmp_path: Path) -> None:
    alpha, bravo = two
    incident = state(alpha, None, "open", "Somebody crossed the border.", files=[TRACK])
    servers = [Server(party, ("127.0.0.1", 0), with_evidence=party is alpha) for party in two]
    threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        a, b = (f"http://127.0.0.1:{server.server_address[1]}" for server in servers)
        done = sync(bravo, Http(a))
        assert done.problems == []
        assert done.taken == ["alpha/log: 1 entries, now 1"]
        assert sync(alpha, Http(b)).problems == []
        state(bravo, incident, "deny", "Nobody did.")
        for _ in range(2):
            assert sync(bravo, Http(a)).problems == []
            assert sync(alpha, Http(b)).problems == []
        for party in two:
            found = _verified(party, incident)
            assert found.problems == []
            assert [one.existed_by is not None for one in found.statements] == [True, True]
        with urllib.request.urlopen(f"{a}/bundle/{incident}") as answer:
            (tmp_path / "fetched.zip").write_bytes(answer.read())
        read = verify(read_bundle(tmp_path / "fetched.zip", tmp_path / "unpacked"), bravo.policy)
        assert (read.problems, read.lacking) == ([], [])
        for path in ("/", "/keys", f"/{'0' * 64}/checkpoint", "/../party.toml", f"/{origin_hash('alpha/log')}/tile/9/000",
                     f"/{origin_hash('alpha/log')}/tile/0/000", f"/{origin_hash('alpha/log')}/tile/0/000.p/2", f"/notes/{'0' * 64}"):  # fmt: skip
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(a + path)
            assert caught.value.code == 404
            caught.value.close()
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(f"{a}/witness/add-checkpoint", data=b"x" * 1_000_001))
        assert caught.value.code == 413
        caught.value.close()
        with pytest.raises(InputError, match="cannot be reached"):
            Http("http://127.0.0.1:9").read("x")
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()


# ---- attacks


def _tampered(bundle: Bundle, change: str, two: list[Party]) -> Bundle:
    """Make one of the changes that must be caught."""
    alpha, bravo = two
    bundle.statements.sort(key=lambda one: (one[1].checkpoint.origin, one[1].index))  # alpha opened it
    entry, proof = bundle.statements[0]
    if change == "changed":
        told = json.loads(entry)
        other = json.loads(
            sealed(
                payload(
                    Predicate(incident=None, verdict="open", text="Another.", claimed_time="2026-01-01T00:00:00Z"), []
                ),
                PAYLOAD_TYPE,
                bravo.signer,
            )
        )
        bundle.statements[0] = (json.dumps(told | {"payload": other["payload"]}).encode(), proof)
    elif change == "in another's name":
        written = payload(
            Predicate(incident=None, verdict="open", text="Another.", claimed_time="2026-01-01T00:00:00Z"), []
        )
        forged = json.loads(sealed(written, PAYLOAD_TYPE, bravo.signer))
        forged["signatures"][0]["keyid"] = alpha.signer.key.label
        bundle.statements[0] = (json.dumps(forged).encode(), proof)
    elif change == "dropped":
        del bundle.statements[0]
    elif change == "reordered":
        (one, at_one), (two_, at_two) = bundle.statements[0], bundle.statements[1]
        bundle.statements[:2] = [(one, at_two), (two_, at_one)]
    elif change == "twice":
        bundle.statements.append(bundle.statements[0])
    elif change == "replayed cosignature":
        new = signed(proof.checkpoint.origin, 9, b"9" * 32, alpha.signer)
        old = [one for one in proof.checkpoint.note.signatures if one.name == "bravo/witness"]
        bundle.statements[0] = (entry, type(proof)(proof.index, proof.hashes, new.with_signatures(old)))
    elif change == "no cosignature":
        bare = signed(proof.checkpoint.origin, proof.checkpoint.size, proof.checkpoint.root, alpha.signer)
        bundle.statements[0] = (entry, type(proof)(proof.index, proof.hashes, bare))
    elif change == "rewritten":
        fork = signed(proof.checkpoint.origin, proof.checkpoint.size + 7, b"7" * 32, alpha.signer)
        bundle.consistency.append((proof.checkpoint.size, [b"x" * 32], fork))
    elif change == "a gap between checkpoints":
        bundle.consistency.clear()
    return bundle


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("changed", "signed by no key that is pinned"),
        ("in another's name", "signed by no key that is pinned"),
        ("dropped", "which is missing"),
        ("reordered", "not entry"),
        ("twice", "stand in it twice"),
        ("replayed cosignature", "not by its key"),
        ("no cosignature", "cosigned by nobody"),
        ("rewritten", "do not continue each other"),
        ("a gap between checkpoints", "nothing shows that size 2 continues size 1"),
    ],
)
def test_a_changed_bundle_is_caught(two: list[Party], stick: Folder, change: str, why: str) -> None:
    incident = _contradiction(two, stick)
    bravo = two[1]
    bundle = bundle_of(bravo.store, bravo.policy, incident, bravo.evidence)
    assert verify(bundle, bravo.policy).problems == []
    bundle = _tampered(bundle, change, two)
    problems = "\n".join(verify(bundle, bravo.policy).problems)
    assert why in problems


def test_a_signature_by_a_removed_key(two: list[Party], stick: Folder) -> None:
    incident = _contradiction(two, stick)
    bravo = two[1]
    lines = (bravo.folder / "policy").read_text().splitlines(keepends=True)
    without = read_policy("".join(line for line in lines if not line.startswith("log alpha")).encode())
    problems = verify(bundle_of(bravo.store, bravo.policy, incident, bravo.evidence), without).problems
    assert sum("signed by no key that is pinned" in one for one in problems) >= 2


def _dated(party: Party, incident: str, claimed: str) -> None:
    state(party, incident, "unclear", "We look into it.", claimed_time=claimed)


@pytest.mark.parametrize(
    ("claimed", "why"), [("2015-10-03T09:00:00Z", "dated back"), ("2035-10-03T09:00:00Z", "dated ahead")]
)
def test_a_statement_dated_to_another_time(two: list[Party], stick: Folder, claimed: str, why: str) -> None:
    incident = _contradiction(two, stick)
    _dated(two[1], incident, claimed)
    _round(stick, *two[::-1])
    problems = _verified(two[0], incident).problems
    assert len(problems) == 1
    assert why in problems[0]


def test_one_s_own_cosignature_shows_no_time(two: list[Party]) -> None:
    """A party that cosigns its own log at a time of its choice has shown nothing."""
    alpha = two[0]
    incident = state(alpha, None, "open", "It happened.")
    latest = alpha.log.latest()
    assert latest is not None
    alpha.log.keep(latest.with_signatures([cosigned(latest, alpha.witness_signer, 1_000_000_000)]))
    found = _verified(alpha, incident)
    assert "cosigned by nobody" in found.problems[0]


def test_a_log_shown_to_two_parties_in_two_ways(tmp_path: Path, stick: Folder) -> None:
    alpha, bravo, charlie = made = parties(tmp_path, "alpha", "bravo", "charlie")
    alpha.close()
    shutil.copytree(alpha.folder, tmp_path / "other alpha")
    truth, lie = Party(alpha.folder), Party(tmp_path / "other alpha")
    state(truth, None, "open", "It was at noon.")
    state(lie, None, "open", "It was at midnight.")
    other = tmp_path / "another stick"
    other.mkdir()
    _round(stick, truth, bravo)
    _round(Folder(other), lie, charlie)
    # the two who were told different things meet
    third = tmp_path / "third stick"
    third.mkdir()
    sync(bravo, Folder(third))
    problems = sync(charlie, Folder(third)).problems
    assert len(problems) == 1
    assert "rewritten, or is shown in two ways" in problems[0]
    kept = [path.read_text() for path in sorted((charlie.folder / "forks").iterdir())]
    assert len(kept) == 2
    assert len({text.splitlines()[2] for text in kept}) == 2
    assert "in two ways" in sync(bravo, Folder(other)).problems[0]
    for one in (truth, lie, *made[1:]):
        one.close()


def test_a_longer_fork_is_found_too(tmp_path: Path, stick: Folder) -> None:
    alpha, bravo = parties(tmp_path, "alpha", "bravo")
    alpha.close()
    shutil.copytree(alpha.folder, tmp_path / "other alpha")
    truth, lie = Party(alpha.folder), Party(tmp_path / "other alpha")
    state(truth, None, "open", "It was at noon.")
    _round(stick, truth, bravo)
    for text in ("It was at midnight.", "And that is all."):
        state(lie, None, "open", text)
    shutil.rmtree(tmp_path / "stick")
    (tmp_path / "stick").mkdir()
    sync(lie, stick)
    problems = sync(bravo, stick).problems
    assert "rewritten, or is shown in two ways" in problems[0]
    assert bravo.store.log("alpha/log").size == 1
    for one in (truth, lie, bravo):
        one.close()


def test_a_restored_older_record_publishes_and_signs_nothing(two: list[Party], stick: Folder, tmp_path: Path) -> None:
    alpha, bravo = two
    state(alpha, None, "open", "One.")
    _round(stick, alpha, bravo)
    alpha.close()
    shutil.copytree(alpha.folder, tmp_path / "backup")
    alpha = Party(alpha.folder)
    state(alpha, None, "open", "Two.")
    _round(stick, alpha, bravo)
    alpha.close()
    # the whole folder is restored: only the others know
    restored = Party(tmp_path / "backup")
    with pytest.raises(RollbackError, match="has 1 entries, and has signed 2"):
        sync(restored, stick)
    server = Server(bravo, ("127.0.0.1", 0))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        with pytest.raises(RollbackError, match="older copy was restored"):
            sync(restored, Http(f"http://127.0.0.1:{server.server_address[1]}"))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    restored.close()
    # only the database is restored: what was signed last lies beside it
    shutil.copy(tmp_path / "backup/record.sqlite", alpha.folder / "record.sqlite")
    for part in ("-wal", "-shm"):
        (alpha.folder / f"record.sqlite{part}").unlink(missing_ok=True)
    again = Party(alpha.folder)
    with pytest.raises(RollbackError):
        state(again, None, "open", "Another two.")
    assert again.log.size == 1
    again.close()


@pytest.mark.parametrize("part", ["checkpoint", "entries", "tile"])
def test_a_damaged_stick_is_refused_and_nothing_is_taken(
    two: list[Party], stick: Folder, tmp_path: Path, part: str
) -> None:
    alpha, bravo = two
    state(alpha, None, "open", "It happened.")
    sync(alpha, stick)
    log = tmp_path / "stick" / origin_hash("alpha/log")
    path = {"checkpoint": log / "checkpoint", "entries": log / "tile/entries/000.p/1", "tile": log / "tile/0/000.p/1"}[
        part
    ]
    content = path.read_bytes()
    path.write_bytes(content[:-3])
    problems = sync(bravo, stick).problems
    if part == "tile":  # hashes are made anew from the entries: nobody believes a tile
        assert problems == []
        assert bravo.store.log("alpha/log").size == 1
    else:
        assert len(problems) == 1
        assert bravo.store.log("alpha/log").size == 0
        path.write_bytes(content)
        assert sync(bravo, stick).problems == []


def test_an_entry_that_is_no_statement_is_said(two: list[Party], stick: Folder) -> None:
    alpha, bravo = two
    alpha.sequencer().add([b"something else"])
    problems = [*sync(alpha, stick).problems, *sync(bravo, stick).problems]
    assert len(problems) == 1
    assert "alpha/log: an entry is no statement of its party" in problems[0]


def test_swapped_evidence_in_a_bundle(two: list[Party], stick: Folder, tmp_path: Path) -> None:
    incident = _contradiction(two, stick)
    alpha = two[0]
    path = tmp_path / "bundle.zip"
    write_bundle(bundle_of(alpha.store, alpha.policy, incident, alpha.evidence), path)
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(b"430", b"431") if name.endswith(".csv") else content)
    found = verify(read_bundle(other, tmp_path / "unpacked"), alpha.policy)
    assert len(found.problems) == 1
    assert "changed or swapped" in found.problems[0]


def test_the_check_is_repeated_from_the_evidence(two: list[Party], tmp_path: Path) -> None:
    alpha = two[0]
    incident = state(
        alpha, None, "open", "Crossed.", check=Check([TRACK], ["country:TR"], parameters={"nets": ["incursion"]})
    )
    bundle = bundle_of(
        alpha.store, read_policy("\n".join([*card(alpha), "quorum none"]).encode()), incident, alpha.evidence
    )
    policy = read_policy("\n".join([*card(alpha), "quorum none"]).encode())
    found = verify(bundle, policy)
    assert found.problems == []
    assert found.statements[0].detection == "repeated: the same event"
    # stated of the same evidence, and something else than is found in it
    told = found.statements[0].statement
    assert told.predicate.detection is not None
    wrong = told.predicate.model_copy(
        update={"detection": told.predicate.detection.model_copy(update={"events": ["f" * 32]})}
    )
    second = alpha.state(wrong, told.evidence)
    found = verify(bundle_of(alpha.store, policy, second, alpha.evidence), policy)
    assert len(found.problems) == 1
    assert "1 of 1 stated are not found, 1 others are" in found.problems[0]
    shutil.rmtree(alpha.evidence)
    found = verify(bundle_of(alpha.store, policy, second, alpha.evidence), policy)
    assert found.problems == []
    assert "the check was not repeated: evidence is not there" in found.lacking[-1]


def test_what_is_no_bundle(tmp_path: Path) -> None:
    def written(name: str, files: dict[str, bytes]) -> Path:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for path, content in files.items():
                archive.writestr(path, content)
        return tmp_path / name

    head = json.dumps({"format": "overflight incident bundle 1", "incident": "0" * 64}).encode()
    (tmp_path / "text").write_text("no archive")
    for path in (
        tmp_path / "text",
        written("empty", {}),
        written("other", {"bundle.json": b'{"format": "x"}'}),
        written("list", {"bundle.json": b"[]"}),
        written("stray", {"bundle.json": head, "more": b""}),
        written("up", {"bundle.json": head, "evidence/../../x": b""}),
        written("hidden", {"bundle.json": head, f"evidence/{'0' * 64}/.x": b""}),
        written("half", {"bundle.json": head, "statements/0000.dsse": b"{}"}),
        written("bad proof", {"bundle.json": head, "statements/0000.dsse": b"{}", "statements/0000.tlog-proof": b""}),
        written("large", {"bundle.json": head + b" " * 1_000_001}),
    ):
        with pytest.raises(InputError):
            read_bundle(path, tmp_path / "unpacked")
    assert not (tmp_path.parent / "x").exists()
    empty = verify(
        read_bundle(written("nothing", {"bundle.json": head}), tmp_path / "none"), read_policy(b"quorum none")
    )
    assert empty.problems == ["the opening statement is missing"]


def test_ids_are_named_by_their_first_letters(two: list[Party]) -> None:
    alpha = two[0]
    incident = state(alpha, None, "open", "One.")
    assert resolved(alpha, incident[:8]) == incident
    assert resolved(alpha, incident[:8], incident) == incident
    for name in (incident[:5], "0" * 12 if not incident.startswith("0" * 12) else "1" * 12):
        with pytest.raises(ParameterError):
            resolved(alpha, name)
    with pytest.raises(ParameterError, match="no statement of this incident"):
        state(alpha, incident, "deny", "", replies_to=["0" * 64])
    with pytest.raises(InputError, match="nothing is known"):
        state(alpha, "0" * 64, "deny", "")


def test_a_statement_that_was_taken_back_is_shown_so(two: list[Party]) -> None:
    alpha = two[0]
    incident = state(alpha, None, "open", "One.")
    state(alpha, incident, "retract", "It was an error.", replies_to=[incident])
    found = verify(
        bundle_of(alpha.store, alpha.policy, incident, alpha.evidence),
        read_policy("\n".join([*card(alpha), "quorum none"]).encode()),
    )
    assert [one.retracted for one in found.statements] == [True, False]


def test_keys_are_for_their_owner_only_and_a_record_is_made_once(tmp_path: Path) -> None:
    party = create(tmp_path / "a", "alpha")
    for name in ("log.key", "witness.key"):
        assert (tmp_path / "a" / name).stat().st_mode & 0o777 == 0o600
    assert party.signer.key.public != party.witness_signer.key.public
    assert (tmp_path / "a/log.key").read_text().strip() not in repr(party.signer)
    party.close()
    with pytest.raises(InputError, match="a record already"):
        create(tmp_path / "a", "alpha")
    with pytest.raises(ParameterError, match="no name of a party"):
        create(tmp_path / "b", "Alpha Bravo")
    with pytest.raises(InputError, match="is no record"):
        Party(tmp_path / "none")
    (tmp_path / "a/log.key").write_text("12")
    with pytest.raises(InputError, match=r"log\.key: is no key"):
        Party(tmp_path / "a")


def test_a_loop_of_what_was_seen_ends(two: list[Party]) -> None:
    """Nobody can see what comes later, but somebody may say so."""
    alpha = two[0]
    incident = state(alpha, None, "open", "One.")
    told = Predicate(
        incident=incident,
        verdict="deny",
        text="x",
        claimed_time="2026-01-01T00:00:00Z",
        seen=Seen(statements=["e" * 64]),
    )
    alpha.state(told, [])
    policy = read_policy("\n".join([*card(alpha), "quorum none"]).encode())
    assert (
        "has seen statement eeeeeeeeeeee, which is missing"
        in verify(bundle_of(alpha.store, policy, incident, alpha.evidence), policy).problems[0]
    )


def test_breaches_of_an_agreement_are_found_again(two: list[Party]) -> None:
    alpha = two[0]
    folder = TRACK.parent
    check = Check(
        [folder / "synthetic_after_the_memorandum.csv"], agreement=folder / "memorandum.toml", logs=[folder / "synthetic_calls.csv"],
        parameters={"nets": ["breach"]},
    )  # fmt: skip
    incident = state(alpha, None, "open", "It was not kept.", check=check)
    policy = read_policy("\n".join([*card(alpha), "quorum none"]).encode())
    found = verify(bundle_of(alpha.store, policy, incident, alpha.evidence), policy)
    assert found.problems == []
    assert found.statements[0].detection == "repeated: the same 7 events"


def test_a_record_may_lie_in_postgresql(tmp_path: Path, stick: Folder, postgres: str) -> None:
    """One party's logs on a server, the other's in a file: neither sees a difference."""
    alpha = create(tmp_path / "alpha", "alpha", fresh_database(postgres, "alpha"))
    bravo = create(tmp_path / "bravo", "bravo")
    for one in (alpha, bravo):
        (one.folder / "policy").write_text("\n".join([*card(alpha), *card(bravo), "quorum none", ""]))
        one.close()
    alpha, bravo = Party(alpha.folder), Party(bravo.folder)
    assert not (tmp_path / "alpha/record.sqlite").exists()
    incident = state(alpha, None, "open", "It happened.")
    _round(stick, alpha, bravo)
    state(bravo, incident, "deny", "It did not.")
    _round(stick, bravo, alpha)
    found = [_verified(one, incident) for one in (alpha, bravo)]
    assert found[0].problems == found[1].problems == []
    assert next([one.statement.id for one in each.statements] for each in found) == [
        one.statement.id for one in found[1].statements
    ]
    alpha.close()
    bravo.close()
