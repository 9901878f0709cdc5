"""The composition root: what the notifier is made of, in start order; it is taken down in reverse."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import socketio
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from starlette.applications import Starlette

from notifier import page, probes
from notifier.admission import Admission
from notifier.batch import Batches
from notifier.boot import check_topic, find_starts
from notifier.broadcast import Broadcast
from notifier.delivery import Delivery
from notifier.doors import Gate, listening_socket, server, socketio_server
from notifier.drain import drain
from notifier.engine import RoomServer
from notifier.fanout import Fanout
from notifier.key_fetch import fetch_keys
from notifier.metrics import Metrics
from notifier.metronome import beat
from notifier.order_feed import OrderFeed
from notifier.partition_log import Start
from notifier.replay import Ring
from notifier.rounds import Rounds
from notifier.screens import Screens
from notifier.settings import Settings
from order_contracts.arbiter import SETTLING_MS
from order_contracts.tokens import Tokens

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Parts:
    sio: RoomServer
    admission: Admission
    metrics: Metrics
    broadcast: Broadcast
    feed: OrderFeed
    rounds: Rounds
    screens: Screens


async def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT (gives 0) or until the log can't be read any more (gives 1)."""
    async with AsyncExitStack() as stack:
        listening = stack.enter_context(listening_socket(settings.http_host, settings.http_port))
        epoch = await check_topic(settings)
        consumer = await _consumer(settings, stack)
        tokens = Tokens(settings, fetch=fetch_keys, complain=_log.error)
        await tokens.start()
        parts = _wire(settings, epoch, consumer, await _starts(settings, consumer), tokens)
        stop = _stop_signal()

        def unready() -> str | None:
            if stop.is_set():
                return "going down"
            if parts.feed.caught_up:
                return tokens.missing()
            return f"reading the log: {parts.feed.behind()} records to go"

        http = server(_gate(settings, parts, unready), settings.socket_buffer_bytes, deflate=settings.compress_batches)
        working = {
            _background(stack, parts.feed.run(), "feed"),
            _background(stack, parts.rounds.run(parts.screens, parts.sio), "rounds"),
            _background(stack, tokens.run(), "tokens"),
            _background(stack, beat(parts.sio.eio, parts.admission), "metronome"),
            (serving := _background(stack, http.serve([listening]), "http")),
        }
        stopping = _background(stack, stop.wait(), "signal")
        ended, _ = await asyncio.wait({*working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stopping in ended:
            await drain(parts.broadcast, parts.screens.connected(), settings.drain_seconds)
        http.should_exit = True
        await asyncio.wait({serving})
        return _verdict(ended & working)


def _wire(
    settings: Settings, epoch: str, consumer: AIOKafkaConsumer, starts: dict[int, Start], tokens: Tokens
) -> _Parts:
    metrics, sio = Metrics(), socketio_server(settings.cors_origins, settings.socket_buffer_bytes)
    broadcast = Broadcast(sio)
    rings = {number: _ring(settings, start) for number, start in starts.items()}
    batches = Batches(settings.batch_window_ms / 1000)
    fanout = Fanout(epoch=epoch, rings=rings, batches=batches, replay_limit=settings.replay_limit)
    delivery = Delivery(fanout=fanout, rings=rings, broadcast=broadcast, metrics=metrics, now=_now)
    feed = OrderFeed(
        consumer,
        topic=settings.orders_topic,
        starts=starts,
        remember_ms=settings.arbiter_ms,
        sink=delivery,
        metrics=metrics,
    )
    rounds = Rounds(feed, delivery, broadcast, metrics, stale_after=settings.feed_stale_seconds)
    screens = Screens(
        tokens=tokens,
        fanout=fanout,
        delivery=delivery,
        broadcast=broadcast,
        greeting=rounds.greeting,
        metrics=metrics,
        rooms_each=settings.rooms_per_socket,
    )
    screens.listen(sio)
    admission = Admission(settings.connects_per_second, monotonic())
    return _Parts(sio, admission, metrics, broadcast, feed, rounds, screens)


def _now() -> datetime:
    return datetime.now(UTC)


async def _consumer(settings: Settings, stack: AsyncExitStack) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
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
    since = int(_now().timestamp() * 1000) - settings.ring_ms - SETTLING_MS
    return await find_starts(consumer, partitions, since)


def _ring(settings: Settings, start: Start) -> Ring:
    return Ring(start=start.offset, max_age_ms=settings.ring_ms, max_bytes=settings.ring_bytes)


def _gate(settings: Settings, parts: _Parts, unready: probes.WhyNot) -> Gate:
    return Gate(
        _web(settings, parts, unready),
        closed=lambda: unready() is not None,
        admit=lambda: parts.admission.ask(monotonic()),
    )


def _web(settings: Settings, parts: _Parts, unready: probes.WhyNot) -> socketio.ASGIApp:
    addresses = {"order_api_url": str(settings.order_api_url), "query_api_url": str(settings.query_api_url)}
    asked = probes.routes(metrics=parts.metrics, dead=parts.rounds.dead, unready=unready)
    return socketio.ASGIApp(parts.sio, Starlette(routes=[*asked, *page.routes(**addresses)]))


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
