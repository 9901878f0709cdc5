"""The opening of a WebSocket, beside an independent client (`websockets`)."""

import pytest
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.protocol import State
from websockets.uri import parse_uri

from notifier.handshake import NotAnOpening, acceptance, read_opening


def head(**other: str) -> bytes:
    headers = {"host": "x", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="}
    headers |= {name.replace("_", "-"): value for name, value in other.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n{lines}\r\n".encode()


def test_the_key_is_proved_as_in_the_rfc() -> None:
    answer = acceptance(read_opening(head()), deflate=False)
    assert b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer


def test_path_and_query_are_told_apart() -> None:
    opening = read_opening(head())
    assert (opening.path, opening.query) == (b"/socket.io/", b"EIO=4&transport=websocket")


@pytest.mark.parametrize("deflate", [True, False])
def test_another_implementation_takes_our_answer(deflate: bool) -> None:
    client = ClientProtocol(parse_uri("ws://host/socket.io/"), extensions=[ClientPerMessageDeflateFactory()])
    client.send_request(client.connect())
    (request,) = client.data_to_send()
    lines = [line.split(b": ", 1) for line in request.removesuffix(b"\r\n\r\n").split(b"\r\n")[1:]]
    passed_on = b"GET /socket.io/ HTTP/1.1\r\n" + b"".join(n.lower() + b": " + v + b"\r\n" for n, v in lines) + b"\r\n"
    client.receive_data(acceptance(read_opening(passed_on), deflate=deflate))
    assert (client.state, len(client.extensions)) == (State.OPEN, int(deflate))


@pytest.mark.parametrize(
    ("offer", "taken"),
    [
        ("permessage-deflate", True),
        ("permessage-deflate; client_max_window_bits", True),
        ("permessage-deflate; server_max_window_bits=10", False),
        ("permessage-deflate; server_max_window_bits=10, permessage-deflate", True),
        ("x-webkit-deflate-frame", False),
    ],
)
def test_only_a_compression_of_the_full_window_is_taken_up(offer: str, taken: bool) -> None:
    assert read_opening(head(sec_websocket_extensions=offer)).offers_deflate is taken


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (head(sec_websocket_version="8"), b"426"),
        (head(sec_websocket_key="short"), b"400"),
        (head(sec_websocket_key="not base64 at all!"), b"400"),
        (head().replace(b"GET", b"POST", 1), b"405"),
    ],
)
def test_what_can_not_be_opened_is_told_why(request_head: bytes, status: bytes) -> None:
    with pytest.raises(NotAnOpening) as wrong:
        read_opening(request_head)
    assert wrong.value.answer.startswith(b"HTTP/1.1 " + status)
    assert b"connection: close\r\n" in wrong.value.answer
