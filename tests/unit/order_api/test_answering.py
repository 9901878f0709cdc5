"""An answer that is sent in one go is what ASGI's two messages make, byte for byte, on any connection."""

import asyncio
import gc
from typing import Any

import pytest

from infra.pos_client import SECRET
from order_api import http_server
from order_api.answering import answer
from order_api.settings import Settings

BODY = b"x" * 9
KEPT = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n" + BODY
CLOSED = KEPT.replace(b"host: x", b"host: x\r\nconnection: close")
OLD = KEPT.replace(b"HTTP/1.1", b"HTTP/1.0")
WAITED_FOR = KEPT.replace(b"host: x", b"host: x\r\nexpect: 100-continue")


class Transport:
    """A socket that keeps what is written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, _: str) -> None:
        return None

    def pause_reading(self) -> None:
        """Nothing is read here."""

    def resume_reading(self) -> None:
        """Nothing is read here."""


async def served(*requests: bytes, in_one_go: bool, paused: bool = False) -> Transport:
    """Give the connection after some requests; each is answered with its own body."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        known = scope if in_one_go else {**scope, "extensions": {}}
        await answer(known, send, 201, [(b"etag", b'"v1"')], body)

    config = http_server.server(app, Settings(jwt_secret=SECRET, kafka_bootstrap_servers="nowhere:1")).config
    config.load()
    protocol_class: Any = config.http_protocol_class
    state: Any = http_server.uvicorn.server.ServerState()
    state.default_headers = [(b"date", b"today")]
    protocol, transport = protocol_class(config=config, server_state=state, app_state={}), Transport()
    protocol.connection_made(transport)
    if paused:
        protocol.pause_writing()
    protocol.data_received(b"".join(requests))
    if paused:
        await asyncio.sleep(0)
        assert not transport.written
        protocol.resume_writing()
    while state.tasks:
        await asyncio.gather(*state.tasks)
    protocol.connection_lost(None)
    return transport


@pytest.mark.parametrize(
    "requests", [(KEPT,), (CLOSED,), (OLD,), (WAITED_FOR,), (KEPT, KEPT.replace(BODY, b"y" * 9), CLOSED, KEPT)], ids=len
)
async def test_one_go_and_two_messages_are_the_same_bytes(requests: tuple[bytes, ...]) -> None:
    ours, theirs = await served(*requests, in_one_go=True), await served(*requests, in_one_go=False)
    assert b"".join(ours.written) == b"".join(theirs.written) != b""
    assert ours.closed == theirs.closed


async def test_whoever_reads_slowly_is_waited_for() -> None:
    ours = await served(KEPT, in_one_go=True, paused=True)
    assert b"".join(ours.written) == b"".join((await served(KEPT, in_one_go=True)).written)


async def test_an_answer_is_one_write() -> None:
    ours = await served(KEPT, in_one_go=True)
    assert len(ours.written) == 1
    assert ours.written[0].startswith(b"HTTP/1.1 201 Created\r\ndate: today\r\n")


async def test_a_request_leaves_nothing_to_the_collector() -> None:
    async def left_after(requests: int) -> int:
        gc.collect()
        gc.disable()
        try:
            await served(*[KEPT] * requests, in_one_go=True)
            return gc.collect()
        finally:
            gc.enable()

    await left_after(1)  # so that what is made once is there
    assert await left_after(41) - await left_after(1) < 40, "less than an object a request"
