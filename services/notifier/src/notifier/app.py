"""The composition root: the notifier's parts, in start order; they are taken down in reverse."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import partial
from time import monotonic, time
from typing import Any

import socketio
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from notifier import page, probes
from notifier.admission import Admission
from notifier.boot import check_topic, find_starts
from notifier.doors import Gate, listening_socket, server
from notifier.drain import drain
from notifier.key_fetch import fetch_keys
from notifier.metronome import beat
from notifier.partition_log import Start
from notifier.parts import FeedSide, WatcherSide, feed_side, watcher_side
from notifier.settings import Settings
from order_contracts.arbiter import SETTLING_MS
from order_contracts.guest_key_file import KeptGuestKeys
from order_contracts.guest_texts import GuestTexts
from order_contracts.tokens import Tokens
from order_contracts.tracing import start_tracing

_log = structlog.get_logger()


async def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT (gives 0) or until the log can't be read any more (gives 1)."""
    async with AsyncExitStack() as stack:
        listening = stack.enter_context(listening_socket(settings.http_host, settings.http_port))
        epoch = await check_topic(settings)
        consumer = await _consumer(settings, stack)
        tokens = Tokens(settings, fetch=fetch_keys, complain=_log.error)
        await tokens.start()
        guest_keys = KeptGuestKeys(settings, complain=_log.error)
        await guest_keys.start()
        tracing = start_tracing("notifier", complain=_log.error, follows=True)
        if tracing is not None:
            stack.callback(tracing.stop)
        starts, guests = await _starts(settings, consumer), GuestTexts(guest_keys.now)
        feed = feed_side(settings, epoch, consumer, starts, guests, tracing)
        stop = _stop_signal()

        def unready() -> str | None:
            return "going down" if stop.is_set() else _starting(feed) or tokens.missing()

        admission = Admission(settings.connects_per_second, monotonic())
        admit = partial(_admit, admission)
        watching = watcher_side(settings, epoch, tokens, feed, unready=unready, admit=admit)
        gate = Gate(_web(settings, feed, watching, unready), closed=lambda: unready() is not None, admit=admit)
        http = server(gate, settings.socket_buffer_bytes, deflate=settings.compress_batches)
        working = {
            _background(stack, feed.feed.run(), "feed"),
            _background(stack, feed.rounds.run(watching.watchers, tokens.is_revoked), "rounds"),
            _background(stack, tokens.run(), "tokens"),
            _background(stack, guest_keys.run(), "guest keys"),
            _background(stack, watching.replicas.run(), "replicas"),
            _background(stack, beat(feed.sio.eio, admission), "metronome"),
            (serving := _background(stack, http.serve([listening]), "http")),
        }
        stopping = _background(stack, stop.wait(), "signal")
        ended, _ = await asyncio.wait({*working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stopping in ended:
            await drain(watching.watchers, settings.drain_seconds)
        http.should_exit = True
        await asyncio.wait({serving})
        return _verdict(ended & working)


def _starting(feed: FeedSide) -> str | None:
    return None if feed.feed.caught_up else f"reading the log: {feed.feed.behind()} records to go"


def _admit(admission: Admission) -> int | None:
    return admission.ask(monotonic())


async def _consumer(settings: Settings, stack: AsyncExitStack) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        **settings.kafka_access(),
        client_id="notifier-feed",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",  # a log that was cut short ends this process, instead of being skipped
        request_timeout_ms=10_000,
        metadata_max_age_ms=60_000,
        fetch_max_wait_ms=500,  # also how often a quiet log gives a sign of life
    )
    stack.push_async_callback(consumer.stop)
    await consumer.start()
    return consumer


async def _starts(settings: Settings, consumer: AIOKafkaConsumer) -> dict[int, Start]:
    """Begin so early that what a screen may resume from has settled."""
    partitions = [TopicPartition(settings.orders_topic, number) for number in range(settings.orders_partitions)]
    since = int(time() * 1000) - settings.ring_ms - SETTLING_MS
    return await find_starts(consumer, partitions, since)


def _web(settings: Settings, feed: FeedSide, watching: WatcherSide, unready: probes.WhyNot) -> socketio.ASGIApp:
    addresses = {"order_api_url": str(settings.order_api_url), "query_api_url": str(settings.query_api_url)}
    routes = [
        *probes.routes(metrics=feed.metrics, dead=feed.rounds.dead, starting=partial(_starting, feed), unready=unready),
        *watching.event_streams.routes(),
        *watching.admin.routes(),
        *page.routes(**addresses, images_url=str(settings.images_url or "")),
    ]
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "Last-Event-ID", "Cache-Control"],
    )
    return socketio.ASGIApp(feed.sio, Starlette(routes=routes, middleware=[cors]))


def _background(stack: AsyncExitStack, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
    task = asyncio.create_task(work, name=name)

    async def end() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(end)
    return task


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _verdict(ended: set[asyncio.Task[Any]]) -> int:
    for task in ended:
        _log.error("a part has ended, and so does the notifier", part=task.get_name(), error=repr(task.exception()))
    return 1 if ended else 0
