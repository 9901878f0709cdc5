"""A plain TCP balancer, so that two replicas are measured behind one address: each connection goes to the next one.

`python -m load.balancer PORT TARGET_PORT...`. What one side is slow to take, the other is not read for.
"""

import asyncio
import sys
from itertools import cycle

import uvloop

from local_stack.ports import HOST


class _Side(asyncio.Protocol):
    """One of the two connections; what it receives goes to the other, in pieces until that one is open."""

    other: "_Side"

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._waiting: list[bytes] = []
        self._ended = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # TCP's, as uvloop's
        self.transport = transport
        for data in self._waiting:
            transport.write(data)
        if self._ended:
            transport.close()

    def data_received(self, data: bytes) -> None:
        self.other.send(data)

    def send(self, data: bytes) -> None:
        if self.transport is None:
            self._waiting.append(data)
        else:
            self.transport.write(data)

    def end(self) -> None:
        self._ended = True
        if self.transport is not None:
            self.transport.close()

    def pause_writing(self) -> None:
        if self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, _: Exception | None) -> None:
        self.other.end()


class _Client(_Side):
    def __init__(self, target: int, connecting: set["asyncio.Task[None]"]) -> None:
        super().__init__()
        self.other = _Side()
        self.other.other = self
        self._target, self._connecting = target, connecting

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        task = asyncio.create_task(self._connect())
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.other, HOST, self._target)
        except OSError:
            self.end()


async def balance(port: int, targets: list[int]) -> None:
    """Serve until cancelled."""
    turn, connecting = cycle(targets), set[asyncio.Task[None]]()
    server = await asyncio.get_running_loop().create_server(lambda: _Client(next(turn), connecting), HOST, port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    own, *others = map(int, sys.argv[1:])
    uvloop.run(balance(own, others))
