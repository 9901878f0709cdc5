"""A load client for HTTP/1.1 in one process: `python -m load.http_load` reads its task as JSON from standard input.

Closed loop without a rate: each connection sends when its answer has come. With a rate: requests start on the clock,
and latency counts from when a request was due, not from when it could be sent (no coordinated omission).
"""

import asyncio
import json
import sys
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat
from time import perf_counter

import psutil
import uvloop


@dataclass(frozen=True)
class Task:
    """What to send, for how long. `head` and `body` hold {n}, the request's number; lengths are made here.

    `head` may hold {m}, too: n by the modulus of `spread`. Where there are `prepared` paths and bodies, these are sent
    one after the other, the path for {path}, and then no more.

    Connections are spread over the ports, as a balancer would.
    """

    host: str
    ports: list[int]
    head: str
    body: str
    connections: int
    seconds: float
    rate: float | None = None
    first: int = 0
    core: int | None = None
    spread: int = 1
    prepared: list[list[str]] = field(default_factory=list)


@dataclass
class Outcome:
    """Requests answered, by status; latencies in seconds."""

    seconds: float = 0.0
    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    unsent: int = 0


class _Connection(asyncio.Protocol):
    def __init__(self, load: "Load") -> None:
        self._load, self._buffer, self._due = load, b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._load.idle(self)

    def send(self, due: float) -> None:
        self._due = due
        request = self._load.request()
        if request is not None:
            self.transport.write(request)  # type: ignore[attr-defined]  # a TCP transport writes

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        self._buffer = self._buffer[end + 4 + length :]
        self._load.answered(head[9:12].decode(), perf_counter() - self._due)
        self._load.idle(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._load.outcome.statuses["connection lost"] += 1


class Load:
    """One run of a task."""

    def __init__(self, task: Task) -> None:
        self.outcome = Outcome()
        self._task, self._requests = task, self._build()
        self._idle: deque[_Connection] = deque()
        self._due: deque[float] = deque()
        self._ends = self._last = 0.0

    async def run(self) -> Outcome:
        """Open the connections, send until the time is up, wait for the last answers."""
        loop, task = asyncio.get_running_loop(), self._task
        for number in range(task.connections):
            await loop.create_connection(lambda: _Connection(self), task.host, task.ports[number % len(task.ports)])
        began = perf_counter()
        self._ends = began + task.seconds
        if task.rate is None:
            while self._idle:
                self._idle.popleft().send(perf_counter())
            await asyncio.sleep(task.seconds)
        else:
            await self._paced(began, task.rate)
        self.outcome.seconds = (self._last if task.prepared else perf_counter()) - began
        await asyncio.sleep(0.2)
        return self.outcome

    async def _paced(self, began: float, rate: float) -> None:
        sent = 0
        while (now := perf_counter()) < self._ends:
            while sent < (now - began) * rate:
                self._due.append(began + sent / rate)
                sent += 1
            self._drain()
            await asyncio.sleep(0.0005)
        self.outcome.unsent = len(self._due)

    def _drain(self) -> None:
        while self._due and self._idle:
            self._idle.popleft().send(self._due.popleft())

    def idle(self, connection: _Connection) -> None:
        """Take back a connection that has its answer."""
        if self._task.rate is None and self._ends > 0 and perf_counter() < self._ends:
            connection.send(perf_counter())
        else:
            self._idle.append(connection)
            self._drain()

    def answered(self, status: str, seconds: float) -> None:
        """Count an answer."""
        self._last = perf_counter()
        if self._last < self._ends:
            self.outcome.requests += 1
            self.outcome.latencies.append(seconds)
        self.outcome.statuses[status] += 1

    def request(self) -> bytes | None:
        """Build the next request; None where all that was prepared has been sent."""
        return next(self._requests, None)

    def _build(self) -> Iterator[bytes]:
        task = self._task
        for number, (path, text) in enumerate(task.prepared or repeat(("", task.body)), task.first + 1):
            body = text.replace("{n}", str(number)).encode()
            head = (
                task.head.replace("{path}", path).replace("{n}", str(number)).replace("{m}", str(number % task.spread))
            )
            yield f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def main() -> None:
    """Run the task on standard input; write the outcome to standard output."""
    task = Task(**json.load(sys.stdin))
    if task.core is not None:
        psutil.Process().cpu_affinity([task.core])
    outcome = uvloop.run(Load(task).run())
    json.dump(vars(outcome), sys.stdout)


if __name__ == "__main__":
    main()
