"""Garbage in the topic: two replicas of this module alone, since no plain consumer can read that topic afterwards."""

from functools import partial

from aiokafka import AIOKafkaProducer

from infra.eventually import eventually
from infra.order_writer import OrderWriter
from infra.pos_client import PosClient
from integration.order_api.conftest import PARTITIONS, Replicas
from order_contracts.channels import partition_of


async def test_garbage_in_the_topic_holds_nobody_up(replicas: Replicas, pos: PosClient) -> None:
    partition = partition_of(pos.venue_id, PARTITIONS)
    order_id = (await pos.place(replicas.urls[0])).json()["order_id"]
    producer = AIOKafkaProducer(bootstrap_servers=replicas.backing.kafka)
    await producer.start()
    try:
        for key, value, headers in (
            (None, b"\xff\xfe", []),
            (pos.venue_id.encode(), None, [("ce_id", b"\xff")]),
            (b"", b"{" * 5000, [("ce_specversion", b"1.0")]),
            (pos.venue_id.encode(), b"{}", [("ce_subject", order_id.encode()), ("ce_version", b"2")]),
        ):
            await producer.send_and_wait(replicas.topic, value, key=key, headers=headers, partition=partition)
        await OrderWriter(producer, replicas.topic, PARTITIONS, pos.venue_id).with_broken_header_name()
    finally:
        await producer.stop()

    async def known(url: str) -> bool:  # getting past what can't be read takes a second or two of fetches
        return (await pos.read(url, order_id)).json().get("version") == 1

    for url in replicas.urls:
        await eventually(partial(known, url))
    assert (await pos.act(replicas.urls[1], order_id, "accept")).status_code == 200
