"""Whoever floods the query API's port, or never ends what it says, is hung up on; nobody needs a token to try."""

import os
from collections.abc import AsyncIterator
from itertools import repeat

import httpx
import psutil
import pytest

from infra.query_client import query_api
from infra.raw_http import raw
from infra.running_projector import PARTITIONS, World
from order_contracts.bounded_requests import MOST_HEAD_BYTES, MOST_HEADERS

SECONDS = 1.0
GET = b"GET /livez HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with query_api(world.database_url, PARTITIONS, read_timeout_seconds=SECONDS) as client:
        yield client


async def test_a_head_without_end_is_hung_up_on_and_fills_no_memory(client: httpx.AsyncClient) -> None:
    before = psutil.Process(os.getpid()).memory_info().rss  # it serves in this process
    answer = await raw(str(client.base_url), (GET, b"X: ", *repeat(b"y" * 100_000, 500)))
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"headers_too_large"' in answer
    assert psutil.Process(os.getpid()).memory_info().rss - before < 24 * 2**20


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"X: y\r\n" * (MOST_HEADERS - 2), b" 200 "),
        (b"X: y\r\n" * (MOST_HEADERS - 1), b" 431 "),
        (b"X: " + b"y" * (MOST_HEAD_BYTES - 100) + b"\r\n", b" 200 "),
        (b"X: " + b"y" * MOST_HEAD_BYTES + b"\r\n", b" 431 "),
    ],
    ids=["as many as may be", "one too many", "as long as may be", "too long"],
)
async def test_headers_that_come_in_one_piece_are_bounded(
    client: httpx.AsyncClient, headers: bytes, status: bytes
) -> None:
    answer = await raw(str(client.base_url), [GET + headers + b"Connection: close\r\n\r\n"])
    assert status in answer.partition(b"\r\n")[0]
    assert (b'"code":"headers_too_large"' in answer) == (status == b" 431 ")


async def test_headers_behind_a_body_are_bounded(client: httpx.AsyncClient) -> None:
    asked = GET + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
    flood = b"X: y\r\n" * MOST_HEADERS + b"\r\n" + GET + b"Connection: close\r\n\r\n"
    answer = await raw(str(client.base_url), [asked, flood], pause=SECONDS / 10, within=SECONDS)
    assert answer.count(b"HTTP/1.1 200 ") == 1


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], b""),
        ([b"\r\n"], b""),
        ([GET], b"HTTP/1.1 408 "),
        ([GET, *repeat(b"X: y\r\n", 1000)], b"HTTP/1.1 408 "),
        ([GET + b"Content-Length: 9\r\n\r\n"], b"HTTP/1.1 200 "),  # answered; its body never comes
    ],
    ids=["nothing", "a blank line", "half a head", "a line now and then", "no body"],
)
async def test_a_request_that_does_not_end_is_hung_up_on(
    client: httpx.AsyncClient, parts: list[bytes], said: bytes
) -> None:
    answer = await raw(str(client.base_url), parts, pause=SECONDS / 10, within=4 * SECONDS)
    assert answer.startswith(said)
    assert answer.count(b"HTTP/1.1 ") == bool(said)


async def test_what_is_no_http_is_answered_in_a_problem(client: httpx.AsyncClient) -> None:
    answer = await raw(str(client.base_url), [b"GET / HTTQ/1.1\r\n\r\n"])
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"bad_request"' in answer


async def test_who_asks_now_and_then_keeps_the_connection(client: httpx.AsyncClient) -> None:
    asked = [*repeat(GET + b"\r\n", 8), GET + b"Connection: close\r\n\r\n"]
    answer = await raw(str(client.base_url), asked, pause=SECONDS / 4)
    assert answer.count(b"HTTP/1.1 200 ") == 9


async def test_a_body_longer_than_a_head_may_be_is_no_head(client: httpx.AsyncClient) -> None:
    parts = [GET + b"Content-Length: 60000\r\n\r\n", b"x" * 60_000, GET + b"Connection: close\r\n\r\n"]
    answer = await raw(str(client.base_url), parts, pause=SECONDS / 10)
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert b"HTTP/1.1 431 " not in answer
