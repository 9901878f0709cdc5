"""An event that `placing.read` takes asks for the very same as by the longer way, and is taken by that one too."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.odd_bodies import FULL, GONE, ODD, changed, places, written
from infra.pos_client import order_body
from order_api.cloudevents import placing
from order_api.cloudevents.asking import request_of
from order_api.cloudevents.envelope import parse_json, read_envelope
from order_api.cloudevents.modes import Batch, read_message
from order_api.problems import Problem
from order_contracts.claims import Claims

CLAIMS = Claims("till", "org", None, frozenset({"orders:write"}), 2**40)
EVENT = {
    "specversion": "1.0",
    "id": "0042-1",
    "source": "/tills/3",
    "type": "order.place.v1",
    "venueid": "osteria-nord",
    "time": "2026-11-24T19:05:00Z",
    "datacontenttype": "application/json",
    "data": FULL,
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate": "a=b",
}
OTHERS = ("subject", "lineid", "station", "expectedversion", "data_base64", "dataschema", "unknown")
PLACES = [path for path in places(EVENT) if path[0] != "data" or len(path) == 1] + [(name,) for name in OTHERS]
ODD_EVENT = [
    *ODD,
    "order.accept.v1",
    "order.import.v1",
    "application/cloudevents+json",
    "2026-11-24T19:05:00",
    "\x7f",
    "\u00a0",
]


def agree(content: bytes) -> bool:
    taken = placing.read(content)
    if taken is None:
        return False
    longer = request_of(read_envelope(parse_json(content)), CLAIMS)
    asked = taken.request(CLAIMS)
    assert asked == longer
    return True


@pytest.mark.parametrize("path", PLACES, ids=str)
def test_an_event_is_taken_as_by_the_longer_way(path: tuple[Any, ...]) -> None:
    for value in ODD_EVENT:
        for escaped in (True, False):
            agree(written(changed(EVENT, path, value), escaped=escaped))


@settings(max_examples=300)
@given(st.data())
def test_an_event_that_is_damaged_is_not_taken_for_what_it_is_not(data: st.DataObject) -> None:
    content = written(EVENT, escaped=data.draw(st.booleans()))
    begin = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(begin, min(len(content), begin + 12)))
    agree(content[:begin] + data.draw(st.binary(max_size=3)) + content[end:])


@pytest.mark.parametrize("gone", ["time", "datacontenttype", "traceparent", "tracestate"])
def test_a_usual_event_takes_the_short_way(gone: str) -> None:
    assert agree(written(EVENT, escaped=False))
    assert agree(written(changed(EVENT, (gone,), GONE), escaped=True))


def test_a_batch_is_read_event_by_event_and_one_that_is_no_json_is_refused_whole() -> None:
    kind = {"content-type": "application/cloudevents-batch+json"}
    content = written([EVENT, {**EVENT, "type": "order.accept.v1"}, 7, {**EVENT, "data": order_body()}], escaped=False)
    batch = read_message(kind, content)
    assert isinstance(batch, Batch)
    assert [type(event) for event in batch.events] == [placing.Placing, dict, int, placing.Placing]
    for broken in (
        content[:-1],
        content + b"]",
        content.replace(b"0042-1", b"\xff"),
        content.replace(b"}, 7,", b"}, 07,"),
    ):
        with pytest.raises(Problem) as refused:
            read_message(kind, broken)
        assert refused.value.code == "malformed_json"
        with pytest.raises((msgspec.MsgspecError, UnicodeDecodeError, ValueError)):
            msgspec.json.decode(broken)
