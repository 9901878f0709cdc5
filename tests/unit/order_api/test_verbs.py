"""The REST table: each verb's examples are bodies that it takes, and the OpenAPI document says all of it."""

from typing import Any, get_args

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from order_api import commands, openapi, problems, proposing, routes, transitions
from order_api.bodies import PlaceOrder
from order_api.decide import Code
from order_api.verb_bodies import AmountBody, ChangeItemBody, NotesBody, PriorityBody, RefundBody, TotalsBody
from order_api.verbs import Verb, verbs

VERBS = {verb.name: verb for verb in verbs()}
EUROS = {"amount": 100, "currency": "EUR"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    app = FastAPI(title="order-api", version="1")
    problems.install(app)
    openapi.describe(app)
    app.include_router(routes.router(None, None))  # type: ignore[arg-type]  # nothing is asked of them
    return app.openapi()


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_a_verbs_examples_are_commands(verb: Verb) -> None:
    for example in verb.body.model_json_schema()["examples"]:
        command = verb.command(verb.body.model_validate(example), "1")
        assert isinstance(command, commands.Command)
        if verb.target is not None:
            assert getattr(command, verb.target) == "1"


def test_an_order_is_placed_as_the_example_says() -> None:
    for example in PlaceOrder.model_json_schema()["examples"]:
        PlaceOrder.model_validate(example)


def test_all_that_can_be_asked_has_an_address() -> None:
    reached = {type(verb.command(verb.body.model_validate(example(verb)), "1")) for verb in VERBS.values()}
    assert reached == set(get_args(commands.Change))


def example(verb: Verb) -> dict[str, Any]:
    first: dict[str, Any] = verb.body.model_json_schema()["examples"][0]
    return first


def test_what_overwrites_needs_the_version_that_was_seen() -> None:
    pinned = {name for name, verb in VERBS.items() if verb.pinned}
    assert pinned == {"change_item", "move_table", "change_notes", "delay_order", "state_totals"}


def test_every_refusal_has_a_status() -> None:
    assert set(proposing._STATUS_OF_REFUSAL) == set(get_args(Code))


def test_the_document_names_every_problem_and_header(document: dict[str, Any]) -> None:
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(VERBS) + 2
    schema = document["components"]["schemas"]["ProblemBody"]
    for operation in operations:
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                assert "ETag" in answer["headers"]
                continue
            content = answer["content"]["application/problem+json"]
            Draft202012Validator(schema).validate(content["example"])
            assert content["example"]["status"] == int(status)
    for name, verb in VERBS.items():
        (operation,) = (operation for operation in operations if operation["operationId"] == name)
        assert ("428" in operation["responses"]) is verb.pinned
        (if_match,) = (each for each in operation["parameters"] if each["name"] == "If-Match")
        assert if_match["required"] is verb.pinned


@pytest.mark.parametrize(
    ("body", "value", "field"),
    [
        (ChangeItemBody, {}, "say what changes: quantity, notes, modifiers"),
        (ChangeItemBody, {"quantity": "0"}, "quantity"),
        (ChangeItemBody, {"state": "served"}, "state"),
        (NotesBody, {}, "say what changes: notes, allergens"),
        (PriorityBody, {"priority": 10}, "priority"),
        (AmountBody, {"amount": {**EUROS, "amount": 0}}, "amount"),
        (AmountBody, {"amount": {**EUROS, "amount": -1}}, "amount"),
        (AmountBody, {"amount": {**EUROS, "amount": 1.5}}, "amount"),
        (AmountBody, {"amount": {**EUROS, "amount": 2**53}}, "amount"),
        (RefundBody, {"amount": EUROS, "line_ids": [""]}, "line_ids"),
        (TotalsBody, {"totals": {"tip": EUROS}}, "total"),
    ],
)
def test_a_wrong_body_is_refused_and_the_field_named(body: Any, value: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        body.model_validate(value)


@pytest.mark.parametrize(
    ("amount", "allowed"), [(950, True), (950.0, True), ("950", False), (True, False), (1e400, False)]
)
def test_an_amount_is_a_whole_number_however_json_writes_it(amount: Any, allowed: bool) -> None:
    body = {"amount": {"amount": amount, "currency": "EUR"}}
    if allowed:
        assert repr(AmountBody.model_validate(body).amount.amount) == "950"
    else:
        with pytest.raises(ValidationError, match="amount"):
            AmountBody.model_validate(body)


@pytest.mark.parametrize("field", ["void_reason", "refunded"])
def test_what_only_the_rules_say_of_a_line_is_not_stated_by_a_caller(field: str) -> None:
    line = {**PlaceOrder.model_json_schema()["examples"][0]["items"][0], field: "x"}
    with pytest.raises(ValidationError, match=field):
        PlaceOrder.model_validate({"business_date": "2026-11-20", "items": [line]})


def test_null_removes_notes_and_leaves_the_rest() -> None:
    verb = VERBS["change_item"]
    command = verb.command(ChangeItemBody.model_validate({"quantity": None, "notes": None, "modifiers": None}), "1")
    assert command == commands.ChangeItem("1", {"notes": None})


def test_the_table_of_transitions_says_what_the_rules_say() -> None:
    rows = dict(line.split(" | ", 1) for line in transitions.page().splitlines() if line.startswith("| "))
    assert rows["| release"].startswith("placed | -")
    assert rows["| items/a/fire"] == "- | new | - | - | - | - |"
