"""What the topic is: checked against its contract before anything is read, and named by its epoch."""

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from order_contracts.channels import topic_faults
from order_contracts.positions import epoch_of
from projector.settings import LogSettings


class TopicUnfit(Exception):
    """The topic breaks its contract: arbitration would not hold on it."""


async def check_topic(settings: LogSettings) -> str:
    """Give the topic's epoch. Raises TopicUnfit with the list of faults, KafkaError when no broker answers."""
    admin = AIOKafkaAdminClient(**settings.kafka_access(), request_timeout_ms=10_000)
    await admin.start()
    try:
        cluster = await admin.describe_cluster()
        (described,) = await admin.describe_topics([settings.orders_topic])
        if described["error_code"]:
            raise TopicUnfit(f"topic {settings.orders_topic} is not there: create it, or set ORDERS_TOPIC")
        (configs,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, settings.orders_topic)])
    finally:
        await admin.close()
    config = {entry[0]: entry[1] for entry in configs.resources[0][4]}
    faults = topic_faults(len(described["partitions"]), config, expected_partitions=settings.orders_partitions)
    if faults:
        raise TopicUnfit(f"topic {settings.orders_topic} breaks its contract: " + "; ".join(faults))
    return epoch_of(cluster["cluster_id"], settings.orders_topic, settings.orders_partitions, settings.log_epoch)
