"""The demo's final check: it must pass when all is well, and name each thing that can be off."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from local_stack.demo.ledger import Ledger, Seen, Truth, faults

OrderVersions = dict[str, list[dict[str, Any]]]


def order(order_id: str, version: int, status: str, venue_id: str = "v1") -> dict[str, Any]:
    return {"order_id": order_id, "venue_id": venue_id, "version": version, "status": status}


class Evening:
    """An evening on which everything went well: two orders, one of them completed."""

    def __init__(self) -> None:
        self.versions: OrderVersions = {
            "o1": [order("o1", 1, "placed"), order("o1", 2, "accepted")],
            "o2": [order("o2", 1, "placed"), order("o2", 2, "completed")],
        }
        self.ledger = Ledger()
        for versions in self.versions.values():
            for version in versions:
                self.ledger.acknowledge(version)
        self.truth = Truth(deepcopy(self.versions))
        self.truth.event_ids.update(["e1", "e2", "e3", "e4"])
        self.rows = {order_id: versions[-1] for order_id, versions in self.versions.items()}
        self.screen = dict(self.rows)
        self.resynced = False
        self.gaps: list[str] = []

    def faults(self) -> list[str]:
        screen = Seen("v1/0", "v1", self.screen, self.resynced, self.gaps)
        return faults(self.ledger, self.truth, self.rows, [screen])


def test_an_evening_that_went_well_has_no_faults() -> None:
    assert Evening().faults() == []


def lose_from_the_log(evening: Evening) -> None:
    del evening.truth.versions["o1"][1]
    evening.rows["o1"] = evening.screen["o1"] = evening.versions["o1"][0]


def change_in_the_log(evening: Evening) -> None:
    evening.truth.versions["o1"][0] = {**evening.versions["o1"][0], "notes": "changed"}


def accept_twice(evening: Evening) -> None:
    evening.truth.event_ids["e1"] += 1


def take_an_order_that_nobody_was_told_of(evening: Evening) -> None:
    evening.truth.versions["o3"] = [order("o3", 1, "placed", "v2")]
    evening.rows["o3"] = evening.truth.versions["o3"][0]


def lose_a_row(evening: Evening) -> None:
    del evening.rows["o1"]


def keep_an_old_row(evening: Evening) -> None:
    evening.rows["o1"] = evening.versions["o1"][0]


def lose_from_the_screen(evening: Evening) -> None:
    del evening.screen["o2"]


def keep_an_old_order_on_the_screen(evening: Evening) -> None:
    evening.screen["o2"] = evening.versions["o2"][0]


def show_another_venues_order(evening: Evening) -> None:
    evening.screen["o9"] = order("o9", 1, "placed", "v9")


def miss_an_update(evening: Evening) -> None:
    evening.gaps = ["order o1 jumps from version 1 to 3"]


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lose_from_the_log, "o1 was acknowledged at version 2 and is not in the log"),
        (change_in_the_log, "o1 version 1 is in the log in another state than was acknowledged"),
        (accept_twice, "event e1 was accepted 2 times"),
        (take_an_order_that_nobody_was_told_of, "o3 is in the log, and nobody was told"),
        (lose_a_row, "o1 is missing in Postgres"),
        (keep_an_old_row, "o1 is in another state in Postgres: version 1 for 2"),
        (lose_from_the_screen, "o2 is missing on screen v1/0"),
        (keep_an_old_order_on_the_screen, "o2 is in another state on screen v1/0"),
        (show_another_venues_order, "o9 is on screen v1/0 and not in the log"),
        (miss_an_update, "v1/0 missed something: order o1 jumps from version 1 to 3"),
    ],
)
def test_what_is_off_is_named(spoil: Callable[[Evening], None], text: str) -> None:
    evening = Evening()
    spoil(evening)
    assert any(text in fault for fault in evening.faults())


def test_after_a_resync_a_screen_need_not_hold_what_was_closed_before() -> None:
    evening = Evening()
    del evening.screen["o2"]
    evening.resynced = True
    assert evening.faults() == []


def test_after_a_resync_an_open_order_is_still_due() -> None:
    evening = Evening()
    del evening.screen["o1"]
    evening.resynced = True
    assert evening.faults() == ["order o1 is missing on screen v1/0"]
