"""The one private name of FastStream's that an append leans on, and the counts that its middleware would have kept."""

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError
from faststream.kafka import KafkaBroker
from prometheus_client import CollectorRegistry

from order_api.appender import Appender


class Producer:
    """aiokafka's producer, as far as FastStream and an append look at it."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.word: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def start(self) -> None:
        return

    async def send(self, *record: Any, headers: Any) -> "asyncio.Future[Any]":
        self.sent.append((*record, headers))
        return self.word


async def appender(producer: Any) -> tuple[Appender, CollectorRegistry]:
    broker, registry = KafkaBroker(), CollectorRegistry()
    await broker.config.producer.connect(producer, None)  # as its start does
    return Appender(broker, "orders", registry), registry


def published(registry: CollectorRegistry, status: str) -> float | None:
    where = {"app_name": "order-api", "broker": "kafka", "destination": "orders", "status": status}
    return registry.get_sample_value("faststream_published_messages_total", where)


async def test_a_record_goes_to_the_producer_that_faststream_started() -> None:
    producer = Producer()
    ours, registry = await appender(producer)
    sent = await ours.send(3, b"v1", b"{}", {"ce_id": "e"})
    assert producer.sent == [("orders", b"{}", b"v1", 3, [("ce_id", b"e")])]
    producer.word.set_result("stands")
    assert await sent == "stands"
    await asyncio.sleep(0)
    assert (published(registry, "success"), published(registry, "error")) == (1, 0)


async def test_what_the_broker_refuses_is_counted_by_its_cause() -> None:
    producer = Producer()
    ours, registry = await appender(producer)
    sent = await ours.send(3, b"v1", b"{}", {})
    producer.word.set_exception(KafkaTimeoutError())
    with pytest.raises(KafkaTimeoutError):
        await sent
    await asyncio.sleep(0)
    assert (published(registry, "success"), published(registry, "error")) == (0, 1)
