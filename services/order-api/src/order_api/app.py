"""The composition root: what order-api is made of, in start order; it is taken down in reverse."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
import uvicorn
from aiokafka import TopicPartition
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from order_api import garbage, guest_erasure, guest_links, http_server, openapi, probes, problem_pages, problems, routes
from order_api.admission import Admission
from order_api.appender import Appender
from order_api.boot import check_topic
from order_api.clock_release import ClockRelease
from order_api.cloudevents import routes as cloudevents
from order_api.cloudevents.taking import EventTaking
from order_api.connections import broker_of, fetch_keys, rows_of, square_orders, tail_consumer
from order_api.event_lane import EventLane
from order_api.fast_lane import FastLane
from order_api.faults import Faults
from order_api.identity import Identity
from order_api.images import routes as images
from order_api.intake import Intake
from order_api.limits import Limits
from order_api.metrics import Metrics
from order_api.order_desk import OrderDesk
from order_api.order_log import OrderLog
from order_api.pos import routes as pos
from order_api.pos.stated import OrderSource
from order_api.rates import Rates
from order_api.row_boot import fill_book
from order_api.schedule import Schedule
from order_api.settings import Settings
from order_api.tail import Tail
from order_api.tracing import traced_appends, traced_requests
from order_contracts.guest_key_file import KeptGuestKeys
from order_contracts.guest_texts import GuestTexts
from order_contracts.tokens import Tokens
from order_contracts.tracing import start_tracing

_log = structlog.get_logger()


async def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT (gives 0) or until the log can't be read any more (gives 1)."""
    epoch, topic = await check_topic(settings), settings.orders_topic
    async with AsyncExitStack() as stack:
        metrics, tracing = Metrics(), start_tracing("order-api", complain=_log.error)
        if tracing is not None:
            stack.callback(tracing.stop)
        tokens = Tokens(settings, fetch=fetch_keys, complain=_log.error)
        await tokens.start()
        refreshing = _background(stack, tokens.run())
        guest_keys = KeptGuestKeys(settings, complain=_log.error)
        await guest_keys.start()
        _background(stack, guest_keys.run())
        broker = await stack.enter_async_context(broker_of(settings))
        await broker.start()
        consumer, asker = await tail_consumer(settings, stack), await tail_consumer(settings, stack)
        rows = await rows_of(settings, stack, epoch)
        partitions = [TopicPartition(topic, number) for number in range(settings.orders_partitions)]
        book, start = await fill_book(
            rows, consumer, asker, partitions, _now() - settings.book_window, seconds=settings.database_boot_seconds
        )
        schedule = None if settings.release_lead is None else Schedule(settings.release_lead)
        appender = Appender(broker, topic, metrics.registry, seconds=settings.kafka_request_timeout_ms / 1000)
        log = OrderLog(
            book=book,
            metrics=metrics,
            appender=traced_appends(appender, tracing, topic),
            asker=asker,
            topic=topic,
            epoch=epoch,
            start=start,
            schedule=schedule,
            not_after_ms=settings.not_after_ms,
        )
        tail = Tail(consumer, log, window=settings.book_window)
        deadline = settings.append_deadline_seconds
        guests = GuestTexts(guest_keys.now)
        desk = OrderDesk(
            book=book, log=log, metrics=metrics, lag=tail.lag, now=_now, deadline=deadline, rows=rows, guests=guests
        )
        identity = Identity(tokens, Rates(settings.request_limit), book, _now)
        app = FastAPI(title="ScanServe Orders: order-api", version="1", docs_url=None, redoc_url=None)
        layers = _layers(app, settings, metrics, identity)
        events, most_bytes = EventTaking(desk, identity), settings.max_body_bytes
        event_lane = EventLane(layers, events=events, identity=identity, metrics=metrics, most_bytes=most_bytes)
        lane = FastLane(event_lane, desk=desk, identity=identity, metrics=metrics, most_bytes=most_bytes)
        server = http_server.server(traced_requests(Faults(lane), tracing, app.routes), settings)
        appending, reading = _background(stack, appender.run()), _background(stack, tail.run())
        caught_up = _background(stack, log.catch_up_all())
        caught_up.add_done_callback(lambda _: garbage.once_filled())
        for needed in (appending, reading, refreshing):
            needed.add_done_callback(lambda _: setattr(server, "should_exit", True))
        metrics.behind.set_function(log.behind)
        if schedule is not None:
            _background(stack, _after(caught_up, ClockRelease(schedule, desk, rows, _now).run()))
            metrics.scheduled.set_function(lambda: len(schedule))
            metrics.overdue.set_function(lambda: schedule.overdue(_now()).total_seconds())

        def why_not_started() -> str | None:
            return None if caught_up.done() else f"reading the log: {len(book)} orders, {log.behind()} records to go"

        def why_not_ready() -> str | None:
            return why_not_started() or tokens.missing()

        _routes(app, settings, desk, identity, events, await square_orders(settings, stack))
        app.include_router(
            probes.router(metrics=metrics, stuck=tail.stuck, started=why_not_started, ready=why_not_ready)
        )
        _stop_on_signals(server)
        await server.serve()
        return _verdict(appending, reading, refreshing)


def _now() -> datetime:
    return datetime.now(UTC)


def _routes(
    app: FastAPI,
    settings: Settings,
    desk: OrderDesk,
    identity: Identity,
    events: EventTaking,
    square: OrderSource | None,
) -> None:
    problems.install(app)
    openapi.describe(app)
    app.include_router(routes.router(desk, identity))
    app.include_router(
        guest_links.router(
            desk,
            identity,
            secret=settings.link_secret,
            issuer=settings.jwt_issuer,
            lifetime=timedelta(hours=settings.order_link_hours),
            now=_now,
        )
    )
    app.include_router(guest_erasure.router(desk, identity))
    app.include_router(images.router(images.gallery_of(settings), identity, _now))
    app.include_router(cloudevents.router(events))
    app.include_router(pos.router(desk, identity, settings.square_venues, square, _now))
    app.include_router(problem_pages.router())


def _layers(app: ASGIApp, settings: Settings, metrics: Metrics, identity: Identity) -> Any:
    taking_in = Intake(app, most_bytes=settings.max_body_bytes)
    limited = Limits(Admission(taking_in, identity), metrics=metrics)
    return CORSMiddleware(
        limited,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "traceparent", "tracestate"],
        expose_headers=[
            "ETag",
            "Position",
            "Idempotent-Replayed",
            "Retry-After",
            "Location",
            "RateLimit",
            "RateLimit-Policy",
        ],
    )


def _background(stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(end)
    return task


async def _after(first: asyncio.Task[None], work: Coroutine[Any, Any, None]) -> None:
    await asyncio.wait([first])
    await work


def _stop_on_signals(server: uvicorn.Server) -> None:
    stop: Callable[[], None] = lambda: setattr(server, "should_exit", True)  # noqa: E731  # named for its type
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)


def _verdict(*needed: asyncio.Task[None]) -> int:
    failed = [task for task in needed if task.done() and not task.cancelled()]
    for task in failed:
        _log.error("what order-api can't do without has ended", error=repr(task.exception()))
    return 1 if failed else 0
