"""Who follows: the cheapest client there is of each kind, so that many fit beside what is measured."""

import asyncio
import json
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect

VENUE = "venue-1"


class Client:
    """Counts the batches that it is sent, their bytes as they come and their events."""

    def __init__(self) -> None:
        self.frames = self.bytes = self.events = 0

    async def open(self, url: str, token: str) -> None:
        """Connect, say who it is, and follow the venue from now on."""
        raise NotImplementedError

    async def close(self) -> None:
        """Hang up."""
        raise NotImplementedError


class Screen(Client):
    """A raw Engine.IO connection over WebSocket."""

    async def open(self, url: str, token: str) -> None:
        """Connect, say who it is, and enter the room."""
        self._socket: ClientConnection = await connect(
            f"{url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket", compression=None
        )
        await self._socket.recv()
        await self._socket.send("40" + json.dumps({"token": token}))
        await self._until("40")
        await self._socket.send("420" + json.dumps(["subscribe", {"room": f"venue:{VENUE}"}]))
        await self._until("430")
        self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Hang up."""
        self._reading.cancel()
        await self._socket.close()

    async def _until(self, start: str) -> None:
        while not str(await self._socket.recv()).startswith(start):
            pass

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame == "2":
                await self._socket.send("3")
            elif isinstance(frame, str) and '"batchOrderUpdates"' in frame[:30]:
                self.frames += 1
                self.bytes += len(frame.encode())
                self.events += len(json.loads(frame[2:])[1])


class Stream(Client):
    """An event stream read chunk by chunk: the notifier sends each of its outboxes as one."""

    async def open(self, url: str, token: str) -> None:
        """Ask for the stream and wait until it has joined."""
        at = urlsplit(url)
        self._reader, self._writer = await asyncio.open_connection(at.hostname, at.port)
        head = f"GET /v1/venues/{VENUE}/events HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n"
        self._writer.write(head.encode())
        answer = await self._reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200") or b"event: joined" not in (await self._chunk())[0]:
            raise RuntimeError(f"the stream did not open: {answer!r}")
        self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Hang up."""
        self._reading.cancel()
        self._writer.close()

    async def _chunk(self) -> tuple[bytes, int]:
        line = await self._reader.readline()
        size = int(line, 16)
        return (await self._reader.readexactly(size + 2))[:-2], len(line) + size + 2

    async def _read(self) -> None:
        while True:
            content, size = await self._chunk()
            batches = [event for event in content.split(b"\n\n") if b"event: batchOrderUpdates" in event]
            if batches:
                self.frames += len(batches)
                self.bytes += size
                self.events += sum(len(json.loads(event.partition(b"\ndata: ")[2])["events"]) for event in batches)
