"""Following a POS, with a desk that fails at any step: taken up again it ends whole, and every step was done once."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from infra.square import euros, line, square_order
from order_api.decide import Decision, decide
from order_api.order_desk import Answer
from order_api.pos.following import Followed, follow
from order_api.pos.square_order import read_order
from order_api.pos.stated import Stated
from order_api.problems import Problem
from order_api.proposing import Request
from order_contracts.claims import Claims
from order_contracts.fold import merge_patch
from order_contracts.positions import Position

CLAIMS = Claims("square", "org", frozenset({"v1"}), frozenset({"orders:write"}), 0)
NOW = datetime.now(UTC)


class Desk:
    """The rules on one order, in memory. `fails_at` counts the commands; that one is done, and not answered."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.order: dict[str, Any] | None = None
        self.done: list[str] = []
        self.fails_at = fails_at

    async def look_up(self, venue_id: str, order_id: str) -> Answer:
        if self.order is None:
            raise Problem(HTTPStatus.NOT_FOUND, "order_not_found", "none")
        return self._answer()

    async def carry_out(self, request: Request) -> Answer:
        assert request.event_id not in self.done, "a step was asked for again on an order that has it"
        held = 0 if self.order is None else self.order["version"]
        if self.order is not None and request.if_match != held:
            raise Problem(HTTPStatus.PRECONDITION_FAILED, "version_mismatch", "other")
        decision = decide(self.order, request.command, NOW)
        assert isinstance(decision, Decision), decision
        noted = {"external_ref": {"version": request.external_version}} if request.notes_external_version else {}
        self.order = merge_patch(merge_patch(self.order, {**decision.change, "version": held + 1}), noted)
        self.done.append(request.event_id)
        if self.fails_at == len(self.done):
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "try_again", "unknown")
        return self._answer()

    def _answer(self) -> Answer:
        assert self.order is not None
        return Answer(
            "o", msgspec.json.encode(self.order), self.order["version"], Position("e", {0: 1}), replayed=False
        )


def stated(version: int = 5, **more: Any) -> Stated:
    paid = {"tenders": [{"amount_money": euros(2200)}]}
    read = read_order(square_order("o", version, "COMPLETED", **paid, **more), ZoneInfo("UTC"))
    assert isinstance(read, Stated)
    return read


async def following(desk: Desk, what: Stated) -> Followed:
    return await follow(desk, CLAIMS, "v1", what, NOW)  # type: ignore[arg-type]  # all of a desk that is used


@pytest.mark.parametrize("fails_at", [1, 2, 3, 4])
async def test_a_delivery_that_was_cut_short_at_any_step_is_taken_up_again(fails_at: int) -> None:
    desk, straight = Desk(fails_at), Desk()
    await following(straight, stated())
    with pytest.raises(Problem):
        await following(desk, stated())
    await following(desk, stated())
    assert len(desk.done) == len(straight.done) == 4  # place, capture, accept, complete
    assert desk.order == straight.order
    assert (await following(desk, stated())).ignored


async def test_a_newer_version_without_a_change_is_noted_once() -> None:
    desk = Desk()
    await following(desk, stated())
    assert (await following(desk, stated(6))).applied == ["sync"]
    assert (await following(desk, stated(6))).ignored
    late = await following(desk, stated(5, line_items=[line("soup", "Soup")]))
    assert late.ignored == "version 6 was applied before"
    assert desk.order is not None
    assert "soup" not in desk.order["items"]
