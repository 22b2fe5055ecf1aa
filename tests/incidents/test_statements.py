"""Statements: canonical bytes, one id, and nothing that contradicts itself."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from overflight.errors import InputError
from overflight.incidents.claims import claims_as_text, claims_of
from overflight.incidents.evidence import Piece
from overflight.incidents.statements import Predicate, payload, read

TIME = "2015-11-24T09:00:00Z"
SU24 = "a" * 64


def _predicate(**told: Any) -> Predicate:
    return Predicate(**({"incident": SU24, "verdict": "deny", "text": "It was not so.", "claimed_time": TIME} | told))


def test_a_statement_comes_back_as_it_was_written() -> None:
    pieces = [Piece("b" * 64, "radar.csv")]
    claims = [
        {"case": "c", "by": "A", "of": "x", "quantity": "distance", "what": "depth", "value": "1.50", "unit": "mi"}
    ]
    told = _predicate(claims=claims)
    written = payload(told, pieces)
    found = read(written)
    assert (found.predicate, found.evidence) == (told, pieces)
    assert found.id == hashlib.sha256(written).hexdigest()
    assert written == rfc8785.dumps(json.loads(written))
    assert claims_of(list(found.predicate.claims))[0].readings[0].digit == pytest.approx(
        16.09344
    )  # 0.01 mi: 1.50, not 1.5


def test_the_opening_statement_names_the_incident() -> None:
    found = read(payload(_predicate(incident=None, verdict="open"), []))
    assert found.incident == found.id
    assert found.evidence == []
    assert read(payload(_predicate(), [])).incident == SU24


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"verdict": "open"}, "opens an incident"),
        ({"incident": None}, "opens an incident"),
        ({"verdict": "retract"}, "takes nothing back"),
        ({"verdict": "attribute", "text": " "}, "nobody"),
        ({"claims": [{"case": "c"}]}, "claim 1"),
        ({"text": "x" * 8_000, "claims": [{"case": "c", "by": "A", "of": "x", "quantity": "verdict", "what": "y" * 1_900}] * 40}, "longer than"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(told: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        payload(_predicate(**told), [])


def _changed(**told: Any) -> dict[str, Any]:
    return json.loads(payload(_predicate(), [])) | told


@pytest.mark.parametrize(
    "document",
    [
        _changed(_type="https://in-toto.io/Statement/v0.1"),
        _changed(predicateType="urn:other"),
        _changed(subject=[]),
        _changed(subject=[{"name": "text", "digest": {"sha256": "0" * 64}}]),
        _changed(subject=[{"name": "x", "digest": {"sha1": "0" * 40}}]),
        _changed(more=1),
        _changed(predicate={}),
        _changed(predicate=[]),
        [],
        "text",
    ],
)
def test_another_document_is_refused(document: Any) -> None:
    with pytest.raises(InputError):
        read(rfc8785.dumps(document))


@pytest.mark.parametrize(
    "change", [lambda w: b" " + w, lambda w: w.replace(b'"claims":[]', b'"claims":[],"claims":[]'), lambda w: w[:-1]]
)
def test_other_bytes_for_the_same_are_refused(change: Any) -> None:
    written = payload(_predicate(), [])
    assert read(written)
    with pytest.raises(InputError):
        read(change(written))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@settings(max_examples=40)
def test_any_json_in_a_predicate_is_read_or_refused(value: Any) -> None:
    for field in ("incident", "verdict", "text", "claims", "seen", "detection"):
        document = _changed()
        document["predicate"][field] = value
        try:
            written = rfc8785.dumps(document)
        except ValueError:  # a lone surrogate has no canonical form
            continue
        with contextlib.suppress(InputError):
            read(written)


def test_claims_go_in_as_text_with_all_their_digits(tmp_path: Path) -> None:
    path = tmp_path / "claims.json"
    row = '{"case":"%s","by":"A","of":"x","quantity":"distance","what":"depth","value":%s,"unit":"mi"}'
    path.write_text(f"[{row % ('one', '1.50')},{row % ('two', '0')}]")
    assert [one["value"] for one in claims_as_text(path)] == ["1.50", "0"]
    assert [one["case"] for one in claims_as_text(path, "two")] == ["two"]
