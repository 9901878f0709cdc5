"""WebSocket frames beside an independent implementation (`websockets`), and the cases of the Autobahn test suite."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from notifier.frames import (
    BINARY,
    CLOSE,
    FAIL,
    PING,
    PONG,
    TEXT,
    FrameReader,
    close_echo,
    closing,
    deflated,
    frame,
)

MAX = 70_000
SIZES = (0, 1, 125, 126, 127, 65_535, 65_536, MAX)


def sent(opcode: int, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(Opcode(opcode), data, fin).serialize(mask=True)


def codes(found: list[tuple[int, bytes]]) -> list[int]:
    return [int.from_bytes(payload[:2], "big") for opcode, payload in found if opcode == FAIL]


def cut(data: bytes, at: list[int]) -> Iterator[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in at)})
    yield from (data[a:b] for a, b in itertools.pairwise(edges))


texts = st.text(max_size=200).map(lambda text: (TEXT, text.encode()))
binaries = st.binary(max_size=200).map(lambda data: (BINARY, data))
controls = st.tuples(st.sampled_from([PING, PONG]), st.binary(max_size=125))


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, bytes]]]:
    """Messages in fragments, with control frames between the fragments, as bytes and as what must come of them."""
    wire, expected = b"", []
    for opcode, data in draw(st.lists(texts | binaries, max_size=5)):
        pieces = list(cut(data, draw(st.lists(st.integers(0, 500), max_size=4)))) or [b""]
        for number, piece in enumerate(pieces):
            wire += sent(opcode if number == 0 else 0, piece, fin=number == len(pieces) - 1)
            if number < len(pieces) - 1 and (control := draw(st.none() | controls)) is not None:
                wire += sent(*control)
                expected.append(control)
        expected.append((opcode, data))
    return wire, expected


@given(conversations(), st.lists(st.integers(0, 5000), max_size=20))
def test_messages_come_out_whole_however_they_were_cut(
    conversation: tuple[bytes, list[tuple[int, bytes]]], cuts: list[int]
) -> None:
    wire, expected = conversation
    reader = FrameReader(MAX)
    assert [one for part in cut(wire, cuts) for one in reader.feed(part)] == expected


@pytest.mark.parametrize("size", SIZES)
def test_sizes_at_the_edges_of_the_length_fields(size: int) -> None:
    data = bytes(size)
    reader = FrameReader(MAX)
    assert reader.feed(sent(BINARY, data)) == [(BINARY, data)]
    assert reader.feed(sent(TEXT, b"x")) == [(TEXT, b"x")]


@pytest.mark.parametrize("size", SIZES)
def test_ours_are_read_by_another_implementation(size: int) -> None:
    stream = StreamReader()
    stream.feed_data(frame(TEXT, b"x" * size))
    parsing = Frame.parse(stream.read_exact, mask=False, max_size=MAX)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    read = done.value.value
    assert (read.opcode, read.data, read.fin) == (Opcode.TEXT, b"x" * size, True)


def test_one_byte_at_a_time() -> None:
    reader = FrameReader(MAX)
    wire = sent(TEXT, "größer".encode(), fin=False) + sent(PING, b"p") + sent(0, b"!") + sent(CLOSE, closing(1000))
    found = [one for byte in wire for one in reader.feed(bytes((byte,)))]
    assert found == [(PING, b"p"), (TEXT, "größer!".encode()), (CLOSE, closing(1000))]


FAULTS = {
    "an unmasked frame": (frame(TEXT, b"x"), 1002),
    "a ping of 126 bytes": (b"\x89\xfe\x00\x7e" + bytes(4 + 126), 1002),
    "a ping in fragments": (b"\x09\x80" + bytes(4), 1002),
    "a reserved bit": (b"\xc1\x80" + bytes(4), 1002),
    "a reserved bit on a pong": (b"\xaa\x80" + bytes(4), 1002),
    "reserved opcode 3": (b"\x83\x80" + bytes(4), 1002),
    "reserved opcode 11": (b"\x8b\x80" + bytes(4), 1002),
    "a continuation of nothing": (sent(0, b"x"), 1002),
    "a new message inside another": (sent(TEXT, b"a", fin=False) + sent(TEXT, b"b"), 1002),
    "text that is not UTF-8": (sent(TEXT, b"\xce\xba\xe1\xbd\xed\xa0\x80edited"), 1007),
    "text whose last character is cut off": (sent(TEXT, b"\xf0\x9f\x8d", fin=False) + sent(0, b""), 1007),
    "a message beyond the bound": (sent(BINARY, bytes(MAX + 1)), 1009),
    "a message that grows beyond the bound": (sent(BINARY, bytes(MAX), fin=False) + sent(0, b"x"), 1009),
    "a length of 2^63": (b"\x82\xff" + b"\xff" * 8 + bytes(4), 1009),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_the_rfc_forbids_ends_in_its_code_and_nothing_is_read_after_it(name: str) -> None:
    wire, code = FAULTS[name]
    reader = FrameReader(MAX)
    found = reader.feed(sent(TEXT, b"before") + wire + sent(TEXT, b"after"))
    assert found[0] == (TEXT, b"before")
    assert (codes(found), len(found)) == ([code], 2)
    assert reader.feed(sent(TEXT, b"after")) == []


def test_a_size_is_refused_by_its_header_before_anything_is_kept() -> None:
    assert codes(FrameReader(MAX).feed(b"\x82\xff" + (2**40).to_bytes(8, "big"))) == [1009]


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999])
def test_a_close_frame_is_answered_with_its_code(code: int) -> None:
    assert close_echo(closing(code, "bye")) == closing(code)


@pytest.mark.parametrize("payload", [b"\x03", *(closing(c) for c in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000))])
def test_a_close_code_that_may_not_be_sent_is_a_protocol_error(payload: bytes) -> None:
    assert close_echo(payload) == closing(1002)


def test_a_close_reason_must_be_text() -> None:
    assert (close_echo(b""), close_echo(closing(1000) + b"\xff")) == (b"", closing(1007))


@given(st.lists(st.text(max_size=2000).map(str.encode), max_size=4))
def test_compressed_once_it_is_read_by_another_implementation(messages: list[bytes]) -> None:
    client = PerMessageDeflate(
        remote_no_context_takeover=True,
        local_no_context_takeover=True,
        remote_max_window_bits=15,
        local_max_window_bits=15,
    )
    stream, reader = StreamReader(), FrameReader(MAX, deflate=True)
    for message in messages:
        stream.feed_data(deflated(TEXT, message))
        parsing = Frame.parse(stream.read_exact, mask=False, extensions=[client])
        with pytest.raises(StopIteration) as done:
            next(parsing)
        assert done.value.value.data == message
        assert reader.feed(Frame(Opcode.TEXT, message).serialize(mask=True, extensions=[client])) == [(TEXT, message)]


def test_a_compressed_message_is_held_to_the_bound_when_it_is_plain_again() -> None:
    squeezed = deflated(TEXT, b"0" * 10_000_000)
    payload = squeezed[4:]
    masked = bytes((squeezed[0], 0xFE)) + len(payload).to_bytes(2, "big") + bytes(4) + payload
    assert codes(FrameReader(MAX, deflate=True).feed(masked)) == [1009]
    assert codes(FrameReader(MAX).feed(masked)) == [1002]
    assert codes(FrameReader(MAX, deflate=True).feed(b"\xc1\x84" + bytes(4) + b"\xff\xff\xff\xff")) == [1007]


def test_nothing_is_held_between_two_messages() -> None:
    reader = FrameReader(MAX)
    wire = sent(TEXT, b"abc")
    reader.feed(wire[:3])
    reader.feed(wire[3:])
    assert (reader._rest, reader._parts) == (None, None)
