"""Before the first order: that the topic is what its contract says, and where this replica begins to read."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from order_api.settings import Settings
from order_contracts.channels import topic_faults
from order_contracts.positions import epoch_of


class TopicUnfit(Exception):
    """The topic is missing or breaks its contract; the text lists the faults and their remedies."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where to begin in each partition, and whether that is its very first record.

    `ends`: where the log ended when this was asked. `settled`: what comes before is known, from rows.
    """

    offsets: dict[int, int]
    complete: frozenset[int]
    ends: dict[int, int] = field(default_factory=dict)
    settled: bool = False


async def check_topic(settings: Settings) -> str:
    """Assert the topic contract and give the epoch of this log. Raises TopicUnfit; KafkaError when nobody answers."""
    admin = AIOKafkaAdminClient(**settings.kafka_access())
    try:
        await admin.start()
        name = settings.orders_topic
        (topic,) = await admin.describe_topics([name])
        if topic["error_code"]:
            raise TopicUnfit(f"topic {name} is not there: create it with {settings.orders_partitions} partitions")
        config = await _config_of(admin, name)
        faults = topic_faults(len(topic["partitions"]), config, expected_partitions=settings.orders_partitions)
        if faults:
            raise TopicUnfit(f"topic {name} breaks its contract: {'; '.join(faults)}")
        cluster = await admin.describe_cluster()
        return epoch_of(cluster["cluster_id"], name, settings.orders_partitions, settings.log_epoch)
    finally:
        await admin.close()


async def _config_of(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    (response,) = await admin.describe_configs([resource])
    entries: list[Any] = response.resources[0][4]
    return {entry[0]: entry[1] for entry in entries}


async def find_start(consumer: AIOKafkaConsumer, partitions: list[TopicPartition], since: datetime) -> Start:
    """Find the first record of each partition that was appended at or after `since`; the end where there is none."""
    moment = int(since.timestamp() * 1000)
    await consumer._client.add_topic(partitions[0].topic)  # noqa: SLF001  # else its first question waits for 0.1 s
    first = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)  # first: what comes in between is found
    found = await consumer.offsets_for_times(dict.fromkeys(partitions, moment))
    offsets = {tp.partition: found[tp].offset if found[tp] else ends[tp] for tp in partitions}
    whole = frozenset(tp.partition for tp in partitions if offsets[tp.partition] == first[tp] == 0)
    return Start(offsets, whole, {tp.partition: end for tp, end in ends.items()})
