"""Topics that keep the contract: made where they are missing, and usable once this returns."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code

from local_stack.failure import StackFailure
from order_contracts.channels import TOPIC_CONFIG

_MOST_COPIES = 3
_DEADLINE_SECONDS = 30.0


class TopicNotMade(StackFailure):
    """The topic is not there, or not usable; the text says why."""


async def create_topic(
    bootstrap_servers: str, name: str, partitions: int, config: Mapping[str, str] = TOPIC_CONFIG
) -> bool:
    """Make the topic unless it is there, and wait until every partition has a leader. Say whether it was made."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    admin = await _connected(bootstrap_servers, deadline)
    try:
        made = await _make(admin, name, partitions, config)
        while not await _all_lead(admin, name):
            if time.monotonic() > deadline:
                raise TopicNotMade(f"topic {name}: some partitions have no leader after {_DEADLINE_SECONDS:.0f} s")
            await asyncio.sleep(0.05)
    except KafkaError as error:  # it is going down again: `down` came while it started
        raise TopicNotMade(f"topic {name}: Kafka went away while it was made: {error!r}") from error
    finally:
        await admin.close()
    return made


async def _connected(bootstrap_servers: str, deadline: float) -> AIOKafkaAdminClient:
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=5000)
        try:
            await admin.start()
        except KafkaConnectionError as error:
            await admin.close()
            if time.monotonic() > deadline:
                raise TopicNotMade(f"Kafka does not answer at {bootstrap_servers}: {error}") from error
            await asyncio.sleep(0.1)
        else:
            return admin


async def _make(admin: AIOKafkaAdminClient, name: str, partitions: int, config: Mapping[str, str]) -> bool:
    cluster = await admin.describe_cluster()
    copies = min(_MOST_COPIES, len(cluster["brokers"]))
    answer = await admin.create_topics([NewTopic(name, partitions, copies, topic_configs=dict(config))])
    for _, code, *message in answer.topic_errors:  # aiokafka raises none of them
        problem = for_code(code)
        if problem is TopicAlreadyExistsError:
            return False
        if code != 0:
            raise TopicNotMade(f"topic {name} could not be made: {problem.__name__} {message}")
    return True


async def _all_lead(admin: AIOKafkaAdminClient, name: str) -> bool:
    try:
        topics: list[dict[str, Any]] = await admin.describe_topics([name])
    except KafkaError:
        return False  # the broker is still coming up: the caller's deadline decides
    partitions = [partition for topic in topics for partition in topic["partitions"]]
    return bool(partitions) and all(partition["leader"] >= 0 for partition in partitions)
