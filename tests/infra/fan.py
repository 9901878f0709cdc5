"""The notifier's ways in and rooms alone, without a log behind them, in the process of the test; and raw screens.

A raw screen is a bare TCP connection: it may stop reading, never answer, or vanish, as no client library would.
"""

import asyncio
import gc
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import ClassVar

import httpx
import socketio
from starlette.applications import Starlette
from websockets.frames import Frame, Opcode

from notifier.admission import Admission
from notifier.broadcast import Broadcast, event_text
from notifier.connection import Socket
from notifier.doors import Gate, server, socketio_server
from notifier.engine import NOTCH_SECONDS, RoomServer
from notifier.http_connection import HttpConnection
from notifier.websocket import WebSocket

_WITHIN = 10.0  # seconds; a test that waits longer has failed


@dataclass
class Fan:
    """A server whose screens enter a room with `enter {room}` and are answered `{entered}`; any token will do."""

    port: int
    sio: RoomServer
    broadcast: Broadcast
    admission: Admission

    def turns(self, count: int) -> None:
        """Let time pass for the wheel, and for nobody else."""
        for _ in range(count):
            self.sio.eio.turn()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def whole_turn(self) -> int:
        """Notches from one ping of a socket to the next."""
        return int(self.sio.eio.ping_interval / NOTCH_SECONDS)


@asynccontextmanager
async def fan(
    *, buffer_bytes: int = 64 * 1024, deflate: bool = False, rate: float = 1e6, request_seconds: float = 10.0
) -> AsyncIterator[Fan]:
    """Serve on a free port; afterwards, everything has ended."""
    sio, loop = socketio_server([], buffer_bytes), asyncio.get_running_loop()
    broadcast, admission = Broadcast(sio), Admission(rate, loop.time())

    async def connect(sid: str, environ: dict[str, str], auth: object = None) -> None:
        await asyncio.sleep(0)  # as a token's check may

    def enter(sid: str, wish: dict[str, str]) -> dict[str, str]:
        if wish["room"] not in sio.rooms(sid):
            broadcast.to_screen(sid, event_text("missed", {}))
        broadcast.enter(sid, wish["room"])
        return {"entered": wish["room"]}

    sio.on("connect", connect)
    sio.on("enter", enter)
    app = socketio.ASGIApp(sio, Starlette())
    gate = Gate(app, closed=lambda: False, admit=lambda: admission.ask(loop.time()))
    http = server(gate, buffer_bytes, deflate=deflate, request_seconds=request_seconds)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)  # so that a slow one shows early
        listening.bind(("127.0.0.1", 0))
        listening.listen(2048)
        serving = asyncio.create_task(http.serve([listening]))
        try:
            yield Fan(listening.getsockname()[1], sio, broadcast, admission)
        finally:
            while RawScreen.opened:  # uvloop does not close with one of them left, and a failed test leaves some
                RawScreen.opened.pop().vanish()
            http.should_exit = True
            await serving


async def polling(client: httpx.AsyncClient, room: str) -> dict[str, str]:
    """Enter a room by polling; give the query that names the session."""
    query = {"EIO": "4", "transport": "polling"}
    query["sid"] = json.loads((await client.get("/socket.io/", params=query)).text[1:])["sid"]
    await client.post("/socket.io/", params=query, content="40")
    await client.get("/socket.io/", params=query)
    await client.post("/socket.io/", params=query, content="420" + json.dumps(["enter", {"room": room}]))
    await client.get("/socket.io/", params=query)
    return query


class RawScreen:
    """One TCP connection that speaks WebSocket and Socket.IO by hand. Reads nothing that it isn't asked to read."""

    opened: ClassVar[list["RawScreen"]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.opened.append(self)

    @classmethod
    async def open(cls, port: int, *, sid: str = "") -> "RawScreen":
        """Open a WebSocket and read the 101."""
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
        screen = cls(*await asyncio.open_connection(sock=raw, limit=16 * 1024))
        session = f"&sid={sid}" if sid else ""
        screen.writer.write(
            f"GET /socket.io/?EIO=4&transport=websocket{session} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        answer = await screen.reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 101"):
            raise ConnectionRefusedError(answer.decode())
        return screen

    @classmethod
    async def enter(cls, port: int, room: str) -> "RawScreen":
        """Connect and enter a room."""
        screen = await cls.open(port)
        await screen.read()  # OPEN
        screen.send("40")
        await screen.read()  # CONNECT
        screen.send("420" + json.dumps(["enter", {"room": room}]))
        await screen.read_until("430")
        return screen

    def send(self, text: str) -> None:
        """Send a text message."""
        self.writer.write(Frame(Opcode.TEXT, text.encode()).serialize(mask=True))

    async def read(self) -> str:
        """Read one message, within a few seconds. Raises IncompleteReadError when the connection has ended."""
        async with asyncio.timeout(_WITHIN):
            return await self._read()

    async def _read(self) -> str:
        head = await self.reader.readexactly(2)
        size = head[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
        data = await self.reader.readexactly(size)
        return data.decode() if head[0] == 0x81 else f"opcode {head[0]:#x}"

    async def read_until(self, beginning: str) -> list[str]:
        """Read up to the first message that begins so; give all of them."""
        read = [await self.read()]
        while not read[-1].startswith(beginning):
            read.append(await self.read())
        return read

    async def ended(self) -> bool:
        """Wait until the other side has ended the connection."""
        with suppress(ConnectionResetError):
            async with asyncio.timeout(_WITHIN):
                while await self.reader.read(65_536):
                    pass
        return True

    def vanish(self) -> None:
        """End the connection without a word."""
        self.writer.transport.abort()


def held() -> dict[str, int]:
    """Count what a connection is made of, and the tasks."""
    gc.collect()
    found = [type(one) for one in gc.get_objects()]
    return {
        "sockets": sum(issubclass(one, Socket) for one in found),
        "websockets": sum(issubclass(one, WebSocket) for one in found),
        "requests": sum(issubclass(one, HttpConnection) for one in found),
        "tasks": len(asyncio.all_tasks()),
    }
