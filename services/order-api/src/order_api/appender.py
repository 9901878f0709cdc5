"""The append itself: what the partitions of a broker have goes to it in one request, one in flight at a time.

FastStream configures, starts and stops the client that this sends with. aiokafka's own sender, behind its producer,
takes a task, five futures and nine turns of the event loop a request (decision 18). What FastStream's Prometheus
middleware counts is counted here, in its own metrics.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import LeaderNotAvailableError, UnknownError, for_code
from aiokafka.protocol.produce import ProduceRequest
from faststream.kafka import KafkaBroker
from faststream.prometheus.container import MetricsContainer
from prometheus_client import CollectorRegistry

from order_api.lane import Appending, Lane, Record

_ALL_IN_SYNC, _NO_MOMENT, _NOBODY = -1, -1, -1
_UNSAID = UnknownError("the broker says nothing of it")
_log = structlog.get_logger()
Stands = tuple[int, int | None]  # the offset of the first record of a batch, and when the broker took it


class Appends(Protocol):
    """What the order log appends with."""

    def append(self, record: Record, by: Appending) -> None:
        """Hand a record over."""
        ...


@dataclass(slots=True, eq=False)
class _Courier:
    """What is to go to one broker with the next request."""

    lanes: list[Lane] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)


class Appender:
    """Appends to one topic through a broker that has been started; `run` must run for anything to go out.

    `seconds`: for how long a batch is tried again; the client's own timeout bounds one request.
    """

    def __init__(
        self, broker: KafkaBroker, topic: str, registry: CollectorRegistry, *, seconds: float, back_off: float = 0.1
    ) -> None:
        self._client, self._topic, self._seconds, self._back_off = _client_of(broker), topic, seconds, back_off
        self._lanes: dict[int, Lane] = {}
        self._couriers: dict[int, _Courier] = {}
        self._group: asyncio.TaskGroup | None = None
        metrics = MetricsContainer(registry, custom_label_names=())
        where = {"app_name": "order-api", "broker": "kafka", "destination": topic}
        self._published = {
            status: metrics.published_messages_total.labels(**where, status=status) for status in ("success", "error")
        }
        self._took = metrics.published_messages_duration_seconds.labels(**where)
        self._exceptions, self._where = metrics.published_messages_exceptions_total, where

    def append(self, record: Record, by: Appending) -> None:
        """Hand a record over: it goes with the next request to the broker that leads its partition."""
        lane = self._lanes.get(record.partition)
        if lane is None:
            lane = self._lanes[record.partition] = Lane(record.partition)
        lane.waiting.append((record, by))
        self._next(lane)

    async def run(self) -> None:
        """Send until cancelled."""
        await asyncio.wait([self._client.add_topic(self._topic)], timeout=self._seconds)
        async with asyncio.TaskGroup() as self._group:
            for lane in self._lanes.values():
                self._next(lane)
            await asyncio.get_running_loop().create_future()

    def _next(self, lane: Lane) -> None:
        """Let what waits go, unless a batch is under way."""
        if lane.since is None and lane.waiting and self._group is not None:
            lane.since = perf_counter()
            self._call(lane, self._group)

    def _call(self, lane: Lane, group: asyncio.TaskGroup) -> None:
        """Have a lane's batch carried to whoever leads its partition now."""
        leader = self._client.cluster.leader_for_partition(TopicPartition(self._topic, lane.partition))
        node = _NOBODY if leader is None else leader
        courier = self._couriers.get(node)
        if courier is None:
            courier = self._couriers[node] = _Courier()
            group.create_task(self._carry_all(node, courier, group))
        courier.lanes.append(lane)
        courier.called.set()

    async def _carry_all(self, node: int, courier: _Courier, group: asyncio.TaskGroup) -> None:
        while True:
            await courier.called.wait()
            courier.called.clear()
            lanes, courier.lanes = courier.lanes, []
            again = await self._carry(node, lanes)
            if again:
                await asyncio.sleep(self._back_off)
                await asyncio.wait([self._client.force_metadata_update()], timeout=self._seconds)
                for lane in again:
                    self._call(lane, group)

    async def _carry(self, node: int, lanes: list[Lane]) -> list[Lane]:
        """Send what some lanes have, and tell what became of it; give those that are to try it again."""
        batches = {lane.partition: batch for lane in lanes if (batch := lane.load()) is not None}
        words = await self._words(node, batches) if batches else {}
        again = []
        for lane in lanes:
            if lane.batch is None:
                continue
            word = words.get(lane.partition, _UNSAID)
            age = perf_counter() - (lane.since or 0.0)
            if isinstance(word, tuple):
                self._took.observe(age)
                self._published["success"].inc(lane.stands(*word))
            elif getattr(word, "retriable", False) and age <= self._seconds:
                again.append(lane)
                continue
            else:
                self._count_failed(lane.failed(word), word)
            self._next(lane)
        if again:
            errors = sorted({repr(words[lane.partition]) for lane in again})
            _log.warning("appends are tried again", leader=node, partitions=len(again), errors=errors)
        return again

    async def _words(self, node: int, batches: Mapping[int, bytearray]) -> Mapping[int, Stands | Exception]:
        """Give a broker's word on each partition's batch."""
        try:
            return await self._send(node, batches)
        except Exception as error:  # noqa: BLE001  # whatever it is, those who wait have to hear of it
            return dict.fromkeys(batches, error)

    async def _send(self, node: int, batches: Mapping[int, bytearray]) -> dict[int, Stands | Exception]:
        if node == _NOBODY:
            raise LeaderNotAvailableError
        request = ProduceRequest(None, _ALL_IN_SYNC, int(self._seconds * 1000), [(self._topic, [*batches.items()])])
        response = await self._client.send(node, request)
        words: dict[int, Stands | Exception] = {}
        for _, partitions in response.topics:
            for number, code, offset, appended_at, *_ in partitions:
                if code:
                    words[number] = for_code(code)()
                else:
                    words[number] = offset, None if appended_at == _NO_MOMENT else appended_at
        return words

    def _count_failed(self, number: int, error: Exception) -> None:
        self._published["error"].inc(number)
        self._exceptions.labels(**self._where, exception_type=type(error).__name__).inc(number)


def _client_of(broker: KafkaBroker) -> Any:
    """Take the client out of FastStream's producer, which documents no way to it; tests say when it moves."""
    wrapped: Any = broker.config.producer
    return wrapped._producer.producer.client  # noqa: SLF001
