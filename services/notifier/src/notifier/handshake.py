"""The opening of a WebSocket (RFC 6455, 4.2) without I/O: the request read, the answers made."""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Opening:
    """A client's wish for a WebSocket. `key` is what its answer proves to have been read."""

    path: bytes
    query: bytes
    headers: Headers
    key: bytes
    offers_deflate: bool


class NotAnOpening(Exception):
    """The request can't become a WebSocket; `answer` is what to send before the connection is closed."""

    def __init__(self, status: int, text: str, headers: Headers | None = None) -> None:
        super().__init__(text)
        self.answer = refusal(status, headers or [], text.encode() + b"\n")


def read_opening(request: bytes) -> Opening:
    """Read a request's head as uvicorn passes it on: names in lower case, one line each. Raises NotAnOpening."""
    line, *lines = request.removesuffix(b"\r\n\r\n").split(b"\r\n")
    method, target, _ = line.split(b" ", 2)
    headers = [(name, value.strip()) for name, _, value in (one.partition(b":") for one in lines)]
    found = dict(headers)
    if method != b"GET":
        raise NotAnOpening(405, "a WebSocket is opened with GET", [(b"allow", b"GET")])
    if found.get(b"sec-websocket-version") != b"13":
        raise NotAnOpening(426, "WebSocket version 13 is spoken here", [(b"sec-websocket-version", b"13")])
    path, _, query = target.partition(b"?")
    extensions = b",".join(value for name, value in headers if name == b"sec-websocket-extensions")
    return Opening(path, query, headers, _key(found.get(b"sec-websocket-key", b"")), _offers_deflate(extensions))


def acceptance(opening: Opening, *, deflate: bool) -> bytes:
    """Give the 101. Either side of the compression starts anew with each message: nothing is kept a connection."""
    proof = b64encode(hashlib.sha1(opening.key + _MAGIC, usedforsecurity=False).digest())
    extension = b"sec-websocket-extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    lines = [
        b"HTTP/1.1 101 Switching Protocols",
        b"upgrade: websocket",
        b"connection: Upgrade",
        b"sec-websocket-accept: " + proof,
        *([extension] if deflate and opening.offers_deflate else []),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def refusal(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes = b"") -> bytes:
    """Give an HTTP answer after which the connection is closed."""
    lines = [
        b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode()),
        *(name + b": " + value for name, value in headers),
        b"content-length: %d" % len(body),
        b"connection: close",
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _key(text: bytes) -> bytes:
    try:
        whole = len(b64decode(text, validate=True)) == 16
    except Error:
        whole = False
    if not whole:
        raise NotAnOpening(400, "Sec-WebSocket-Key must be 16 bytes in base64")
    return text


def _offers_deflate(extensions: bytes) -> bool:
    """Say whether one offer is for a permessage-deflate of 15 bits, the only one that is taken up."""
    for offer in extensions.split(b","):
        name, *parameters = (part.strip() for part in offer.split(b";"))
        if name == b"permessage-deflate" and not any(p.startswith(b"server_max_window_bits") for p in parameters):
            return True
    return False
