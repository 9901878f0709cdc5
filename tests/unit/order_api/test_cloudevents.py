"""CloudEvents, the pure part: the modes taken apart, and a batch whose events do not spoil each other."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import pytest

from order_api.cloudevents.asking import TYPES, request_of
from order_api.cloudevents.batch import Done, Step, carry_out_all
from order_api.cloudevents.envelope import read_envelope
from order_api.cloudevents.modes import Batch, One, read_message
from order_api.order_desk import Answer, Receipt
from order_api.problems import Problem
from order_api.proposing import Request
from order_contracts.claims import Claims
from order_contracts.positions import Position

CLAIMS = Claims("till", "org", frozenset({"v1"}), frozenset({"orders:write"}), 0)
ORDERS = ("a797f20a-8e5e-505f-9aba-e16ba44e21d6", "b797f20a-8e5e-505f-9aba-e16ba44e21d6")
ACCEPT = {"specversion": "1.0", "id": "1", "source": "/till", "type": "order.accept.v1", "venueid": "v1"}


def ask(event_id: str, order_id: str, **more: Any) -> Request:
    return request_of(read_envelope({**ACCEPT, "id": event_id, "subject": order_id, **more}), CLAIMS)


def test_binary_and_structured_mode_give_the_same_event() -> None:
    headers = {"content-type": "application/json", **{f"ce-{name}": text for name, text in ACCEPT.items()}}
    binary = read_message(headers, b'{"promised_at": null}')
    structured = read_message(
        {"content-type": "Application/CloudEvents+JSON; charset=utf-8"},
        b'{"specversion":"1.0","id":"1","source":"/till","type":"order.accept.v1","venueid":"v1","data":'
        b'{"promised_at": null}}',
    )
    assert isinstance(binary, One)
    assert isinstance(structured, One)
    assert read_envelope(binary.event) == read_envelope(structured.event)


def test_an_event_with_a_lone_surrogate_is_one_bad_event_of_its_batch() -> None:
    batch = read_message({"content-type": "application/cloudevents-batch+json"}, rb'[{"id": "\ud800"}, {"id": "2"}]')
    assert isinstance(batch, Batch)
    assert len(batch.events) == 2
    with pytest.raises(Problem, match="id"):
        read_envelope({**ACCEPT, **batch.events[0]})


def test_source_and_id_are_the_key_and_not_their_sum() -> None:
    assert ask("b", ORDERS[0], source="a/").event_id != ask("/b", ORDERS[0], source="a").event_id
    assert ask("1", ORDERS[0]).event_id == ask("1", ORDERS[0]).event_id


def test_a_fact_is_not_mistaken_for_a_command() -> None:
    assert "order.item_ready.v1" not in TYPES
    assert "order.ready_item.v1" in TYPES


class Desk:
    """Answers each request as told; what is not told of is done."""

    def __init__(self, answers: dict[str, Problem], *, again: frozenset[str] = frozenset()) -> None:
        self.answers, self.again = answers, again  # by the event's id: what it gives, and who is looked at twice
        self.tried: list[list[Request]] = []
        self.alone: list[Request] = []

    async def carry_out_first_tries(self, requests: Sequence[Request]) -> list[Receipt | Problem | None]:
        self.tried.append(list(requests))
        await asyncio.sleep(0)
        return [None if one.event_id in self.again else self.told(one) for one in requests]

    async def carry_out(self, request: Request) -> Answer:
        self.alone.append(request)
        await asyncio.sleep(0)
        told = self.told(request)
        if isinstance(told, Problem):
            raise told
        return Answer(request.order_id, b"{}", told.version, told.position, told.replayed)

    def told(self, request: Request) -> Receipt | Problem:
        return self.answers.get(request.event_id, Receipt(2, Position("e", {0: 1}), replayed=False))


UNKNOWN = Problem(HTTPStatus.SERVICE_UNAVAILABLE, "try_again", "later")
REFUSED = Problem(HTTPStatus.CONFLICT, "transition_not_allowed", "no")


@pytest.mark.parametrize("looked_at_twice", [False, True])
async def test_after_an_unknown_outcome_only_the_same_orders_events_wait(looked_at_twice: bool) -> None:
    doubtful, refused = ask("1", ORDERS[0]), ask("2", ORDERS[1])
    requests = [doubtful, refused, ask("3", ORDERS[0]), ask("4", ORDERS[1])]
    again = frozenset({doubtful.event_id, refused.event_id} if looked_at_twice else ())
    desk = Desk({doubtful.event_id: UNKNOWN, refused.event_id: REFUSED}, again=again)
    unreadable = Problem(HTTPStatus.BAD_REQUEST, "event_invalid", "no event")
    steps: list[Step | Problem] = [unreadable, *(Step(request, HTTPStatus.OK) for request in requests)]
    outcomes = await carry_out_all(steps, desk)
    codes = [outcome.code if isinstance(outcome, Problem) else "done" for outcome in outcomes]
    assert codes == ["event_invalid", "try_again", "transition_not_allowed", "try_again", "done"]
    assert requests[2] not in [*desk.alone, *(one for tried in desk.tried for one in tried)]
    assert isinstance(outcomes[-1], Done)


async def test_the_events_of_one_order_are_never_tried_together() -> None:
    requests = [ask(str(number), ORDERS[number % 2]) for number in range(5)]
    desk = Desk({})
    outcomes = await carry_out_all([Step(request, HTTPStatus.OK) for request in requests], desk)
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert desk.tried == [requests[0:2], requests[2:4], requests[4:]]
    assert desk.alone == []


async def test_a_chain_that_is_looked_at_twice_holds_no_other_up() -> None:
    slow, others = ask("1", ORDERS[0]), [ask("2", ORDERS[1]), ask("3", ORDERS[1])]
    desk = Desk({}, again=frozenset({slow.event_id}))
    later = ask("4", ORDERS[0])
    outcomes = await carry_out_all([Step(request, HTTPStatus.OK) for request in (slow, *others, later)], desk)
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert desk.tried == [[slow, others[0]], [others[1]]]
    assert desk.alone == [slow, later]
