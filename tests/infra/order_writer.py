"""Writes order events straight into the log, as order-api would, and as it never would."""

from collections.abc import Mapping, Sequence
from time import time
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c

from order_contracts.channels import partition_of
from order_contracts.events import Event
from order_contracts.wire import write_record

_PLAIN = "a-header-name"
_CHECKED_FROM = 21  # where a record batch's checksum ends, and what it is made of begins
_STATUSES = ("placed", "accepted", "preparing", "ready", "completed")


class OrderWriter:
    """Appends to one topic, for `venue` unless told otherwise.

    Invariant: `appended` holds the events that must win, by venue, in log order.
    """

    def __init__(self, producer: AIOKafkaProducer, topic: str, partitions: int, venue: str) -> None:
        self._producer, self._topic, self._partitions, self.venue = producer, topic, partitions, venue
        self._heads: dict[str, Event] = {}
        self.appended: dict[str, list[Event]] = {}

    async def append(
        self,
        order: str,
        stations: Sequence[str] = (),
        venue_id: str | None = None,
        organization_id: str = "o1",
        **more: Any,
    ) -> Event:
        """Append an order's next event, `more` in its change. `order` needs to be unique within its venue only."""
        venue_id = venue_id or self.venue
        order_id = f"{venue_id}-{order}"
        event = self._next(order_id, venue_id, organization_id, more)
        await self._send(event, stations)
        self._heads[order_id] = event
        self.appended.setdefault(venue_id, []).append(event)
        return event

    async def lose(self, order: str) -> Event:
        """Append an event whose parent has been extended already."""
        head = self._heads[f"{self.venue}-{order}"]
        loser = Event(
            id=f"loser-{uuid4().hex[:8]}",
            type="order.accepted.v1",
            order_id=head.order_id,
            venue_id=head.venue_id,
            organization_id=head.organization_id,
            version=head.version,
            parent=head.parent,
            time=head.time,
            actor="slow writer",
            change={"status": "lost"},
        )
        await self._send(loser, ())
        return loser

    async def raw(self, value: bytes, headers: Sequence[tuple[str, bytes]] = (), key: bytes | None = b"v1") -> None:
        """Append any bytes to the venue's partition."""
        await self._producer.send_and_wait(self._topic, value, key=key, headers=list(headers), partition=self.partition)

    async def with_null_header(self) -> None:
        """Append a record one of whose headers has no value, as Kafka allows."""
        await self._batch([("ce_id", None)])

    async def with_broken_header_name(self) -> None:
        """Append a record with a header name that is not UTF-8. No Python client writes one, so the bytes are bent."""
        await self._batch([(_PLAIN, b"x")], {_PLAIN.encode(): b"\xff" * len(_PLAIN)})

    async def _batch(
        self, headers: list[tuple[str, bytes | None]], replace: Mapping[bytes, bytes] | None = None
    ) -> None:
        batch = self._producer.create_batch()
        batch.append(timestamp=None, key=b"v1", value=b"{}", headers=headers)
        batch.close()
        written = bytes(batch._build())
        for plain, bent in (replace or {}).items():
            assert plain in written
            written = written.replace(plain, bent)
        checksum = calc_crc32c(written[_CHECKED_FROM:]).to_bytes(4, "big")
        batch._buffer = bytearray(written[: _CHECKED_FROM - 4] + checksum + written[_CHECKED_FROM:])
        await (await self._producer.send_batch(batch, self._topic, partition=self.partition))

    @property
    def partition(self) -> int:
        """The venue's partition."""
        return partition_of(self.venue, self._partitions)

    def _next(self, order_id: str, venue_id: str, organization_id: str, more: Mapping[str, Any]) -> Event:
        head = self._heads.get(order_id)
        version = 1 if head is None else head.version + 1
        status = _STATUSES[(version - 1) % len(_STATUSES)]
        change: dict[str, Any] = {"order_id": order_id, "version": version, "status": status, **more}
        return Event(
            id=str(uuid4()),
            type=f"order.{status}.v1",
            order_id=order_id,
            venue_id=venue_id,
            organization_id=organization_id,
            version=version,
            parent=None if head is None else head.id,
            time="2026-11-20T18:25:00.000Z",
            actor="test",
            change=change,
        )

    async def _send(self, event: Event, stations: Sequence[str]) -> None:
        not_after = int(time() * 1000) + 30_000
        key, value, headers = write_record(event, stations=tuple(stations), not_after=not_after, fingerprint="f")
        raw = [(name, text.encode()) for name, text in headers.items()]
        partition = partition_of(event.venue_id, self._partitions)
        await self._producer.send_and_wait(self._topic, value, key=key, headers=raw, partition=partition)
