"""Reads the log from its first record and keeps every version of every order: the truth of the final check."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from local_stack.demo.ledger import Truth
from order_contracts.arbiter import Arbiter, Verdict
from order_contracts.events import decode_event
from order_contracts.fold import merge_patch
from order_contracts.guest_texts import GuestTexts
from order_contracts.wire import Malformed, read_record


class LogReader:
    """An independent reader of the whole topic, by the same contracts as everybody."""

    def __init__(self, bootstrap_servers: str, topic: str, partitions: int, guests: GuestTexts) -> None:
        self._guests = guests
        self.truth = Truth()
        self.accepted = 0
        self._turned = asyncio.Event()
        self.next = dict.fromkeys(range(partitions), 0)
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]
        self._arbiters = {number: Arbiter(complete=True) for number in range(partitions)}
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap_servers, enable_auto_commit=False, auto_offset_reset="none"
        )

    async def start(self) -> None:
        """Begin at the first record of each partition."""
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        await self._consumer.seek_to_beginning(*self._partitions)

    async def stop(self) -> None:
        """Leave."""
        await self._consumer.stop()

    async def read(self) -> None:
        """Read until cancelled."""
        while True:
            for topic_partition, records in (await self._consumer.getmany(timeout_ms=200)).items():
                for record in records:
                    self._take(topic_partition.partition, record)
            self._turned.set()

    async def read_to_end(self, within: float) -> dict[int, int]:
        """Wait until all that is in the log now has been read; give the next offsets. Raises TimeoutError."""
        ends = await self._consumer.end_offsets(self._partitions)
        async with asyncio.timeout(within):
            while any(self.next[tp.partition] < end for tp, end in ends.items()):
                self._turned.clear()
                await self._turned.wait()
        return {tp.partition: end for tp, end in ends.items()}

    def _take(self, partition: int, record: Any) -> None:
        self.next[partition] = record.offset + 1
        envelope = read_record(record.key, record.value, record.headers, record.timestamp, (partition, len(self.next)))
        if isinstance(envelope, Malformed) or self._arbiters[partition].judge(envelope) is not Verdict.ACCEPTED:
            return
        self.accepted += 1
        self.truth.event_ids[envelope.id] += 1
        versions = self.truth.versions.setdefault(envelope.order_id, [])
        versions.append(
            merge_patch(versions[-1] if versions else None, decode_event(self._guests.opened(envelope.value)).change)
        )
