"""The composition roots: what each process is made of, in start order; it is taken down in reverse."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from secrets import token_hex
from typing import TypeVar

import structlog
from aiokafka.errors import KafkaError
from psycopg import OperationalError
from starlette.applications import Starlette

from order_contracts.guest_key_file import KeptGuestKeys
from order_contracts.guest_texts import GuestTexts
from order_contracts.tokens import Tokens
from order_contracts.tracing import start_tracing
from projector.checkpoints import Checkpoints
from projector.database import UNAVAILABLE, close_pool, open_pool
from projector.http_server import HttpServer, http_server
from projector.key_fetch import fetch_keys
from projector.lag import watch_lag
from projector.log_contract import check_topic
from projector.metrics import Metrics
from projector.order_feed import OrderFeed
from projector.pipeline import Pipeline
from projector.probes import probe_routes
from projector.progress import Progress
from projector.queries.api import query_api
from projector.queries.kept_in_redis import connect
from projector.queries.rows import Rows
from projector.read_models import ReadModels
from projector.schema import migrate
from projector.settings import RunSettings, ServeSettings, WebhookRunSettings
from projector.subscription import Subscription
from projector.tracing import Traces
from projector.unreadable import Guard
from projector.webhooks.book import Book
from projector.webhooks.dispatcher import Dispatcher
from projector.webhooks.metrics import WebhookMetrics
from projector.webhooks.poster import Poster
from projector.webhooks.schema import migrate_webhooks
from projector.webhooks.trail import Trail

log = structlog.get_logger(__name__)
T = TypeVar("T")


async def run(settings: RunSettings) -> None:
    """Project until told to stop. Raises what nobody should go on after."""
    metrics, progress = Metrics(), Progress(stalled_after_seconds=settings.stalled_after_seconds)
    async with AsyncExitStack() as stack:
        tracing = start_tracing("projector", complain=log.error, follows=True)
        if tracing is not None:
            stack.callback(tracing.stop)
        address, schema = settings.direct_address, settings.database_schema
        await _patiently("Postgres", lambda: asyncio.to_thread(migrate, address, schema))
        epoch = await _patiently("Kafka", lambda: check_topic(settings))
        pool = await open_pool(settings, connections=3, acquire_seconds=5.0, writes=True)  # rows, writing, claims
        stack.push_async_callback(close_pool, pool)
        partitions = settings.orders_partitions
        checkpoints = Checkpoints(pool, epoch=epoch, partitions=partitions)
        await _patiently("Postgres", checkpoints.create)

        subscription, read_models = Subscription(settings), ReadModels(pool, epoch=epoch, partitions=partitions)
        feed = OrderFeed(
            topic=settings.orders_topic,
            partitions=partitions,
            consumer=subscription.consumer,
            checkpoints=checkpoints,
            read_models=read_models,
            pipeline=Pipeline(read_models, bytes_at_hand=settings.rows_at_hand_mb * 1_000_000),
            progress=progress,
            metrics=metrics,
            traces=None if tracing is None else Traces(tracing, settings.orders_topic),
        )
        stack.push_async_callback(feed.drain)
        subscription.subscribe(feed.take, feed)
        stack.push_async_callback(subscription.stop)  # also what a start that is cut off has left in the group
        await _patiently("Kafka", subscription.start)
        Guard(subscription.consumer(), settings.orders_topic, feed.holdings)  # partitions are paused until claimed

        def started() -> str | None:
            return None if feed.started else "the group has given no partitions yet, or their positions are being read"

        async def ready() -> str | None:
            return None if feed.ready else "positions are being read"

        probes = probe_routes(live=progress.stalled, started=started, ready=ready, registry=metrics.registry)
        server = http_server(Starlette(routes=probes), settings)
        watching = watch_lag(
            consumer=subscription.consumer,
            topic=settings.orders_topic,
            holdings=feed.holdings,
            progress=progress,
            metrics=metrics,
        )
        log.info("projecting", epoch=epoch, schema=schema, group=settings.consumer_group)
        await _until_stopped(server, feed.claim_forever(), watching, subscription.failed)


async def serve(settings: ServeSettings) -> None:
    """Answer queries until told to stop."""
    acquire = settings.database_acquire_seconds
    async with AsyncExitStack() as stack:
        pool = await open_pool(
            settings, connections=settings.database_connections, acquire_seconds=acquire, writes=False
        )
        stack.push_async_callback(close_pool, pool)
        reports = await open_pool(
            settings.for_analytics, connections=settings.analytics_connections, acquire_seconds=acquire, writes=False
        )
        stack.push_async_callback(close_pool, reports)
        redis = connect(settings.redis_url.get_secret_value()) if settings.redis_url else None
        if redis is not None:
            stack.push_async_callback(redis.aclose)
        tokens = Tokens(settings, fetch=fetch_keys, complain=log.error)
        await tokens.start()
        guest_keys = KeptGuestKeys(settings, complain=log.error)
        await guest_keys.start()
        guests = GuestTexts(guest_keys.now)
        app = query_api(settings, pool, tokens, guests, analytics_pool=reports, redis=redis)
        await _until_stopped(http_server(app, settings), tokens.run(), guest_keys.run())


async def send_webhooks(settings: WebhookRunSettings) -> None:
    """Send accepted events to those who asked for them, until told to stop."""
    metrics, progress = WebhookMetrics(), Progress(stalled_after_seconds=settings.stalled_after_seconds)
    async with AsyncExitStack() as stack:
        await _patiently("Postgres", lambda: asyncio.to_thread(migrate_webhooks, settings))
        pool = await open_pool(settings, connections=10, acquire_seconds=5.0, writes=False)
        stack.push_async_callback(close_pool, pool)
        own = await open_pool(settings.for_webhooks, connections=10, acquire_seconds=5.0, writes=True)
        stack.push_async_callback(close_pool, own)
        guest_keys = KeptGuestKeys(settings, complain=log.error)
        await guest_keys.start()
        poster = Poster(settings.webhooks_allow_networks, allow_http=settings.webhooks_allow_http)
        stack.push_async_callback(poster.close)
        holder = f"{socket.gethostname()}-{os.getpid()}-{token_hex(4)}"
        dispatcher = Dispatcher(
            trail=Trail(Rows(pool, acquire_seconds=5.0)),
            book=Book(own, holder=holder, lease_seconds=settings.webhooks_lease_seconds),
            posts=poster,
            guests=GuestTexts(guest_keys.now),
            metrics=metrics,
            progress=progress,
            lease_seconds=settings.webhooks_lease_seconds,
            poll_seconds=settings.webhooks_poll_ms / 1000,
        )
        stack.push_async_callback(dispatcher.drain)

        async def ready() -> str | None:
            return dispatcher.fault

        def started() -> str | None:
            return None if dispatcher.started else dispatcher.fault

        probes = probe_routes(live=progress.stalled, started=started, ready=ready, registry=metrics.registry)
        server = http_server(Starlette(routes=probes), settings)
        log.info("sending webhooks", holder=holder, schema=settings.webhooks_schema)
        await _until_stopped(server, dispatcher.run(), guest_keys.run())


async def _until_stopped(server: HttpServer, *others: Awaitable[None]) -> None:
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


async def _patiently(what: str, attempt: Callable[[], Awaitable[T]]) -> T:
    """Try until what a start needs is there; a crash loop would only add its delays."""
    delay = 0.2
    while True:
        try:
            return await attempt()
        except (*UNAVAILABLE, KafkaError, OperationalError) as error:
            log.warning("waiting", what=what, error=str(error) or repr(error))
        await asyncio.sleep(delay)
        delay = min(delay * 2, 5.0)
