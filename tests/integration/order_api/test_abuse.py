"""Whoever means harm gets a clear refusal, and a replica that has refused hundreds of them is no bigger than before."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infra.eventually import eventually
from infra.pos_client import ORGANIZATION, order_body
from infra.raw_http import raw
from infra.services import Backing
from integration.order_api.conftest import PARTITIONS, program
from local_stack.ports import HOST, free_ports

KEY = rsa.generate_private_key(65537, 2048)
STRANGER = rsa.generate_private_key(65537, 2048)
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
LIMIT = 40
VENUE = "abused"
MOST_GROWTH = 24 * 2**20


@dataclass(frozen=True)
class Victim:
    """A replica that knows its issuer by a key file."""

    url: str
    pid: int
    revoked: Path

    @property
    def orders(self) -> str:
        """Where orders are placed."""
        return f"{self.url}/v1/venues/{VENUE}/orders"

    def resident(self) -> int:
        """Give its memory in bytes."""
        return int(psutil.Process(self.pid).memory_info().rss)


@pytest.fixture(scope="module")
def victim(backing: Backing, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    folder = tmp_path_factory.mktemp("keys")
    (folder / "key.pem").write_bytes(PEM)
    (folder / "revoked").touch()
    topic = backing.topic(PARTITIONS)
    name = f"order-api-abused-{topic}"
    port = free_ports((name,), {}, {})[name]
    abused = program(
        backing,
        name,
        port,
        topic,
        JWT_PUBLIC_KEY_FILE=str(folder / "key.pem"),
        REVOKED_TOKENS_FILE=str(folder / "revoked"),
        REVOKED_TOKENS_SECONDS="0.2",
        READ_TIMEOUT_SECONDS="1",
        RATE_LIMIT=f"{LIMIT}/minute",
    )
    environment = {variable: text for variable, text in abused.environment.items() if variable != "JWT_SECRET"}
    backing.run.start(replace(abused, environment=environment))
    pid = backing.run.programs[name].pid
    assert pid is not None
    yield Victim(f"http://{HOST}:{port}", pid, folder / "revoked")
    backing.run.programs[name].stop()


def signed(key: Any = KEY, algorithm: str = "RS256", header: dict[str, Any] | None = None, **changes: Any) -> str:
    now = int(datetime.now(UTC).timestamp())
    payload = {
        "sub": "abuser",
        "jti": uuid4().hex,  # a limit of its own
        "org": ORGANIZATION,
        "venues": [VENUE],
        "scope": "orders:write orders:read",
        "iat": now,
        "exp": now + 600,
        "iss": "scanserve",
        "aud": "scanserve",
        **changes,
    }
    return jwt.encode(payload, key, algorithm, header)


def bearing(token: str, **more: str) -> dict[str, str]:
    named = {"Content-Type": "application/json", "Idempotency-Key": uuid4().hex, **more}
    return {"Authorization": f"Bearer {token}", **named}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10) as client:
        yield client


def secret_from_public_key() -> str:
    head = jwt.utils.base64url_encode(json.dumps({"alg": "HS256"}).encode()).decode()
    signing = f"{head}.{signed().split('.')[1]}"
    mac = hmac.new(PEM, signing.encode(), hashlib.sha256).digest()
    return f"{signing}.{jwt.utils.base64url_encode(mac).decode()}"


ATTACKS = {
    "none": lambda: signed(None, "none"),
    "hs256-with-the-public-key": secret_from_public_key,
    "another-key": lambda: signed(STRANGER),
    "kid-path": lambda: signed(STRANGER, header={"kid": "../../../../dev/null"}),
    "kid-sql": lambda: signed(STRANGER, header={"kid": "x' OR '1'='1"}),
    "its-own-jwk": lambda: signed(STRANGER, header={"jwk": {"kty": "RSA"}, "jku": "http://127.0.0.1:1/"}),
    "audience": lambda: signed(aud="other"),
    "issuer": lambda: signed(iss="other"),
    "expired": lambda: signed(exp=1),
    "not-yet": lambda: signed(nbf=2**33),
    "endless": lambda: signed(exp=float("inf")),
    "no-venues": lambda: signed(venues=None),
    "org-is-a-number": lambda: signed(org=7),
    "surrogate": lambda: signed(sub="\ud800"),
    "giant": lambda: signed(padding="x" * 9_000),
    "deep": lambda: f"{jwt.utils.base64url_encode(b'[' * 5_000).decode()}.e30.e30",
    "rubbish": lambda: "~" * 100,
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_a_false_token_is_refused(victim: Victim, http: httpx.AsyncClient, name: str) -> None:
    answer = await http.post(victim.orders, json=order_body(), headers=bearing(ATTACKS[name]()))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_opens_no_other_venue_and_no_other_action(victim: Victim, http: httpx.AsyncClient) -> None:
    body = order_body()
    placed = await http.post(victim.orders, json=body, headers=bearing(signed()))
    assert placed.status_code == 201
    address = f"{victim.orders}/{placed.json()['order_id']}"
    foreign = signed(venues=["elsewhere"])
    star = signed(venues="*", org="another-organization")
    reading = signed(scope="orders:read")
    for token in (foreign, star, reading):
        for verb in ("accept", "cancel", "items/pizza/start"):
            answer = await http.post(f"{address}/{verb}", json={"reason": "x"}, headers=bearing(token))
            assert (answer.status_code, answer.json()["code"]) in ((403, "not_allowed"), (422, "invalid_request"))
    through_mine = f"{victim.url}/v1/venues/elsewhere/orders/{placed.json()['order_id']}"
    assert (await http.post(f"{through_mine}/accept", headers=bearing(foreign))).status_code == 404
    assert (await http.get(address, headers=bearing(signed()))).json()["status"] == "placed"


def priced(amount: str) -> str:
    return json.dumps(order_body()).replace('"amount": 950', f'"amount": {amount}')


BODIES = {
    "nan": (priced("NaN"), 422),
    "infinity": (priced("Infinity"), 422),
    "2^63": (priced(str(2**63)), 422),
    "-2^63": (priced(str(-(2**63))), 422),
    "a giant number": (priced("9" * 5_000), 400),
    "1e400": (priced("1e400"), 422),
    "lone surrogate": (json.dumps(order_body(notes="\ud800")), 400),
    "lone surrogate as a name": (json.dumps({**order_body(), "\ud800": 1}), 400),
    "deep array": ("[" * 100_000, 400),
    "deep object": ('{"a":' * 50_000, 400),
    "deep inside": (json.dumps(order_body()).replace('"qr"', "[" * 5_000 + "]" * 5_000), 400),
    "many keys": (json.dumps({f"k{n}": n for n in range(10_000)}), 422),
    "many lines": (json.dumps(order_body(items=order_body()["items"] * 500)), 422),
    "not utf-8": (b"\xff\xfe\xfd", 400),
    "a nul": (json.dumps(order_body(notes="a\0b")), 422),
    "over the limit": (b" " * 300_000, 413),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_twisted_body_is_refused(victim: Victim, http: httpx.AsyncClient, name: str) -> None:
    content, status = BODIES[name]
    answer = await http.post(victim.orders, content=content, headers=bearing(signed()))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def head(token: str, *more: str) -> bytes:
    lines = (
        f"POST /v1/venues/{VENUE}/orders HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {token}",
        "Idempotency-Key: k",
        "Content-Type: application/json",
        *more,
    )
    return "\r\n".join([*lines, "", ""]).encode()


async def test_a_chunked_body_without_end_is_hung_up_on(victim: Victim) -> None:
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    endless = (
        head(signed(), "Transfer-Encoding: chunked"),
        *repeat(chunk, 40),
    )  # within what is read on for politeness: past it the answer may be lost
    answer = await raw(victim.url, endless)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"body_too_large"' in answer


async def test_a_body_that_says_it_is_too_long_is_not_waited_for(victim: Victim) -> None:
    answer = await raw(victim.url, [head(signed(), "Content-Length: 99999999999")])
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_body_that_comes_byte_by_byte_is_given_up(victim: Victim) -> None:
    slow = (head(signed(), "Content-Length: 1000"), *repeat(b" ", 1_000))
    answer = await raw(victim.url, slow, pause=0.1)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"body_too_slow"' in answer


@pytest.mark.parametrize(
    "beginning", [b"", b"POST /v1/ve", b"GET / HTTP/1.1\r\nX-A: 1\r\n"], ids=["none", "line", "headers"]
)
async def test_headers_that_never_come_are_not_waited_for(victim: Victim, beginning: bytes) -> None:
    assert await raw(victim.url, (beginning, *repeat(b"x", 1_000)) if beginning else (), pause=0.1) == b""


async def test_a_body_that_is_longer_than_it_says_is_no_request_of_its_own(victim: Victim) -> None:
    body = json.dumps(order_body()).encode()
    answer = await raw(victim.url, [head(signed(), f"Content-Length: {len(body)}") + body + b"and more\r\n\r\n"])
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert answer.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 400 " in answer


async def test_a_body_that_breaks_off_places_no_order(victim: Victim, http: httpx.AsyncClient) -> None:
    token, key = signed(), uuid4().hex
    body = json.dumps(order_body()).encode()
    start = head(token, "Transfer-Encoding: chunked").replace(b"Idempotency-Key: k", f"Idempotency-Key: {key}".encode())
    _, writer = await asyncio.open_connection(HOST, int(victim.url.rpartition(":")[2]))
    writer.write(start + f"{len(body):x}\r\n".encode() + body + b"\r\n")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    answer = await http.post(
        victim.orders, json=order_body(notes="another"), headers=bearing(token) | {"Idempotency-Key": key}
    )
    assert answer.status_code == 201, "the key is still free"


async def test_chunks_that_are_none_are_answered_at_once(victim: Victim) -> None:
    answer = await raw(victim.url, [head(signed(), "Transfer-Encoding: chunked"), b"no chunk\r\n"])
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_large_bodies_one_after_the_other_are_no_long_head(victim: Victim) -> None:
    body = json.dumps(order_body()).encode() + b" " * 100_000
    request, last = (head(signed(), f"Content-Length: {len(body)}", *more) for more in ((), ("Connection: close",)))
    answer = await raw(victim.url, [request + body, last + body])
    assert answer.count(b"HTTP/1.1 201 ") == 2


async def test_a_head_without_end_is_hung_up_on(victim: Victim) -> None:
    endless = (b"GET / HTTP/1.1\r\nX-Endless: ", *repeat(b"y" * 1_000, 1_000))
    assert (await raw(victim.url, endless)).startswith(b"HTTP/1.1 431 ")


async def test_a_line_without_end_is_hung_up_on(victim: Victim) -> None:
    answer = await raw(victim.url, [b"GET /" + b"y" * 50_000 + b" HTTP/1.1\r\nConnection: close\r\n\r\n"])
    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "headers",
    [
        [f"X-{number}: 1" for number in range(200)],
        [f"X-{number}: {'y' * 1_000}" for number in range(60)],
        [f"X-Long: {'y' * 200_000}"],
    ],
    ids=["many", "heavy", "one long"],
)
async def test_a_flood_of_headers_is_refused(victim: Victim, headers: list[str]) -> None:
    answer = await raw(victim.url, [head(signed(), *headers, "Content-Length: 0", "Connection: close")])
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"headers_too_large"' in answer


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x16\x03\x01\x02\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTQ/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x7fb\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_answered_in_a_problem(victim: Victim, rubbish: bytes) -> None:
    answer = await raw(victim.url, [rubbish, b"\r\n\r\n"])
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


async def test_a_token_that_asks_too_often_has_to_wait_and_no_other_has(
    victim: Victim, http: httpx.AsyncClient
) -> None:
    busy = signed()
    there = f"{victim.orders}/{uuid4()}"
    statuses = [(await http.get(there, headers=bearing(busy))).status_code for _ in range(LIMIT)]
    assert set(statuses) == {422}, "an order id is no random UUID; that counts as a request all the same"
    over = await http.get(there, headers=bearing(busy))
    assert (over.status_code, over.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(over.headers["retry-after"]) <= 60
    assert over.headers["ratelimit-policy"] == f'"token";q={LIMIT};w=60'
    assert over.headers["ratelimit"].startswith('"token";r=0;t=')
    assert (await http.get(there, headers=bearing(signed()))).status_code == 422


async def test_the_events_of_a_batch_count_one_by_one(victim: Victim, http: httpx.AsyncClient) -> None:
    busy = bearing(signed(), **{"Content-Type": "application/cloudevents-batch+json"})

    async def send(events: int) -> tuple[int, str]:
        answer = await http.post(f"{victim.url}/v1/events", json=[{}] * events, headers=busy)
        return answer.status_code, answer.json().get("code", "")

    assert await send(LIMIT + 1) == (413, "batch_too_large")
    assert await send(LIMIT - 1) == (207, "")
    assert await send(1) == (429, "rate_limited")


async def test_a_revoked_token_is_refused_soon_and_for_good(victim: Victim, http: httpx.AsyncClient) -> None:
    lost, kept = signed(jti="lost"), signed(jti="kept")
    there = f"{victim.url}/v1/venues/{VENUE}/orders/a797f20a-8e5e-505f-9aba-e16ba44e21d6"
    assert (await http.get(there, headers=bearing(lost))).status_code == 404
    victim.revoked.write_text("# lost tablets\nlost\n")

    async def refused() -> bool:
        return (await http.get(there, headers=bearing(lost))).status_code == 401

    await eventually(refused)
    answer = await http.get(there, headers=bearing(lost))
    assert "revoked" in answer.json()["detail"]
    assert (await http.get(there, headers=bearing(kept))).status_code == 404


async def test_hundreds_of_attacks_leave_no_trace_in_memory(victim: Victim, http: httpx.AsyncClient) -> None:
    flood = [f"X-{number}: {'y' * 1_000}" for number in range(60)]
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"

    async def attack(times: int) -> None:
        for _ in range(times):
            for forge in ATTACKS.values():
                await http.post(victim.orders, content=b"x" * 200_000, headers=bearing(forge()))
            for content, _status in BODIES.values():
                await http.post(victim.orders, content=content, headers=bearing(signed()))
        raws = (
            lambda: [head(signed(), *flood, "Connection: close")],
            lambda: [head(signed(), "Transfer-Encoding: chunked"), *repeat(chunk, 100)],
            lambda: [head(signed(), "Content-Length: 200000") + b"x" * 100_000],
        )
        await asyncio.gather(*(raw(victim.url, parts()) for parts in raws * times))

    await attack(5)
    before = victim.resident()
    await attack(10)
    assert victim.resident() - before < MOST_GROWTH
    assert (await http.post(victim.orders, json=order_body(), headers=bearing(signed()))).status_code == 201
