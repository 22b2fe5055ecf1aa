"""A press page as a source: what is proposed from it and what is not, and the page kept so that it can be proven."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overflight.errors import InputError
from overflight.incidents.citation import keep, kept, read_page
from overflight.incidents.claims import read_claims
from overflight.incidents.examination import examine
from overflight.incidents.proposals import Proposal, proposals

OVERFLIGHT = str(Path(sys.executable).with_name("overflight"))
PAGE = Path("tests/data/pages/crossing.html")


def found() -> list[Proposal]:
    page = read_page(str(PAGE))
    return proposals(page.text, page.date)[0]


def test_who_said_what_with_the_sentence() -> None:
    told = {(one.by, one.quantity, one.value, one.unit, one.bound) for one in found()}
    assert {
        ("Turkish foreign ministry", "distance", 1.15, "miles", "exactly"),
        ("Turkish foreign ministry", "duration", 17, "seconds", "exactly"),
        ("Turkish foreign ministry", "altitude", 19000, "feet", "exactly"),
        (
            "Turkish foreign ministry (?)",
            "count",
            10,
            "times",
            "exactly",
        ),  # "a spokesman": whose is for a person to say
        ("defence ministry in Moscow", "inside/outside", "outside", "", "exactly"),
        ("president", "altitude", 6000, "metres", "exactly"),
        ("president", "distance", 1, "kilometre", "exactly"),
        ("air force commander", "duration", 40, "seconds", "exactly"),
        ("US defence officials", "count", 4, "missiles", "at least"),
        ("Moscow", "verdict", None, "", "exactly"),
        ("ministry", "time", "2015-11-24T09:24", "zone?", "exactly"),
    } <= told
    assert all(one.what and one.sentence for one in found())


def test_offers_banners_and_what_comes_twice_are_dropped() -> None:
    page = read_page(str(PAGE))
    some, dropped = proposals(page.text, page.date)
    assert dropped["said before"] == 1
    assert dropped["offer or banner"] >= 2
    assert not [one for one in some if "week" in one.sentence or "deals" in one.sentence]
    assert [one.value for one in some].count(1.15) == 1


def test_the_page_is_kept_and_can_be_proven(tmp_path: Path) -> None:
    page = read_page(str(PAGE))
    assert page.date == "2015-11-24"
    one, other = keep(page, tmp_path), keep(page, tmp_path)
    assert one != other  # whoever has the page cannot tell from the digest that it was kept
    assert kept(one) == PAGE.read_bytes()
    swapped = tmp_path / other.name
    swapped.write_bytes(one.read_bytes())
    with pytest.raises(InputError, match="is not the page that its name says"):
        kept(swapped)
    swapped.write_bytes(one.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"is no page kept as evidence|is not the page"):
        kept(swapped)


@pytest.fixture
def served() -> Iterator[str]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(PAGE.parent))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_page_by_its_address(served: str) -> None:
    page = read_page(f"{served}/{PAGE.name}")
    assert page.content == PAGE.read_bytes()
    assert page.source == f"{served}/{PAGE.name}".removeprefix("http://")
    with pytest.raises(InputError, match=r"cannot be fetched .*; save the page"):
        read_page(f"{served}/none.html")


def test_what_is_no_page(tmp_path: Path) -> None:
    empty = tmp_path / "empty.html"
    empty.write_bytes(b"<html></html>")
    with pytest.raises(InputError, match="has no text"):
        read_page(str(empty))
    with pytest.raises(InputError, match="cannot be read"):
        read_page(str(tmp_path / "none.html"))
    large = tmp_path / "large.html"
    with large.open("wb") as file:
        file.truncate(10_000_001)
    with pytest.raises(InputError, match="larger than 10 MB"):
        read_page(str(large))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*PAGE.read_text().split(), ". ", "\n", ", ", "“", "said", "17 seconds"]), max_size=60))
def test_any_words_give_proposals_that_name_their_sentence(words: list[str]) -> None:
    text = " ".join(words)
    for one in proposals(text, None)[0]:
        assert one.sentence in text.replace("\n", " ") or one.sentence in text


def test_every_proposal_is_asked_for_and_the_right_ones_can_be_examined(tmp_path: Path) -> None:
    command = [OVERFLIGHT, "incident", "cite", str(PAGE.resolve()), "--case", "c", "--evidence", "kept"]
    asked, answers = pty.openpty()
    process = subprocess.Popen([*command, "--out", "claims.json"], stdin=answers, cwd=tmp_path, stdout=subprocess.PIPE)
    count = len(found())
    wanted = {
        k for k, one in enumerate(found()) if one.quantity in {"distance", "duration", "altitude", "inside/outside"}
    }
    os.write(asked, "".join("y\n" if k in wanted else "n\n" for k in range(count)).encode())
    printed = process.communicate(timeout=60)[0].decode()
    assert process.returncode == 0
    assert f"{len(wanted)} of {count} written" in printed
    assert "“Moscow denied it.”" in printed
    _, findings = examine(read_claims(tmp_path / "claims.json"))
    assert any("is 212 kt (statute)" in one.why for one in findings)
    assert any(one.rule == "inside or outside" for one in findings)
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_nobody_to_ask(tmp_path: Path) -> None:
    command = [OVERFLIGHT, "incident", "cite", str(PAGE.resolve()), "--case", "c"]
    done = subprocess.run(
        [*command, "--out", "claims.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2
    assert "needs somebody to ask" in done.stderr
    plain = subprocess.run([*command, "--json"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert len(json.loads(plain.stdout)["proposals"]) == len(found())
