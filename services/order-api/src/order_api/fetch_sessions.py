"""Fetch sessions (KIP-227) for aiokafka, which names all partitions in each fetch and is answered with all of them.

In a session the broker remembers what it was asked for: a fetch names what has changed since the one before, and its
answer those partitions that have something to tell. Invariant: what goes wrong on the way ends a session, and the next
fetch names everything again; which leader, which offset and what an error means stays aiokafka's matter.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import for_code
from aiokafka.protocol.fetch import FetchRequest

_SINCE_VERSION, _LAST_EPOCH = 7, 2**31 - 1
Place = tuple[str, int]
Send = Callable[..., Awaitable[Any]]


def fetch_in_sessions(consumer: AIOKafkaConsumer) -> "Sessions":
    """Let a consumer fetch in sessions, through the one private name that this takes; tests say when it moves."""
    client: Any = consumer._client  # noqa: SLF001
    sessions = Sessions(client.send)
    client.send = sessions.send
    return sessions


class Sessions:
    """One session a broker, around what sends requests."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.open: dict[int, _Session] = {}  # by broker

    async def send(self, node_id: int, request: Any, **more: Any) -> Any:
        """Send a request as aiokafka's client does; a fetch in a session. Raises KafkaError."""
        if not isinstance(request, FetchRequest):
            return await self._send(node_id, request, **more)
        session = self.open.pop(node_id, None) or _Session()
        response = await self._send(node_id, _Fetch(request, session), **more)
        if response.API_VERSION >= _SINCE_VERSION:
            if response.error_code:
                raise for_code(response.error_code)("the fetch session is over")
            if response.session_id:  # 0: the broker has no room for one
                self.open[node_id] = session.went_on(response.session_id)
        return response


@dataclass(slots=True)
class _Session:
    """What a broker remembers: by place, what was asked for there. Id and epoch 0 ask for a new one."""

    id: int = 0
    epoch: int = 0
    known: dict[Place, tuple[int, ...]] = field(default_factory=dict)
    asked: dict[Place, tuple[int, ...]] = field(default_factory=dict)

    def narrow(self, built: Any) -> None:
        """Leave of a request that names everything what the broker does not know."""
        self.asked = {(topic, one[0]): one for topic, partitions in built.topics for one in partitions}
        changed, forgotten = defaultdict(list), defaultdict(list)
        for place, one in self.asked.items():
            if self.known.get(place) != one:
                changed[place[0]].append(one)
        for topic, number in self.known.keys() - self.asked.keys():
            forgotten[topic].append(number)
        built.session_id, built.session_epoch = self.id, self.epoch
        built.topics, built.forgotten_topics_data = list(changed.items()), list(forgotten.items())

    def went_on(self, session_id: int) -> "_Session":
        """Give the session as it is after an answer."""
        return _Session(session_id, self.epoch + 1 if self.epoch < _LAST_EPOCH else 1, self.asked)


class _Fetch(FetchRequest):  # type: ignore[misc]  # aiokafka comes without types
    def __init__(self, whole: FetchRequest, session: _Session) -> None:
        super().__init__(0, 0, 0, 0, whole.topics)
        self._whole, self._session = whole, session

    def build(self, request_struct_class: Any) -> Any:
        built = self._whole.build(request_struct_class)
        if built.API_VERSION >= _SINCE_VERSION:
            self._session.narrow(built)
        return built
