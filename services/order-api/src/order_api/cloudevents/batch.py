"""Many events in one request: those of one order in order, orders side by side, each with a result of its own.

Invariant: results stand in the order of the events. One event that can't be done stops no other, unless it is of the
same order and its outcome is unknown: what comes after would be decided on a state that may not be.
"""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Protocol

from msgspec import Struct

from order_api.order_desk import Answer, Receipt
from order_api.problems import Problem
from order_api.proposing import Request


class Desk(Protocol):
    """The order desk, as far as a batch asks it."""

    async def carry_out(self, request: Request) -> Answer:
        """Do what a request asks. Raises Problem."""
        ...

    async def carry_out_first_tries(self, requests: Sequence[Request]) -> list[Receipt | Problem | None]:
        """Try requests on different orders once, appended together; None for what takes more than that."""
        ...


class Step(Struct, frozen=True, gc=False):
    """One event that asks for something, and the status of its answer."""

    request: Request
    done: HTTPStatus


class Done(Struct, frozen=True, gc=False):
    """What an event came to."""

    step: Step
    answer: Answer | Receipt


Outcome = Done | Problem
_Chain = list[tuple[int, Step]]


async def carry_out_all(steps: Sequence[Step | Problem], desk: Desk) -> list[Outcome]:
    """Do what can be done, and say of each event what it came to."""
    batch = _Batch(steps, desk)
    await batch.carry_out()
    return [batch.outcomes[index] for index in range(len(steps))]


class _Batch:
    """The chains of events that are of one order each: the heads of all chains are appended together, in rounds.

    A chain whose head takes a second look leaves the rounds, so that no other waits for it.
    """

    def __init__(self, steps: Sequence[Step | Problem], desk: Desk) -> None:
        self._desk = desk
        self.outcomes: dict[int, Outcome] = {}
        self._orders: dict[str, _Chain] = {}
        for index, step in enumerate(steps):
            if isinstance(step, Problem):
                self.outcomes[index] = step
            else:
                self._orders.setdefault(step.request.order_id, []).append((index, step))

    async def carry_out(self) -> None:
        chains = list(self._orders.values())
        async with asyncio.TaskGroup() as alone:
            while chains:
                heads = [chain[0] for chain in chains]
                tries = await self._desk.carry_out_first_tries([step.request for _, step in heads])
                onward = []
                for chain, told in zip(chains, tries, strict=True):
                    if told is None:
                        alone.create_task(self._one_by_one(chain))
                    elif rest := self._after(chain, told):
                        onward.append(rest)
                chains = onward

    async def _one_by_one(self, chain: _Chain) -> None:
        while chain:
            chain = self._after(chain, await self._answer(chain[0][1]))

    async def _answer(self, step: Step) -> Answer | Problem:
        try:
            return await self._desk.carry_out(step.request)
        except Problem as problem:
            return problem

    def _after(self, chain: _Chain, told: Answer | Receipt | Problem) -> _Chain:
        """Note what a chain's head came to, and give what is still to be done of it."""
        (index, step), rest = chain[0], chain[1:]
        self.outcomes[index] = told if isinstance(told, Problem) else Done(step, told)
        if isinstance(told, Problem) and told.status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.outcomes.update({later: told for later, _ in rest})
            return []
        return rest
