"""A venue's part of the log, read from Kafka itself and judged from its first record on."""

from aiokafka import AIOKafkaConsumer, TopicPartition

from order_contracts.arbiter import Arbiter, Verdict
from order_contracts.channels import partition_of
from order_contracts.wire import Envelope, read_record


async def judged_events(kafka: str, topic: str, partitions: int, venue_id: str) -> list[tuple[Envelope, Verdict]]:
    """Give a venue's well-formed records with their verdicts, in log order."""
    partition = TopicPartition(topic, partition_of(venue_id, partitions))
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="none")
    await consumer.start()
    try:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        records = []
        while await consumer.position(partition) < end:
            records += (await consumer.getmany(timeout_ms=1000)).get(partition, [])
    finally:
        await consumer.stop()
    arbiter = Arbiter(complete=True)
    read = [read_record(r.key, r.value, r.headers, r.timestamp) for r in records]
    judged = [(content, arbiter.judge(content)) for content in read if isinstance(content, Envelope)]
    return [(envelope, verdict) for envelope, verdict in judged if envelope.venue_id == venue_id]


async def accepted_events(kafka: str, topic: str, partitions: int, venue_id: str) -> list[Envelope]:
    """Give a venue's accepted events."""
    judged = await judged_events(kafka, topic, partitions, venue_id)
    return [envelope for envelope, verdict in judged if verdict is Verdict.ACCEPTED]
