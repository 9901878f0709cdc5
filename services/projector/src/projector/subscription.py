"""The FastStream subscriber: polls of raw records, from partitions that the group shares out.

What FastStream does by default and this must not do: decode headers as UTF-8 before anybody could reject the record
(one bad byte would lose its whole batch), commit offsets, and go on behind a batch whose projection raised.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER
from faststream.security import SASLScram512

from projector.settings import RunSettings

_FEW = 50

Take = Callable[[Sequence[ConsumerRecord]], Awaitable[None]]


class Subscription:
    """A broker with one subscriber. `failed` ends with the exception that its projection must not survive."""

    def __init__(self, settings: RunSettings) -> None:
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._settings = settings
        login = settings.kafka_login
        self._broker = KafkaBroker(
            settings.kafka_bootstrap_servers.split(","),
            security=SASLScram512(*login) if login else None,
            client_id="projector",
            consumer_only=True,
            apply_types=False,  # records pass as they are: no dependency injection, no casting
            logger=logging.getLogger("projector.broker"),
            log_level=logging.DEBUG,
            graceful_timeout=15.0,
        )

    def consumer(self) -> AIOKafkaConsumer:
        """Give the running consumer; the listener and the claims need it, and only FastStream's start makes it."""
        (subscriber,) = self._broker.subscribers
        consumer = getattr(subscriber, "consumer", None)
        if consumer is None:
            raise RuntimeError("the subscription is not running")
        return consumer

    def subscribe(self, take: Take, listener: ConsumerRebalanceListener) -> None:
        """Declare who gets the records and who hears of rebalances."""
        settings = self._settings
        subscriber = self._broker.subscriber(
            settings.orders_topic,
            batch=True,
            group_id=settings.consumer_group,
            group_instance_id=settings.group_instance_id,
            listener=listener,
            ack_policy=AckPolicy.MANUAL,  # and never acknowledged: positions are in Postgres
            auto_offset_reset="none",  # a partition without a seek is an error, never a silent start anywhere else
            max_records=settings.batch_records,
            # After an empty poll FastStream sleeps this long once more: it is half of the worst added latency.
            batch_timeout_ms=settings.batch_wait_ms,
            fetch_max_wait_ms=250,  # a partition that was paused joins only the next fetch
            session_timeout_ms=10_000,
            heartbeat_interval_ms=3_000,
            parser=_parse,
            decoder=_undecoded,
        )

        async def on_poll(records: Sequence[ConsumerRecord]) -> None:
            try:
                await take(records)
            except Exception as error:  # FastStream would log it and go on behind these records
                if not self.failed.done():
                    self.failed.set_exception(error)
                raise
            if len(records) < _FEW:  # a commit costs the same for one record as for fifty: let some gather
                await asyncio.sleep(settings.batch_wait_ms / 1000)

        subscriber(on_poll)

    async def start(self) -> None:
        """Join the group and start polling.

        A start that is cut off is waited for all the same: aiokafka leaks the connection that it would be making.
        """
        starting = asyncio.ensure_future(self._broker.start())
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            await asyncio.gather(starting, return_exceptions=True)
            raise
        except KafkaError:  # else the next try would leave this one's consumer behind, a member of the group
            await self._broker.stop()
            raise

    async def stop(self) -> None:
        """Let the batch in flight end, leave the group."""
        await self._broker.stop()


async def _parse(records: tuple[ConsumerRecord, ...]) -> KafkaMessage:
    return KafkaMessage(body=b"", raw_message=records, consumer=FAKE_CONSUMER)


async def _undecoded(message: KafkaMessage) -> Any:
    return message.raw_message
