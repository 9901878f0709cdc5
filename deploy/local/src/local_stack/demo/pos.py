"""The simulated POS: places the planned orders and carries each through its life, and never gives up on an answer."""

import asyncio
from collections.abc import Sequence
from itertools import count
from random import Random
from time import monotonic
from typing import Any

import httpx

from local_stack.demo.evening import PlannedOrder
from local_stack.demo.ledger import Ledger
from order_contracts.ids import event_id_for, order_id_for

_GIVE_UP_SECONDS = 40.0
_PAUSE_SECONDS = 0.2
_LIVES = ("served", "served", "served", "served", "served", "served", "recalled", "rejected", "cancelled")


class NoAnswer(Exception):
    """A request stayed without an answer, however often it was sent."""


class Pos:
    """One till for all venues. `pace` is how many seconds an order spends at a step, on average."""

    def __init__(self, urls: Sequence[str], token: str, ledger: Ledger, *, pace: float, seed: int) -> None:
        self._urls, self._ledger, self._pace, self._seed = tuple(urls), ledger, pace, seed
        self._closing_time = asyncio.Event()
        self._turn = count()
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
        self._http = httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, limits=limits, timeout=10)

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()

    def last_call(self) -> None:
        """Let every order stay where it is; what was sent is still waited for."""
        self._closing_time.set()

    async def serve(self, planned: PlannedOrder) -> None:
        """Place an order and carry it through its life. Raises NoAnswer."""
        random = Random(f"{self._seed}-{planned.key}")  # noqa: S311  # a plan, not a secret
        source, day = planned.body["external_ref"]["source"], planned.body["business_date"]
        order_id = order_id_for(planned.venue_id, source, planned.key, day)
        path = f"/v1/venues/{planned.venue_id}/orders"
        order = await self._post(path, order_id, planned.key, planned.body)
        for step, (verb, body) in enumerate(_life(random, order)):
            if await self._closes_within(random.expovariate(1 / self._pace)):
                return
            await self._post(f"{path}/{order_id}/{verb}", order_id, f"{planned.key}-{step}", body)

    async def _closes_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._closing_time.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _post(self, path: str, order_id: str, key: str, body: Any) -> dict[str, Any]:
        """Send until there is an answer, each time to the next replica, with the same key each time."""
        began = monotonic()
        self._ledger.sent_at[event_id_for(order_id, key)] = began
        while monotonic() - began < _GIVE_UP_SECONDS:
            url = self._urls[next(self._turn) % len(self._urls)] + path
            try:
                response = await self._http.post(url, json=body, headers={"Idempotency-Key": key})
            except httpx.TransportError:
                self._ledger.answers["connection lost"] += 1
            else:
                if response.is_success:
                    self._ledger.answer_seconds.append(monotonic() - began)
                    self._ledger.acknowledge(response.json())
                    return dict(response.json())
                self._ledger.answers[f"answered {response.status_code}"] += 1
                if response.status_code < 500:
                    raise NoAnswer(f"{path}: {response.status_code} {response.text}")
            await asyncio.sleep(_PAUSE_SECONDS)
        raise NoAnswer(f"{path}: no answer in {_GIVE_UP_SECONDS:.0f} s")


def _life(random: Random, order: dict[str, Any]) -> list[tuple[str, Any]]:
    """Choose what becomes of an order: verbs of the order API, with their bodies."""
    life = random.choice(_LIVES)
    if life == "rejected":
        return [("reject", {"reason": "kitchen is full"})]
    items: list[tuple[str, Any]] = [(f"items/{line_id}/ready", None) for line_id in order["items"]]
    random.shuffle(items)
    cooked = [("accept", None), ("start", None), *items]
    if life == "cancelled":
        return [*cooked[: random.randint(1, len(cooked) - 1)], ("cancel", {"reason": "guest left"})]
    if life == "recalled":
        return [*cooked, ("recall", {"reason": "sent back"}), ("ready", None), ("complete", None)]
    return [*cooked, ("complete", None)]
