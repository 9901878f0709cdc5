"""The simulated POS: places the planned orders and carries each through its life, and never gives up on an answer."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from random import Random
from time import monotonic
from typing import Any

from local_stack.demo.evening import PlannedOrder
from local_stack.demo.ledger import Ledger
from order_contracts.ids import event_id_for, order_id_for
from scanserve_client import Answer, OrderClient

_LIVES = ("served", "served", "served", "served", "served", "served", "recalled", "rejected", "cancelled")


class Pos:
    """One till for all venues. `pace` is how many seconds an order spends at a step, on average."""

    def __init__(self, urls: Sequence[str], token: str, ledger: Ledger, *, pace: float, seed: int) -> None:
        self._ledger, self._pace, self._seed = ledger, pace, seed
        self._closing_time = asyncio.Event()
        self._client = OrderClient(urls, token, on_failure=self._failed)

    async def close(self) -> None:
        """Hang up."""
        await self._client.close()

    def _failed(self, how: str) -> None:
        self._ledger.answers[f"tried again after {how}"] += 1

    def last_call(self) -> None:
        """Let every order stay where it is; what was sent is still waited for."""
        self._closing_time.set()

    async def serve(self, planned: PlannedOrder) -> None:
        """Place an order and carry it through its life. Raises what the client raises."""
        random = Random(f"{self._seed}-{planned.key}")  # noqa: S311  # a plan, not a secret
        source, day = planned.body["external_ref"]["source"], planned.body["business_date"]
        order_id = order_id_for(planned.venue_id, source, planned.key, day)
        placing = self._client.place(planned.venue_id, planned.body, key=planned.key)
        order = (await self._note(order_id, planned.key, placing)).document
        for step, (verb, body) in enumerate(_life(random, order)):
            if await self._closes_within(random.expovariate(1 / self._pace)):
                return
            key = f"{planned.key}-{step}"
            await self._note(order_id, key, self._client.act(planned.venue_id, order_id, verb, body, key=key))

    async def _closes_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._closing_time.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _note(self, order_id: str, key: str, sent: Awaitable[Answer]) -> Answer:
        began = monotonic()
        self._ledger.sent_at[event_id_for(order_id, key)] = began
        answer = await sent
        self._ledger.answer_seconds.append(monotonic() - began)
        self._ledger.acknowledge(answer.document)
        return answer


def _life(random: Random, order: Mapping[str, Any]) -> list[tuple[str, Any]]:
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
