"""The floor: uvloop's transport.write of one frame a member, behind the least that makes a WebSocket."""

import asyncio
import hashlib
import sys
from base64 import b64encode
from struct import pack

import uvloop

from load.realtime.feed import listen

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
rooms: dict[str, list[asyncio.Transport]] = {}


class Screen(asyncio.Protocol):
    """Answers the handshake and is in the room that the path names."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if not data.startswith(b"GET"):
            return
        path = data.split(b" ", 2)[1].decode()[1:]
        if path == "readyz":
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            return
        key = data.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
        proof = b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest())
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self.transport.write(head + b"Sec-WebSocket-Accept: " + proof + b"\r\n\r\n")
        rooms.setdefault(path, []).append(self.transport)


async def run(port: int, feed_port: int, window_ms: int) -> None:
    """Serve until cancelled."""
    loop = asyncio.get_running_loop()
    waiting: dict[str, list[bytes]] = {}

    def flush(room: str) -> None:
        data = b'42["batchOrderUpdates",[' + b",".join(waiting.pop(room)) + b"]]"
        size = len(data)
        head = pack("!BBH", 0x81, 126, size) if size < 65536 else pack("!BBQ", 0x81, 127, size)
        frame = head + data
        for transport in rooms.get(room, ()):
            transport.write(frame)

    def take(room: str, event: bytes) -> None:
        if room in waiting:
            waiting[room].append(event)
        else:
            waiting[room] = [event]
            loop.call_later(window_ms / 1000, flush, room)

    await listen(feed_port, take)
    serving = await loop.create_server(Screen, "127.0.0.1", port, backlog=2048)
    await serving.serve_forever()


if __name__ == "__main__":
    uvloop.run(run(*map(int, sys.argv[1:4])))
