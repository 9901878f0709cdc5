"""Several processes that fill one schema, a set of partitions each. They end with the process that started them."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread

import uvloop

from projector.logs import configure_logs
from projector.operations.filling import filler
from projector.settings import LogSettings

BATCH_RECORDS = 10_000
Fill = Callable[[Mapping[int, int]], Awaitable[None]]


@asynccontextmanager
async def workers(settings: LogSettings, epoch: str, count: int) -> AsyncIterator[Fill]:
    """Give what fills `settings.database_schema` up to given offsets, in `count` processes."""
    shares = [range(settings.orders_partitions)[number::count] for number in range(count)]
    executor = ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_begin, initargs=(settings.log_level,)
    )

    async def fill(until: Mapping[int, int]) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.gather(
            *(loop.run_in_executor(executor, _fill, settings, epoch, share, dict(until)) for share in shares if share)
        )

    try:
        yield fill
    finally:
        for process in list((executor._processes or {}).values()):  # noqa: SLF001  # no other way to stop one early
            process.terminate()
        executor.shutdown(cancel_futures=True)


def _begin(log_level: str) -> None:
    configure_logs(log_level)
    Thread(target=_end_with_parent, daemon=True).start()
    gc.freeze()
    gc.disable()  # records and rows make no cycles


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _fill(settings: LogSettings, epoch: str, partitions: Sequence[int], until: Mapping[int, int]) -> None:
    async def run() -> None:
        async with filler(settings, epoch, partitions, batch_records=BATCH_RECORDS) as one:
            await one.fill(until)

    uvloop.run(run())
