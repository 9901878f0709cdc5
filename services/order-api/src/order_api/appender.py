"""The append itself: FastStream configures, starts and stops the producer, and each record goes straight to it.

FastStream's own publish (a command object, a middleware and a codec a record) costs as much CPU as all that aiokafka
does for it (decision 8). What its Prometheus middleware counts is counted here, in FastStream's own metrics.
"""

import asyncio
from collections.abc import Mapping
from time import perf_counter
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer
from faststream.kafka import KafkaBroker
from faststream.prometheus.container import MetricsContainer
from prometheus_client import CollectorRegistry

Sent = asyncio.Future[Any]
"""The broker's word on a record: aiokafka's RecordMetadata, or KafkaError."""


class Appends(Protocol):
    """What the order log appends with."""

    async def send(self, partition: int, key: bytes, value: bytes, headers: Mapping[str, str]) -> Sent:
        """Hand a record over, and give what will be the broker's word on it. Raises KafkaError."""
        ...


class Appender:
    """Appends to one topic through a broker that has been started."""

    def __init__(self, broker: KafkaBroker, topic: str, registry: CollectorRegistry) -> None:
        self._producer, self._topic = _producer_of(broker), topic
        metrics = MetricsContainer(registry, custom_label_names=())
        where = {"app_name": "order-api", "broker": "kafka", "destination": topic}
        self._published = {
            status: metrics.published_messages_total.labels(**where, status=status) for status in ("success", "error")
        }
        self._seconds = metrics.published_messages_duration_seconds.labels(**where)
        self._exceptions, self._where = metrics.published_messages_exceptions_total, where

    async def send(self, partition: int, key: bytes, value: bytes, headers: Mapping[str, str]) -> Sent:
        """Hand a record over, and give what will be the broker's word on it. Raises KafkaError."""
        began = perf_counter()
        raw = [(name, text.encode()) for name, text in headers.items()]
        sent: Sent = await self._producer.send(self._topic, value, key, partition, headers=raw)
        sent.add_done_callback(lambda done: self._count(done, began))
        return sent

    def _count(self, sent: Sent, began: float) -> None:
        self._seconds.observe(perf_counter() - began)
        error = None if sent.cancelled() else sent.exception()
        self._published["success" if error is None else "error"].inc()
        if error is not None:
            self._exceptions.labels(**self._where, exception_type=type(error).__name__).inc()


def _producer_of(broker: KafkaBroker) -> AIOKafkaProducer:
    """Take FastStream's producer out of its wrapper, which documents no way to it; tests/unit say when it moves."""
    wrapped: Any = broker.config.producer
    return wrapped._producer.producer  # noqa: SLF001
