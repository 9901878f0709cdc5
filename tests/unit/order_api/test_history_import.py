"""The import, the pure part: lines into orders, and a sender that is patient but never counts a thing twice."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from order_api.cloudevents.asking import request_of
from order_api.cloudevents.envelope import read_envelope
from order_api.history_import.checkpoint import Checkpoint, load, save
from order_api.history_import.command import main
from order_api.history_import.entries import Entry, Target, read_csv, read_ndjson
from order_api.history_import.sending import MOST_BYTES, Sender, Stopped, in_batches
from order_contracts.claims import Claims, issue
from order_contracts.order import Order

TARGET = Target("v1", "takeaway", "GBP", ZoneInfo("Europe/London"))
CLAIMS = Claims("importer", "org", frozenset({"v1"}), frozenset({"orders:import"}), 0)
HEAD = "OrderNumber,OrderDate,ItemName,Quantity,ProductPrice,TotalProducts"
ORDER = [HEAD, "16118,03/08/2019 20:25,Plain Papadum,2,0.8,2", "16118,03/08/2019 20:25,King Prawn Balti,1,12.95,2"]
PAST = {
    "business_date": "2019-08-03",
    "placed_at": "2019-08-03T20:25:00+01:00",
    "items": [{"name": "Naan", "quantity": "1", "unit_price": {"amount": 295, "currency": "GBP"}}],
}


def bearer() -> str:
    return issue(
        secret="s" * 32,
        subject="importer",
        organization_id="org",
        venues=["v1"],
        scopes=["orders:import"],
        now=datetime.now(UTC),
        lifetime_seconds=60,
    )


def faults(entries: list[Entry]) -> list[str]:
    return [str(entry.fault) for entry in entries if entry.fault]


def test_a_csv_order_is_one_entry_that_order_api_takes() -> None:
    (entry,) = read_csv(ORDER, TARGET)
    assert entry.line == 2
    command: Any = request_of(read_envelope(entry.event), CLAIMS).command
    document = command.body.document("o", "v1", "org")
    Order.model_validate({**document, "version": 1, "updated_at": document["placed_at"]})
    assert document["placed_at"] == "2019-08-03T19:25:00.000Z"  # summer time
    assert [(i["name"], i["unit_price"]["amount"]) for i in document["items"].values()] == [
        ("King Prawn Balti", 1295),
        ("Plain Papadum", 80),
    ]
    assert (document["status"], document["external_ref"]) == ("completed", {"source": "takeaway", "id": "16118"})


def test_an_order_that_stands_twice_in_the_file_is_the_same_event_twice() -> None:
    one, two = read_csv([*ORDER, *reversed(ORDER[1:])], TARGET)
    assert (one.event, one.line, two.line) == (two.event, 2, 4)


def test_an_orders_rows_may_stand_apart() -> None:
    rice = "2,03/08/2019 20:25,Rice,1,3.95,1"
    (whole,) = read_csv(ORDER, TARGET)
    between, apart = read_csv([*ORDER[:2], rice, ORDER[2]], TARGET)
    assert (apart.event, apart.line, between.line) == (whole.event, 2, 3)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("1,2019-08-03,Naan,1,2.95,1", "line 4, OrderDate: 2019-08-03 is no dd/mm/yyyy HH:MM"),
        ("1,03/08/2019 20:25,Naan,1,cheap,1", "line 4, ProductPrice: cheap is no number"),
        ("1,03/08/2019 20:25,Naan,1,NaN,1", "line 4, ProductPrice: NaN is no amount"),
        ("1,03/08/2019 20:25,Naan,1,2.955,1", "line 4, ProductPrice: 2.955 is finer than GBP goes"),
        ("1,03/08/2019 20:25,Naan,1,2.95,3", "line 4, TotalProducts: says 3 lines, and there are 1"),
        ("1,03/08/2019 20:25", "line 4, TotalProducts: None is no number of lines"),
    ],
)
def test_a_wrong_row_names_its_line_and_field_and_stops_no_other(row: str, fault: str) -> None:
    entries = [*read_csv([*ORDER, row, "2,03/08/2019 20:25,Rice,1,3.95,1"], TARGET)]
    assert faults(entries) == [fault]
    assert len(entries) == 3


def test_another_csv_is_refused_by_its_columns() -> None:
    with pytest.raises(ValueError, match="OrderDate"):
        next(read_csv(["OrderNumber,Date"], TARGET))


def test_bad_ndjson_lines_stop_no_other() -> None:
    lines = ["", json.dumps(PAST), "{", "[]", '{"notes": "\\ud800"}', "[" * 100_000, json.dumps(PAST)]
    entries = [*read_ndjson(lines, TARGET)]
    assert [entry.line for entry in entries if entry.fault] == [3, 4, 5, 6]
    assert entries[0].event == entries[-1].event


def test_an_order_is_named_by_its_own_ref_else_by_what_it_says() -> None:
    ref = {"external_ref": {"source": "till", "id": "7"}}
    named, bare, other = read_ndjson([json.dumps(p) for p in ({**PAST, **ref}, PAST, {**PAST, "notes": "x"})], TARGET)
    assert (named.event["source"], named.event["id"]) == ("/import/till", "7")
    assert bare.event["source"] == "/import/takeaway"
    assert bare.event["id"] != other.event["id"]


def test_batches_stay_under_the_body_limit() -> None:
    many = [Entry(n, {"data": "x" * 5_000}) for n in range(100)] + [Entry(100, {"data": "x" * MOST_BYTES})]
    batches = [*in_batches(many)]
    assert all(sum(len(entry.event["data"]) for entry in batch if entry.event) < MOST_BYTES for batch in batches)
    assert sum(map(len, batches)) == 101
    assert faults([entry for batch in batches for entry in batch]) == [
        "line 100: is over 200000 bytes: leave out what is long"
    ]


def sender(answer: Callable[[list[Any]], httpx.Response], **more: Any) -> tuple[Sender, list[float]]:
    slept: list[float] = []
    transport = httpx.MockTransport(lambda request: answer(json.loads(request.content)))
    return Sender(httpx.Client(transport=transport), "http://x", sleep=slept.append, **more), slept


def test_what_was_not_answered_is_sent_again_and_nothing_else() -> None:
    sent: list[list[str]] = []

    def answer(events: list[Any]) -> httpx.Response:
        sent.append([event["id"] for event in events])
        if len(sent) == 1:
            raise httpx.ConnectError("away")
        if len(sent) == 2:
            return httpx.Response(503)
        unknown = {"status": 503, "problem": {"code": "try_again", "detail": "later"}}
        refused = {"status": 422, "problem": {"code": "invalid_request", "detail": "items: none", "field": "items"}}
        told = {"a": {"status": 201}, "b": unknown, "c": {"status": 201, "replayed": True}, "d": refused}
        results = [{"status": 201} if len(sent) == 4 else told[event["id"]] for event in events]
        return httpx.Response(207, json={"results": results})

    client, slept = sender(answer)
    tally = client.send([*(Entry(n, {"id": name}) for n, name in enumerate("abcd"))])
    assert sent == [[*"abcd"]] * 3 + [["b"]]
    assert (tally.imported, tally.already, [*map(str, tally.faults)]) == (2, 1, ["line 3, items: items: none"])
    assert len(slept) == 3


def test_an_order_api_that_stays_away_stops_the_import() -> None:
    client, _ = sender(lambda _: httpx.Response(503), patience=1.0)
    with pytest.raises(Stopped, match="run the same again"):
        client.send([Entry(1, {"id": "a"})])


REFUSED = {"status": 403, "problem": {"code": "not_allowed", "detail": "expired"}}


@pytest.mark.parametrize("answer", [(401, {"detail": "expired"}), (207, {"results": [REFUSED]})])
def test_a_token_that_is_refused_stops_the_import(answer: tuple[int, Any]) -> None:
    client, _ = sender(lambda _: httpx.Response(answer[0], json=answer[1]))
    with pytest.raises(Stopped, match="expired"):
        client.send([Entry(1, {"id": "a"})])


@pytest.mark.parametrize(
    ("more", "variable", "text"),
    [
        (("--org", "another"), bearer(), "of organization org, not of another"),
        ((), "", "put a token of scope orders:import into ORDER_API_TOKEN"),
        (("--timezone", "Moon/Crater"), bearer(), "--timezone"),
        (("--venue", "a venue"), bearer(), "--venue"),
        (("--rate", "0"), bearer(), "--rate"),
        ((), bearer(), "is no file"),
    ],
)
def test_wrong_use_is_told(
    more: tuple[str, ...], variable: str, text: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ORDER_API_TOKEN", variable)
    assert main(["no-such-file", "--venue", "v1", "--org", "org", *more]) == 2
    assert text in capfd.readouterr().err


def test_a_checkpoint_is_of_its_own_file_only(tmp_path: Any) -> None:
    state = tmp_path / "state.json"
    assert load(state, "one") == Checkpoint("one")
    save(state, Checkpoint("one", entries=5))
    assert (load(state, "one").entries, load(state, "two").entries) == (5, 0)
    state.write_bytes(b"{")
    assert load(state, "one").entries == 0
