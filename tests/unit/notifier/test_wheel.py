"""Everybody is pinged once a turn, and looked at as long after it as an answer may take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.wheel import Wheel


@given(st.integers(2, 30).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n - 1))), st.lists(st.integers(0, 90)))
def test_each_is_pinged_once_a_turn_and_looked_at_a_grace_later(shape: tuple[int, int], joins: list[int]) -> None:
    notches, grace = shape
    wheel: Wheel[int] = Wheel(notches, grace)
    joined, pinged, looked = {}, {}, {}
    for moment in range(100 + 2 * notches):
        for member in [number for number, at in enumerate(joins) if at == moment]:
            wheel.add(member)
            joined[member] = moment
        to_ping, to_look_at = wheel.turn()
        for member in to_ping:
            pinged.setdefault(member, []).append(moment + 1)
        for member in to_look_at:
            looked.setdefault(member, []).append(moment + 1)
    for member, at in joined.items():
        assert pinged[member][0] == at + notches, "a whole turn after it has joined"
        assert looked[member][0] == at + grace
        assert {b - a for a, b in zip(pinged[member], pinged[member][1:], strict=False)} <= {notches}
        assert {moment - grace for moment in looked[member][1:]} <= set(pinged[member])


def test_who_has_left_is_not_pinged() -> None:
    wheel: Wheel[str] = Wheel(4, 1)
    place = wheel.add("a")
    wheel.add("b")
    wheel.remove("a", place)
    wheel.remove("a", place)
    assert {member for _ in range(4) for member in wheel.turn()[0]} == {"b"}


def test_an_answer_may_not_take_a_whole_turn() -> None:
    with pytest.raises(ValueError, match="less than a turn"):
        Wheel[str](4, 4)
