"""What goes over the wire in a fetch session: all at first, then what has changed; and what ends one."""

from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v4, FetchRequest_v11, FetchResponse_v4, FetchResponse_v11
from aiokafka.protocol.metadata import MetadataRequest

from order_api.fetch_sessions import Sessions

LOST = 70


class Broker:
    """What it is asked for, as it goes over the wire, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.answer: tuple[int, int] | Exception = (0, 77)
        self.newest: Any = FetchRequest_v11

    async def send(self, node_id: int, request: Any, **more: Any) -> Any:
        if not isinstance(request, FetchRequest):
            return request
        built = request.build(self.newest)
        self.asked.append(self.newest.decode(built.encode()))
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.newest is FetchRequest_v4:
            return FetchResponse_v4(0, [])
        return FetchResponse_v11(0, *self.answer, [])


class Consumer:
    def __init__(self) -> None:
        self.broker = Broker()
        self.sessions = Sessions(self.broker.send)

    async def fetch(self, node: int = 1, **offsets: int) -> tuple[int, int, dict[str, int], list[int]]:
        """Fetch partitions p0, p1, … at offsets; give session, epoch, what was named, and what was forgotten."""
        wanted = [(int(name[1:]), offset, 1_000) for name, offset in offsets.items()]
        await self.sessions.send(node, FetchRequest(500, 1, 9_000, 0, [("orders", wanted)]))
        asked = self.broker.asked[-1]
        named = {f"p{one[0]}": one[2] for _, partitions in asked.topics for one in partitions}
        return asked.session_id, asked.session_epoch, named, [p for _, ps in asked.forgotten_topics_data for p in ps]


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


async def test_a_session_names_all_at_first_and_then_what_has_changed(consumer: Consumer) -> None:
    assert await consumer.fetch(p0=5, p1=6) == (0, 0, {"p0": 5, "p1": 6}, [])
    assert await consumer.fetch(p0=5, p1=7) == (77, 1, {"p1": 7}, [])
    assert await consumer.fetch(p0=5, p1=7) == (77, 2, {}, [])
    assert (consumer.broker.asked[-1].max_wait_time, consumer.broker.asked[-1].max_bytes) == (500, 9_000)


async def test_what_is_not_fetched_here_any_more_is_forgotten_and_comes_back_by_name(consumer: Consumer) -> None:
    await consumer.fetch(p0=5, p1=6)
    assert await consumer.fetch(p0=5) == (77, 1, {}, [1])
    assert await consumer.fetch(p0=5, p1=6) == (77, 2, {"p1": 6}, [])


async def test_each_broker_has_a_session_of_its_own(consumer: Consumer) -> None:
    await consumer.fetch(p0=5)
    consumer.broker.answer = (0, 88)
    assert await consumer.fetch(2, p1=6) == (0, 0, {"p1": 6}, [])
    assert await consumer.fetch(2, p1=6) == (88, 1, {}, [])


@pytest.mark.parametrize("failure", [KafkaConnectionError(), (LOST, 0)])
async def test_after_a_failure_all_is_named_again(consumer: Consumer, failure: Any) -> None:
    await consumer.fetch(p0=5, p1=6)
    consumer.broker.answer = failure
    with pytest.raises(KafkaError):  # which aiokafka waits after
        await consumer.fetch(p0=5, p1=6)
    consumer.broker.answer = (0, 78)
    assert await consumer.fetch(p0=5, p1=6) == (0, 0, {"p0": 5, "p1": 6}, [])


async def test_a_broker_without_room_for_a_session_is_told_all_each_time(consumer: Consumer) -> None:
    consumer.broker.answer = (0, 0)
    for _ in range(3):
        assert await consumer.fetch(p0=5, p1=6) == (0, 0, {"p0": 5, "p1": 6}, [])


async def test_a_broker_that_knows_no_sessions_is_told_all_each_time(consumer: Consumer) -> None:
    consumer.broker.newest = FetchRequest_v4
    for _ in range(2):
        await consumer.sessions.send(1, FetchRequest(500, 1, 9_000, 0, [("orders", [(0, 5, 1_000)])]))
        assert consumer.broker.asked[-1].topics == [("orders", [(0, 5, 1_000)])]


async def test_other_requests_go_as_they_are(consumer: Consumer) -> None:
    request = MetadataRequest([])
    assert await consumer.sessions.send(1, request) is request
