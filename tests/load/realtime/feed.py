"""The producer's lines, as every server of the bench reads them: `room TAB event NEWLINE`."""

import asyncio
from collections.abc import Callable


class Feed(asyncio.Protocol):
    """Gives each line to `take(room, event)`."""

    def __init__(self, take: Callable[[str, bytes], None]) -> None:
        self._take, self._rest = take, b""

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            room, _, event = line.partition(b"\t")
            self._take(room.decode(), event)


async def listen(port: int, take: Callable[[str, bytes], None]) -> None:
    """Take lines from whoever connects."""
    await asyncio.get_running_loop().create_server(lambda: Feed(take), "127.0.0.1", port)
