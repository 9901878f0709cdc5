"""A stream's outbox: in order, bounded, and never a hole without a word."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from notifier.fanout import Batch
from notifier.replay import Entry
from notifier.streams import Stream, Streams, batch_frame, frame
from order_contracts.claims import Claims

CLAIMS = Claims("s", "o1", frozenset({"v1"}), frozenset({"rooms:join"}), 0)


def streams(most_bytes: int = 1_000) -> Streams:
    return Streams(most_bytes=most_bytes, now=lambda: datetime(2026, 11, 24, tzinfo=UTC))


def batch(*values: bytes) -> Batch:
    entries = [Entry(1, n, 0, ("venue:v1",), (), "order", value) for n, value in enumerate(values)]
    return Batch("venue:v1", "0123abcd.1-0", f"0123abcd.1-{len(values)}", entries)


async def sent(stream: Stream) -> bytes:
    return b"".join([part async for part in stream.frames(60)])


def test_a_batch_is_one_object_whose_id_is_the_position_after_it() -> None:
    lines = batch_frame(batch(b'{"a":1}', b'{"b":2}'), "now").decode().split("\n")
    assert (lines[0], lines[1], lines[3:]) == ("id: 0123abcd.1-2", "event: batchOrderUpdates", ["", ""])
    told = json.loads(lines[2].removeprefix("data: "))
    assert told["events"] == [{"a": 1}, {"b": 2}]
    assert (told["prev"], told["to"], told["server_time"]) == ("0123abcd.1-0", "0123abcd.1-2", "now")


@pytest.mark.parametrize("value", [b'{\n"a":\r\n 1}', b'{"a"\r:1\n\n}'])
def test_a_line_break_in_the_log_s_json_does_not_end_the_event(value: bytes) -> None:
    text = batch_frame(batch(value), "now").decode()
    assert text.count("\n\n") == 1
    (data,) = [line for line in text.splitlines() if line.startswith("data: ")]
    assert json.loads(data.removeprefix("data: "))["events"] == [{"a": 1}]


async def test_what_is_said_goes_out_in_order_and_the_end_comes_last() -> None:
    stream = Stream("venue:v1", CLAIMS, streams())
    stream.deliver(batch(b"1"))
    stream.tell("draining", {"retry_after_ms": 7})
    await stream.hang_up()
    stream.tell("notice", {"text": "too late"})
    text = (await sent(stream)).decode()
    assert text.index("batchOrderUpdates") < text.index("retry: 7\nevent: draining")
    assert "too late" not in text


async def test_over_its_bound_everything_gives_way_to_a_resync() -> None:
    outbox = streams(most_bytes=1_000)
    slow, quick = (Stream("venue:v1", CLAIMS, outbox) for _ in range(2))
    for stream in (slow, quick):
        stream.enter("venue:v1")
    reading = quick.frames(60)
    for _ in range(10):
        outbox.to_room(batch(b'"' + b"x" * 300 + b'"'))
        assert (await anext(reading)).startswith(b"id: ")
    assert await sent(slow) == frame("resync", b'{"room":"venue:v1"}')
    await reading.aclose()


async def test_one_batch_over_the_bound_is_sent_all_the_same() -> None:
    stream = Stream("venue:v1", CLAIMS, streams(most_bytes=10))
    stream.deliver(batch(b"1"))
    stream.end()
    assert b"batchOrderUpdates" in await sent(stream)


def test_an_empty_room_is_forgotten() -> None:
    rooms = streams()
    stream = Stream("venue:v1", CLAIMS, rooms)
    stream.enter("venue:v1")
    assert rooms.has_members("venue:v1")
    stream.leave("venue:v1")
    stream.leave("venue:v1")
    assert not rooms.has_members("venue:v1")
    assert rooms.to_room(batch(b"1")) == 0


async def test_a_quiet_stream_sends_a_comment() -> None:
    frames: Any = Stream("venue:v1", CLAIMS, streams()).frames(0.001)
    assert await anext(frames) == b":\n\n"
    await frames.aclose()
