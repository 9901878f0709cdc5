"""CloudEvents, the pure part: the modes taken apart, and a batch whose events do not spoil each other."""

import asyncio
from http import HTTPStatus
from typing import Any

import pytest

from order_api.cloudevents.asking import TYPES, request_of
from order_api.cloudevents.batch import Done, Step, carry_out_all
from order_api.cloudevents.envelope import read_envelope
from order_api.cloudevents.modes import Batch, One, read_message
from order_api.order_desk import Answer, Request
from order_api.problems import Problem
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


async def test_after_an_unknown_outcome_only_the_same_orders_events_wait() -> None:
    asked = []

    async def carry_out(request: Request) -> Answer:
        asked.append(request)
        await asyncio.sleep(0)
        if request.event_id == doubtful.event_id:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "try_again", "later")
        if request.event_id == refused.event_id:
            raise Problem(HTTPStatus.CONFLICT, "transition_not_allowed", "no")
        return Answer(request.order_id, b"{}", 2, Position("e", {0: 1}), replayed=False)

    doubtful, refused = ask("1", ORDERS[0]), ask("2", ORDERS[1])
    requests = [doubtful, refused, ask("3", ORDERS[0]), ask("4", ORDERS[1])]
    unreadable = Problem(HTTPStatus.BAD_REQUEST, "event_invalid", "no event")
    steps: list[Step | Problem] = [unreadable, *(Step(request, HTTPStatus.OK) for request in requests)]
    outcomes = await carry_out_all(steps, carry_out)
    codes = [outcome.code if isinstance(outcome, Problem) else "done" for outcome in outcomes]
    assert codes == ["event_invalid", "try_again", "transition_not_allowed", "try_again", "done"]
    assert requests[2] not in asked
    assert isinstance(outcomes[-1], Done)
