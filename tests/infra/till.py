"""A till that never gives up: sends the same request to one replica after the other, and notes what it was told."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any
from uuid import uuid4

import httpx

from infra.history import Attempt, Outcome
from infra.pos_client import PosClient, order_body
from order_contracts.ids import event_id_for, order_id_for

Send = Callable[[str], Awaitable[httpx.Response]]
SUBJECT = "test-pos"  # who the tokens of pos_client are for


class Till:
    """One caller among many; `history` is what all of them were told."""

    def __init__(self, pos: PosClient, urls: Sequence[str], history: list[Attempt], random: Random) -> None:
        self._pos, self._urls, self._history, self._random = pos, urls, history, random

    async def place(self, body: Any = None) -> str:
        """Place an order and give its id."""
        order_id, key, send = self._placement(body)
        await self._until_known(order_id, key, send)
        return order_id

    async def place_once(self, url: str) -> Outcome:
        """Try to place an order, and leave it at that."""
        order_id, key, send = self._placement()
        return await self._try(order_id, key, partial(send, url))

    def _placement(self, body: Any = None) -> tuple[str, str, Send]:
        key, body = uuid4().hex, body or order_body()
        order_id = order_id_for(self._pos.venue_id, SUBJECT, key, datetime.now(UTC).date().isoformat())
        return order_id, key, lambda url: self._pos.place(url, body, key=key)

    async def act(self, order_id: str, verb: str, body: Any = None) -> Outcome:
        """Do something to an order; say whether it was done."""
        key = uuid4().hex
        return await self._until_known(order_id, key, lambda url: self._pos.act(url, order_id, verb, body, key=key))

    async def _until_known(self, order_id: str, key: str, send: Send) -> Outcome:
        first = self._random.randrange(len(self._urls))
        for number in range(first, first + 200):
            outcome = await self._try(order_id, key, partial(send, self._urls[number % len(self._urls)]))
            if outcome is not Outcome.INFO:
                return outcome
            await asyncio.sleep(self._random.uniform(0.02, 0.3))
        raise AssertionError(f"no answer to {key} after 200 attempts")

    async def _try(self, order_id: str, key: str, send: Callable[[], Awaitable[httpx.Response]]) -> Outcome:
        outcome, version = Outcome.INFO, None
        with suppress(httpx.TransportError):
            outcome, version = _told(await send())
        self._history.append(Attempt(order_id, event_id_for(order_id, key), outcome, version))
        return outcome


def _told(answer: httpx.Response) -> tuple[Outcome, int | None]:
    if answer.status_code >= 500:
        assert (answer.status_code, answer.json()["code"]) == (503, "try_again"), answer.text
        assert answer.headers["retry-after"]
        return Outcome.INFO, None
    if answer.status_code >= 400:
        assert answer.status_code == 409, answer.text
        return Outcome.FAIL, None
    return Outcome.OK, int(answer.headers["etag"].strip('"v'))
