"""The floor of a single POST in Python: uvicorn, an append by aiokafka, its own tail, and no word of business.

It takes any body for the same order, appends the bytes that order-api would, and answers them once its tail has passed
them. `python -m load.bare_endpoint`, configured by the environment as order-api is.
"""

import asyncio
import os
from collections import defaultdict
from itertools import cycle
from typing import Any

import uvicorn
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from load.append_floor import record
from local_stack.ports import HOST


class _Tail:
    """Reads the topic, and lets those go on whose offset has passed."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._next: defaultdict[int, int] = defaultdict(int)
        self._waiting: defaultdict[int, list[tuple[int, asyncio.Future[None]]]] = defaultdict(list)

    async def run(self) -> None:
        while True:
            for place, records in (await self._consumer.getmany(timeout_ms=500)).items():
                passed = self._next[place.partition] = records[-1].offset + 1
                waiting, self._waiting[place.partition] = self._waiting[place.partition], []
                for offset, future in waiting:
                    if offset < passed:
                        future.set_result(None)
                    else:
                        self._waiting[place.partition].append((offset, future))

    async def passed(self, partition: int, offset: int) -> None:
        if self._next[partition] <= offset:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting[partition].append((offset, future))
            await future


def _app(producer: AIOKafkaProducer, tail: _Tail, topic: str, partitions: list[int]) -> Any:
    key, value, headers = record()
    turn = cycle(partitions)

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        ready = scope["path"] == "/readyz"
        if not ready:
            partition = next(turn)
            sent = await producer.send_and_wait(topic, value, key=key, partition=partition, headers=headers)
            await tail.passed(partition, sent.offset)
        named = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(value))]
        await send({"type": "http.response.start", "status": 200 if ready else 201, "headers": named})
        await send({"type": "http.response.body", "body": value})

    return answer


async def serve(bootstrap_servers: str, topic: str, port: int, partitions: int) -> None:
    """Serve until SIGTERM."""
    numbers = list(range(partitions))
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, enable_auto_commit=False)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all", linger_ms=0, enable_idempotence=False)
    async with consumer, producer:
        consumer.assign([TopicPartition(topic, number) for number in numbers])
        await consumer.seek_to_beginning()
        tail = _Tail(consumer)
        reading = asyncio.create_task(tail.run())
        app = _app(producer, tail, topic, numbers)
        config = uvicorn.Config(app, host=HOST, port=port, http="httptools", lifespan="off", log_config=None)
        await uvicorn.Server(config).serve()
        reading.cancel()
        await asyncio.wait([reading])


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(
            serve(
                os.environ["KAFKA_BOOTSTRAP_SERVERS"],
                os.environ["ORDERS_TOPIC"],
                int(os.environ["HTTP_PORT"]),
                int(os.environ["ORDERS_PARTITIONS"]),
            )
        )
