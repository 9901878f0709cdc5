"""What is said where a topic can't be made."""

import pytest
from aiokafka.errors import KafkaConnectionError

from local_stack import topics


class GoingDown:
    """An admin client whose broker is being stopped."""

    closed = False

    async def describe_cluster(self) -> None:
        raise KafkaConnectionError("Connection at 127.0.0.1:9092 closed")

    async def close(self) -> None:
        self.closed = True


async def test_a_broker_that_goes_down_meanwhile_is_a_failure_to_start_and_no_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    admin = GoingDown()

    async def connected(*_: object) -> GoingDown:
        return admin

    monkeypatch.setattr(topics, "_connected", connected)
    with pytest.raises(topics.TopicNotMade, match=r"topic orders: Kafka went away.*9092 closed"):
        await topics.create_topic("127.0.0.1:9092", "orders", 1)
    assert admin.closed
