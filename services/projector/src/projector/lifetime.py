"""How every process of the projector begins and ends: what it needs is waited for, and a signal ends all its parts."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from aiokafka.errors import KafkaError
from psycopg import OperationalError

from projector.database import UNAVAILABLE
from projector.http_server import HttpServer

log = structlog.get_logger(__name__)
T = TypeVar("T")


async def until_stopped(server: HttpServer, *others: Awaitable[None]) -> None:
    """Run all of them until a signal comes or one of them ends; none but the server may end without a reason."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
    serving = asyncio.create_task(server.serve())
    tasks = [asyncio.ensure_future(other) for other in others]
    try:
        done, _ = await asyncio.wait([serving, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        server.should_exit = True
        await serving


async def patiently(what: str, attempt: Callable[[], Awaitable[T]]) -> T:
    """Try until what a start needs is there; a crash loop would only add its delays."""
    delay = 0.2
    while True:
        try:
            return await attempt()
        except (*UNAVAILABLE, KafkaError, OperationalError) as error:
            log.warning("waiting", what=what, error=str(error) or repr(error))
        await asyncio.sleep(delay)
        delay = min(delay * 2, 5.0)
