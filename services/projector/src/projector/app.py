"""The composition root of `projector run`: its parts in start order; they are taken down in reverse.

Each process has one of its own (`serving`, `webhook_sending`), so that none loads what another is made of.
"""

import asyncio
from contextlib import AsyncExitStack

import structlog
from starlette.applications import Starlette

from order_contracts.tracing import start_tracing
from projector.checkpoints import Checkpoints
from projector.database import close_pool, open_pool
from projector.http_server import http_server
from projector.lag import watch_lag
from projector.lifetime import patiently, until_stopped
from projector.log_contract import check_topic
from projector.metrics import Metrics
from projector.order_feed import OrderFeed
from projector.pipeline import Pipeline
from projector.probes import probe_routes
from projector.progress import Progress
from projector.read_models import ReadModels
from projector.schema import migrate
from projector.settings import RunSettings
from projector.subscription import Subscription
from projector.tracing import Traces
from projector.unreadable import Guard

log = structlog.get_logger(__name__)


async def run(settings: RunSettings) -> None:
    """Project until told to stop. Raises what nobody should go on after."""
    metrics, progress = Metrics(), Progress(stalled_after_seconds=settings.stalled_after_seconds)
    async with AsyncExitStack() as stack:
        tracing = start_tracing("projector", complain=log.error, follows=True)
        if tracing is not None:
            stack.callback(tracing.stop)
        address, schema = settings.direct_address, settings.database_schema
        await patiently("Postgres", lambda: asyncio.to_thread(migrate, address, schema))
        epoch = await patiently("Kafka", lambda: check_topic(settings))
        pool = await open_pool(settings, connections=3, acquire_seconds=5.0, writes=True)  # rows, writing, claims
        stack.push_async_callback(close_pool, pool)
        partitions = settings.orders_partitions
        checkpoints = Checkpoints(pool, epoch=epoch, partitions=partitions)
        await patiently("Postgres", checkpoints.create)

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
        await patiently("Kafka", subscription.start)
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
        await until_stopped(server, feed.claim_forever(), watching, subscription.failed)
