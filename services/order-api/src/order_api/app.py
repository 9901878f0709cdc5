"""The composition root: what order-api is made of, in start order; it is taken down in reverse."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import structlog
import uvicorn
from aiokafka import AIOKafkaConsumer, TopicPartition
from fastapi import FastAPI
from faststream.kafka import KafkaBroker
from faststream.kafka.prometheus import KafkaPrometheusMiddleware
from starlette.middleware.cors import CORSMiddleware

from order_api import openapi, probes, problems, routes
from order_api.boot import Start, check_topic, find_start
from order_api.cloudevents import routes as cloudevents
from order_api.identity import Identity
from order_api.limits import Limits
from order_api.metrics import Metrics
from order_api.order_book import OrderBook
from order_api.order_desk import OrderDesk
from order_api.order_log import OrderLog
from order_api.pos import routes as pos
from order_api.pos.square_fetch import SquareOrders
from order_api.settings import Settings
from order_api.tail import Tail

_log = structlog.get_logger()
_REQUEST_TIMEOUT_MS = 5_000


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which ends the process before what is below has been closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT (gives 0) or until the log can't be read any more (gives 1)."""
    epoch = await check_topic(settings)
    async with AsyncExitStack() as stack:
        book, metrics = OrderBook(), Metrics()
        http = await stack.enter_async_context(httpx.AsyncClient())
        broker = await stack.enter_async_context(_broker(settings, metrics))
        await broker.start()
        consumer, asker = await _consumer(settings, stack), await _consumer(settings, stack)
        start = await _seek_to_start(settings, consumer, asker)
        log = OrderLog(
            book=book,
            metrics=metrics,
            broker=broker,
            asker=asker,
            topic=settings.orders_topic,
            epoch=epoch,
            start=start,
        )
        tail = Tail(consumer, log, window=settings.book_window)
        app = FastAPI(title="ScanServe Orders: order-api", version="1", docs_url=None, redoc_url=None)
        server = _Server(_server_config(settings, _layers(app, settings, metrics)))
        reading = _background(stack, tail.run())
        caught_up = _background(stack, log.catch_up_all())
        reading.add_done_callback(lambda _: setattr(server, "should_exit", True))
        metrics.behind.set_function(log.behind)

        def why_not_ready() -> str | None:
            return None if caught_up.done() else f"reading the log: {len(book)} orders, {log.behind()} records to go"

        deadline = settings.append_deadline_seconds
        desk = OrderDesk(book=book, log=log, metrics=metrics, lag=tail.lag, now=_now, deadline=deadline)
        problems.install(app)
        openapi.describe(app)
        identity = Identity(settings, book, _now)
        app.include_router(routes.router(desk, identity))
        app.include_router(cloudevents.router(desk, identity))
        square_orders = SquareOrders(http, settings.square_api_url, settings.square_venues)
        app.include_router(pos.router(desk, identity, settings.square_venues, square_orders))
        app.include_router(probes.router(metrics=metrics, stuck=tail.stuck, ready=why_not_ready))
        _stop_on_signals(server)
        await server.serve()
        return _verdict(reading)


def _now() -> datetime:
    return datetime.now(UTC)


def _broker(settings: Settings, metrics: Metrics) -> KafkaBroker:
    return KafkaBroker(
        settings.kafka_bootstrap_servers,
        client_id="order-api",
        acks="all",
        enable_idempotence=False,  # duplicates die in the arbiter; aiokafka's idempotent producer can wedge (#1017)
        request_timeout_ms=_REQUEST_TIMEOUT_MS,
        linger_ms=0,
        max_request_size=1_048_576,
        middlewares=(KafkaPrometheusMiddleware(registry=metrics.registry, app_name="order-api"),),
        logger=None,
    )


async def _consumer(settings: Settings, stack: AsyncExitStack) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        client_id="order-api-tail",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",  # a log that was cut short ends this process, instead of being skipped
        request_timeout_ms=_REQUEST_TIMEOUT_MS + 1_000,
        max_partition_fetch_bytes=4 * 1_048_576,
    )
    stack.push_async_callback(consumer.stop)
    await consumer.start()
    return consumer


async def _seek_to_start(settings: Settings, consumer: AIOKafkaConsumer, asker: AIOKafkaConsumer) -> Start:
    partitions = [TopicPartition(settings.orders_topic, number) for number in range(settings.orders_partitions)]
    start = await find_start(asker, partitions, _now() - settings.book_window)
    consumer.assign(partitions)
    for topic_partition in partitions:
        consumer.seek(topic_partition, start.offsets[topic_partition.partition])
    return start


def _layers(app: FastAPI, settings: Settings, metrics: Metrics) -> Any:
    limited = Limits(app, metrics=metrics, max_body_bytes=settings.max_body_bytes)
    return CORSMiddleware(
        limited,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match"],
        expose_headers=["ETag", "Position", "Idempotent-Replayed", "Retry-After", "Location"],
    )


def _server_config(settings: Settings, app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=65_536,
    )


def _background(stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(end)
    return task


def _stop_on_signals(server: uvicorn.Server) -> None:
    stop: Callable[[], None] = lambda: setattr(server, "should_exit", True)  # noqa: E731  # named for its type
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)


def _verdict(reading: asyncio.Task[None]) -> int:
    if not reading.done() or reading.cancelled():
        return 0
    _log.error("the log can't be read any more", error=repr(reading.exception()))
    return 1
