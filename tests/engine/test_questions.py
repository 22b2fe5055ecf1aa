"""The ten questions of `examples/questions.sql`, asked of the demo recording in DuckDB."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from overflight.api import check
from overflight.examples import california
from overflight.surveillance.read import read
from overflight.surveillance.write import write

QUESTIONS = Path(__file__).parents[2] / "examples/questions.sql"


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[tuple[Any, ...]]]:
    """What each question is answered, by its number."""
    folder = tmp_path_factory.mktemp("questions")
    write(read(california()).table, folder / "positions.parquet")
    check(california(), nets=["separation", "conflict"]).write(folder / "events.parquet")
    connection = duckdb.connect()
    connection.execute(f"SET file_search_path = '{folder}'")
    setup, *questions = re.split(r"^-- (?=\d+\.)", QUESTIONS.read_text(), flags=re.MULTILINE)
    connection.execute(setup)
    return {int(one.partition(".")[0]): connection.execute(f"-- {one}").fetchall() for one in questions}


def test_all_ten_are_answered(answers: dict[int, list[tuple[Any, ...]]]) -> None:
    assert list(answers) == list(range(1, 11))
    assert [number for number, rows in answers.items() if not rows] == [6], "there is no airspace in the demo"


def test_the_answers_fit_each_other(answers: dict[int, list[tuple[Any, ...]]]) -> None:
    counted = {(kind, verdict): count for kind, verdict, count in answers[1]}
    by_kind = {kind: count for kind, count, _ in answers[8]}
    for kind, count in by_kind.items():
        assert sum(found for (one, _), found in counted.items() if one == kind) == count
    severities = [row[5] for row in answers[2]]
    assert severities == sorted(severities)
    assert sum(row[2] for row in answers[3]) == sum(by_kind.values())
    before = [row[3] for row in answers[7] if row[3] is not None]
    assert before
    assert min(before) >= 0
    assert all(0 <= row[3] < 90 for row in answers[10])
