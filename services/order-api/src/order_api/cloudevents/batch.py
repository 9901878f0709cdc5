"""Many events in one request: those of one order in order, orders side by side, each with a result of its own.

Invariant: results stand in the order of the events. One event that can't be done stops no other, unless it is of the
same order and its outcome is unknown: what comes after would be decided on a state that may not be.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from order_api.order_desk import Answer, Request
from order_api.problems import Problem

CarryOut = Callable[[Request], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Step:
    """One event that asks for something, and the status of its answer."""

    request: Request
    done: HTTPStatus


@dataclass(frozen=True, slots=True)
class Done:
    """What an event came to."""

    step: Step
    answer: Answer

    def result(self) -> dict[str, Any]:
        """Give it as the sender reads it."""
        told: dict[str, Any] = {
            "status": self.step.done.value,
            "order_id": self.step.request.order_id,
            "version": self.answer.version,
            "position": str(self.answer.position),
        }
        return {**told, "replayed": True} if self.answer.replayed else told


Outcome = Done | Problem


async def carry_out_all(steps: Sequence[Step | Problem], carry_out: CarryOut) -> list[Outcome]:
    """Do what can be done, and say of each event what it came to."""
    outcomes: dict[int, Outcome] = {index: step for index, step in enumerate(steps) if isinstance(step, Problem)}
    orders: defaultdict[str, list[tuple[int, Step]]] = defaultdict(list)
    for index, step in enumerate(steps):
        if isinstance(step, Step):
            orders[step.request.order_id].append((index, step))

    async def one_order(chain: Iterable[tuple[int, Step]]) -> None:
        unknown: Problem | None = None
        for index, step in chain:
            outcomes[index] = unknown or await _outcome(step, carry_out)
            unknown = _unknown(outcomes[index])

    await asyncio.gather(*(one_order(chain) for chain in orders.values()))
    return [outcomes[index] for index in range(len(steps))]


async def _outcome(step: Step, carry_out: CarryOut) -> Outcome:
    try:
        return Done(step, await carry_out(step.request))
    except Problem as problem:
        return problem


def _unknown(outcome: Outcome) -> Problem | None:
    if isinstance(outcome, Problem) and outcome.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return outcome
    return None
