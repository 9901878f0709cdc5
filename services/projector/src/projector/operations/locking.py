"""Strong locks on tables that are in use: asked for briefly, again and again, so that nobody waits long behind them."""

import asyncio
from collections.abc import Awaitable, Callable
from random import random

import asyncpg

from projector.operations.refusal import Refusal

# Below deadlock_timeout (1 s): whoever reads is never the one that is sent away.
_FIRST_WAITS, _LATER_WAIT_MS = (300, 300, 300, 600, 600), 900
_ATTEMPTS = 60
_IN_USE = (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError, asyncpg.DeadlockDetectedError, TimeoutError)
Work = Callable[[], Awaitable[None]]


async def with_short_locks(connection: asyncpg.Connection, work: Work, *, before: Work | None = None) -> None:
    """Do `work` in a transaction that waits for each lock less than a second; `before` comes ahead of each try."""
    for attempt in range(_ATTEMPTS):
        wait = _FIRST_WAITS[attempt] if attempt < len(_FIRST_WAITS) else _LATER_WAIT_MS
        if before is not None:
            await before()
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = {wait}")
                await work()
        except _IN_USE:
            await asyncio.sleep(0.2 + random() / 2)  # noqa: S311  # so that readers have their turn
        else:
            return
    raise Refusal(
        "somebody's transaction has kept the tables locked all the time (pg_stat_activity tells whose). Everything "
        "until there is done: start it again, and it goes on from here"
    )
