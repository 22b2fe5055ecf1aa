"""Every state of ISA-18.2's model is reached, and no way leads from an alarm that nobody has seen to a list without it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overflight.errors import ParameterError
from overflight.store.alarm_states import LONGEST_SHELVED, AlarmState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=30)
NEW = AlarmState()


@pytest.mark.parametrize(
    ("state", "name"),
    [
        (NEW, "unacknowledged"),
        (NEW.acknowledge(), "acknowledged"),
        (NEW.cleared(), "returned"),
        (NEW.cleared().acknowledge(), "normal"),
        (NEW.acknowledge().cleared(), "normal"),
        (NEW.acknowledge().cleared().raised(), "unacknowledged"),
        (NEW.acknowledge().raised(), "acknowledged"),
        (NEW.acknowledge().raised(graver=True), "unacknowledged"),
        (NEW.shelve(LATER, NOW), "shelved"),
        (NEW.shelve(LATER, NOW).cleared().unshelve(), "returned"),
        (NEW.shelve(LATER, NOW).at(LATER - timedelta(microseconds=1)), "shelved"),
        (NEW.shelve(LATER, NOW).at(LATER), "unacknowledged"),
        (NEW.acknowledge().shelve(LATER, NOW).raised(graver=True).at(LATER), "unacknowledged"),
        (NEW.suppress(suppressed=True), "suppressed"),
        (NEW.suppress(suppressed=True).cleared().suppress(suppressed=False), "returned"),
        (NEW.shelve(LATER, NOW).suppress(suppressed=True).service(out=True), "out_of_service"),
        (NEW.shelve(LATER, NOW).suppress(suppressed=True).service(out=True).service(out=False), "suppressed"),
    ],
)
def test_the_state_after_what_happened(state: AlarmState, name: str) -> None:
    assert state.name == name


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (lambda: NEW.acknowledge().acknowledge(), "acknowledged already"),
        (NEW.unshelve, "not shelved"),
        (lambda: NEW.shelve(NOW, NOW), "no time to shelve until"),
        (lambda: NEW.shelve(NOW + LONGEST_SHELVED + timedelta(seconds=1), NOW), "within the next 12 hours"),
    ],
)
def test_what_is_not_possible_is_refused_with_a_reason(action: Callable[[], AlarmState], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        action()


STEPS: dict[str, Callable[[AlarmState], AlarmState]] = {
    "raised": AlarmState.raised,
    "graver": lambda state: state.raised(graver=True),
    "cleared": AlarmState.cleared,
    "shelve": lambda state: state.shelve(LATER, NOW),
    "unshelve": lambda state: state.unshelve() if state.shelved_until else state,
    "expire": lambda state: state.at(LATER),
    "suppress": lambda state: state.suppress(suppressed=True),
    "unsuppress": lambda state: state.suppress(suppressed=False),
    "out": lambda state: state.service(out=True),
    "in": lambda state: state.service(out=False),
}


@given(st.lists(st.sampled_from(sorted(STEPS))))
def test_an_alarm_that_nobody_has_acknowledged_never_becomes_normal(steps: list[str]) -> None:
    state = NEW
    for step in steps:
        state = STEPS[step](state)
        assert not state.acknowledged
        assert state.name != "normal"
