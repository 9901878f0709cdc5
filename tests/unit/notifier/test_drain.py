"""Going down: everybody gets a slot, and the slots are spread."""

from random import Random

from notifier.drain import slots


def test_every_screen_has_one_slot_and_they_are_spread_evenly() -> None:
    sids = [f"s{number}" for number in range(10)]
    planned = slots(sids, 20.0, Random(1))
    assert sorted(sid for _, sid in planned) == sids
    assert [moment for moment, _ in planned] == [2.0 * place for place in range(10)]
    assert [sid for _, sid in planned] != sids, "those who came together should not leave together"


def test_nobody_connected_takes_no_time() -> None:
    assert slots([], 20.0, Random(1)) == []
