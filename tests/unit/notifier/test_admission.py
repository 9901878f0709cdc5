"""A storm of connections is let in at the rate that the loop can take; the others are told when to come back."""

from hypothesis import given
from hypothesis import strategies as st

from notifier.admission import Admission


def admitted(admission: Admission, asking: int, now: float) -> int:
    return sum(admission.ask(now) is None for _ in range(asking))


def test_a_few_are_let_in_at_once_and_the_rest_at_the_rate() -> None:
    admission = Admission(100, now=0.0)
    assert admitted(admission, 1000, now=0.0) == 10
    assert sum(admitted(admission, 1000, now=step / 32) for step in range(1, 33)) == 100


def test_the_more_were_sent_away_the_later_the_next_is_to_come() -> None:
    admission = Admission(100, now=0.0)
    waits = [admission.ask(0.0) for _ in range(1010)][10:]
    assert waits[:100] == [1] * 100
    assert waits == sorted(waits)
    assert waits[-1] == 10
    assert {admission.ask(0.0) for _ in range(9000)} == {*range(11, 31)}, "never longer than half a minute"


def test_those_who_come_when_told_find_room() -> None:
    admission, coming = Admission(100, now=0.0), {0.0: 500}
    tries, moment = 0, 0.0
    while coming:
        moment = min(coming)
        for place in range(asking := coming.pop(moment)):
            tries += 1
            wait = admission.ask(moment + place / asking / 2)  # none comes to the millisecond
            if wait is not None:
                coming[moment + wait] = coming.get(moment + wait, 0) + 1
    assert moment < 20
    assert tries < 6 * 500


@given(st.lists(st.floats(0, 2)))
def test_the_rate_stays_within_its_bounds(lateness: list[float]) -> None:
    admission = Admission(500, now=0.0)
    for late in lateness:
        admission.observe(late)
        assert 20 <= admission.rate <= 500


def test_a_late_loop_lets_fewer_in_until_it_has_recovered() -> None:
    admission = Admission(500, now=0.0)
    for _ in range(5):
        admission.observe(0.2)
    assert admission.rate < 100
    for _ in range(60):
        admission.observe(0.0)
    assert admission.rate == 500
