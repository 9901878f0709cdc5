"""What goes over the wire is what a Socket.IO client reads, and the events are the log's own bytes."""

import json

from socketio.packet import EVENT, Packet

from notifier.broadcast import batch_text, event_text

VALUES = [b'{"id":"e1","note":"\xc3\xbc \xf0\x9f\x8d\x95","n":1.50}', b'{"id":"e2"}']


def packet_of(text: str) -> Packet:
    return Packet(encoded_packet=text)


def test_a_batch_is_an_array_and_a_meta_argument() -> None:
    text = batch_text(VALUES, room="venue:v1", prev="0123abcd.1-1", to="0123abcd.1-3", server_time="now")
    packet = packet_of(text)
    assert packet.packet_type == EVENT
    name, events, meta = packet.data
    assert name == "batchOrderUpdates"
    assert events == [json.loads(value) for value in VALUES]
    assert meta == {"room": "venue:v1", "prev": "0123abcd.1-1", "to": "0123abcd.1-3", "server_time": "now"}


def test_events_are_forwarded_byte_for_byte() -> None:
    text = batch_text(VALUES, room="r", prev="p", to="t", server_time="now")
    assert b",".join(VALUES).decode() in text


def test_any_other_event_is_a_plain_socket_io_event() -> None:
    assert packet_of(event_text("draining", {"retry_after_ms": 5})).data == ["draining", {"retry_after_ms": 5}]
