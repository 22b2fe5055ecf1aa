"""Whatever is asked, in whatever form: the service answers with what its description says, and never with an error of its own."""

from __future__ import annotations

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from tests.server.service import Running

TRIES = 200 if os.environ.get("OVERFLIGHT_LONG") else 12
KEEPS_ITSELF = {("DELETE", "/api/v1/session"), ("GET", "/api/v1/alarms/stream"), ("PUT", "/api/v1/accounts/{name}")}
"""Left out: one ends the session that asks, one never ends, one can close the account that asks; they have tests of their own."""

LONGEST_URL, NO_REQUEST = 65_000, "Invalid HTTP request received."
"""What the parser of HTTP takes, and what it says of more, in words of its own."""


@pytest.fixture
def token(there: Running) -> str:
    return there.administrator().post("/tokens", json={"name": "tries", "days": 1}).json()["secret"]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_ends_in_an_error_of_ours(there: Running, token: str, mode: GenerationMode) -> None:
    """Schemathesis makes requests out of the description; its own pytest plugin does not go with our version of pytest."""
    schema = schemathesis.openapi.from_url(f"{there.url}/api/v1/openapi.json")
    headers = {"Authorization": f"Bearer {token}"}
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if (operation.method.upper(), operation.path) in KEEPS_ITSELF:
            continue

        @settings(max_examples=TRIES, suppress_health_check=list(HealthCheck), deadline=None)
        @given(case=operation.as_strategy(generation_mode=mode))
        def answers(case: schemathesis.Case) -> None:
            answer = case.call(headers=headers, timeout=20)
            assert answer.status_code < 500, (case.method, case.formatted_path, answer.text)
            if answer.text == NO_REQUEST:  # so long an address is read by nobody
                assert len(answer.request.url or "") > LONGEST_URL
                return
            if answer.status_code >= 400:
                assert answer.headers["content-type"][0].startswith("application/problem+json"), answer.text

        try:
            answers()
        except Unsatisfiable:  # nothing can be wrong where nothing is asked for
            continue
        tried += 1
    assert tried > 15
