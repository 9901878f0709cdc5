"""The composition root of `projector serve`: its parts in start order; they are taken down in reverse."""

from contextlib import AsyncExitStack

import structlog

from order_contracts.guest_key_file import KeptGuestKeys
from order_contracts.guest_texts import GuestTexts
from order_contracts.tokens import Tokens
from projector.database import close_pool, open_pool
from projector.http_server import http_server
from projector.key_fetch import fetch_keys
from projector.lifetime import until_stopped
from projector.queries.api import query_api
from projector.queries.kept_in_redis import connect
from projector.settings import ServeSettings

log = structlog.get_logger(__name__)


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
        await until_stopped(http_server(app, settings), tokens.run(), guest_keys.run())
