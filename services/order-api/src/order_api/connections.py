"""What order-api connects to, by its settings. What few starts need (httpx, 0.1 s) is loaded when it is needed."""

from contextlib import AsyncExitStack

from aiokafka import AIOKafkaConsumer
from faststream.kafka import KafkaBroker
from faststream.security import SASLScram512

from order_api.fetch_sessions import fetch_in_sessions
from order_api.pos.stated import OrderSource
from order_api.rows import Rows, open_rows
from order_api.settings import Settings


def broker_of(settings: Settings) -> KafkaBroker:
    """Give the broker that appends go to, not started."""
    login = settings.kafka_login
    return KafkaBroker(
        settings.kafka_bootstrap_servers.split(","),
        security=SASLScram512(*login) if login else None,
        client_id="order-api",
        request_timeout_ms=settings.kafka_request_timeout_ms,
        logger=None,
    )


async def tail_consumer(settings: Settings, stack: AsyncExitStack) -> AIOKafkaConsumer:
    """Start a consumer of no group, which the stack stops."""
    consumer = AIOKafkaConsumer(
        **settings.kafka_access(),
        client_id="order-api-tail",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",  # a log that was cut short ends this process, instead of being skipped
        request_timeout_ms=settings.kafka_request_timeout_ms + 1_000,
        max_partition_fetch_bytes=4 * 1_048_576,
    )
    stack.push_async_callback(consumer.stop)
    await consumer.start()
    fetch_in_sessions(consumer)
    return consumer


async def rows_of(settings: Settings, stack: AsyncExitStack, epoch: str) -> Rows | None:
    """Give the rows where there is a database; the stack hangs up."""
    if settings.database_url is None:
        return None
    address, seconds = settings.database_url.get_secret_value(), settings.database_seconds
    rows = await open_rows(
        address, settings.database_schema, epoch, seconds=seconds, prepared=settings.database_prepared_statements
    )
    stack.callback(rows.close)
    return rows


async def fetch_keys(url: str) -> bytes:
    """Fetch a JWKS document. Raises NotReadable."""
    from order_api import key_fetch  # noqa: PLC0415  # see above

    return await key_fetch.fetch_keys(url)


async def square_orders(settings: Settings, stack: AsyncExitStack) -> OrderSource | None:
    """Give where Square is asked for orders, if any venue has it; the stack hangs up."""
    if not settings.square_venues:
        return None
    import httpx  # noqa: PLC0415  # see above

    from order_api.pos.square_fetch import SquareOrders  # noqa: PLC0415

    http = await stack.enter_async_context(httpx.AsyncClient())
    return SquareOrders(http, settings.square_api_url, settings.square_venues)
