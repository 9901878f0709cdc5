"""Before the first screen: that the topic is what its contract says, and where reading begins."""

from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from notifier.partition_log import Start
from notifier.settings import Settings
from order_contracts.channels import topic_faults
from order_contracts.positions import epoch_of


class TopicUnfit(Exception):
    """The topic is missing or breaks its contract; the text lists the faults and their remedies."""


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


async def find_starts(consumer: AIOKafkaConsumer, partitions: list[TopicPartition], since: int) -> dict[int, Start]:
    """Find in each partition the first record appended at or after `since` (ms since 1970); the end if there is none.

    The ends are asked for first: a record appended between the two questions is then read, not skipped. Skipped, it
    could be the winner of a loser that is read next.
    """
    ends = await consumer.end_offsets(partitions)
    found = await consumer.offsets_for_times(dict.fromkeys(partitions, since))
    return {
        tp.partition: Start(found[tp].offset if found[tp] else ends[tp], end=ends[tp], since=since) for tp in partitions
    }
