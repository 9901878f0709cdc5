"""The composition root of `projector webhooks run`: its parts in start order; they are taken down in reverse."""

import asyncio
import os
import socket
from contextlib import AsyncExitStack
from secrets import token_hex

import structlog
from starlette.applications import Starlette

from order_contracts.guest_key_file import KeptGuestKeys
from order_contracts.guest_texts import GuestTexts
from projector.database import close_pool, open_pool
from projector.http_server import http_server
from projector.lifetime import patiently, until_stopped
from projector.probes import probe_routes
from projector.progress import Progress
from projector.queries.rows import Rows
from projector.settings import WebhookRunSettings
from projector.webhooks.book import Book
from projector.webhooks.dispatcher import Dispatcher
from projector.webhooks.metrics import WebhookMetrics
from projector.webhooks.poster import Poster
from projector.webhooks.schema import migrate_webhooks
from projector.webhooks.trail import Trail

log = structlog.get_logger(__name__)


async def send_webhooks(settings: WebhookRunSettings) -> None:
    """Send accepted events to those who asked for them, until told to stop."""
    metrics, progress = WebhookMetrics(), Progress(stalled_after_seconds=settings.stalled_after_seconds)
    async with AsyncExitStack() as stack:
        await patiently("Postgres", lambda: asyncio.to_thread(migrate_webhooks, settings))
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
        await until_stopped(server, dispatcher.run(), guest_keys.run())
