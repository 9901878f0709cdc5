"""One timer for all: what is late ends with TimeoutError; what is in time, or ended by others, is left alone."""

import asyncio
from typing import Any

import pytest

from order_api.deadline import Deadline

SECONDS = 0.02


async def for_ever() -> None:
    await asyncio.Event().wait()


async def refused() -> None:
    raise ValueError


async def test_what_is_late_ends_and_so_does_what_began_after_it() -> None:
    deadline, began = Deadline(SECONDS), asyncio.get_running_loop().time()
    ended: list[int] = []

    async def wait(number: int) -> None:
        with pytest.raises(TimeoutError):
            await deadline.bound(for_ever())
        ended.append(number)

    await asyncio.gather(*map(wait, range(3)))
    await wait(3)
    assert ended == [0, 1, 2, 3]
    assert asyncio.get_running_loop().time() - began >= 2 * SECONDS


async def test_what_is_in_time_gives_its_result_or_its_own_fault() -> None:
    deadline = Deadline(SECONDS)
    assert await deadline.bound(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(ValueError):  # noqa: PT011  # the very one
        await deadline.bound(refused())
    late = asyncio.create_task(deadline.bound(for_ever()))
    with pytest.raises(TimeoutError):  # the timer of the first two is still the one that runs
        await late


async def test_who_is_cancelled_by_others_is_cancelled() -> None:
    task = asyncio.create_task(Deadline(SECONDS).bound(for_ever()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_is_cancelled_by_others_at_the_same_moment_is_cancelled() -> None:
    deadline = Deadline(0)
    task: Any = asyncio.create_task(deadline.bound(for_ever()))
    await asyncio.sleep(0)
    deadline._expire(asyncio.get_running_loop())  # no clock could be so exact
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_is_done_is_not_kept_behind_what_is_not() -> None:
    deadline = Deadline(60)
    for _ in range(100):
        await deadline.bound(asyncio.sleep(0))
    assert len(deadline._waits) <= 1


async def test_an_outer_deadline_still_ends_it() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SECONDS):
            await Deadline(60).bound(for_ever())
