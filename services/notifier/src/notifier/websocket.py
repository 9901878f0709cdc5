"""One WebSocket connection, as uvicorn's `Config(ws=...)` takes it: no task, no queue and no lock while it is idle.

uvicorn's own classes keep a task and a parser of some 20 KB for each connection and hand every message through ASGI.
This one runs the ASGI app for the opening alone: whoever finds it in the scope's extensions may `accept` with a peer,
which from then on is told what comes and writes to `transport` directly. Nobody else may use ASGI messages here but
to refuse. What must not break: bytes leave in the order of the calls, and `gone` is told exactly once.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from notifier.frames import CLOSE, FAIL, PING, PONG, TEXT, FrameReader, close_echo, closing, frame
from notifier.handshake import NotAnOpening, Opening, acceptance, read_opening, refusal

if TYPE_CHECKING:
    from starlette.types import Message, Scope

EXTENSION = "scanserve.websocket"
GOING_AWAY, UNSUPPORTED = 1001, 1003

_CLOSE_SECONDS = 5.0


class Peer(Protocol):
    """Who is told of a connection. Every call comes from the event loop and must not await."""

    def received(self, text: str) -> None:
        """Take a text message."""

    def filled(self) -> None:
        """Take note that the client reads too slowly: what is written now only waits."""

    def drained(self) -> None:
        """Take note that there is room again."""

    def gone(self) -> None:
        """Take note that the connection has ended, whoever ended it."""


class WebSocket(asyncio.Protocol):
    """Invariant: before `accept` there is an opening and an ASGI task, after it a peer and a reader; never both."""

    __slots__ = ("_closing", "_opening", "_peer", "_reader", "_scope", "_state", "_status", "config", "transport")

    # What `doors.server` sets on a subclass of its own: uvicorn makes the instances.
    deflate = False
    buffer_bytes = 256 * 1024

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.config, self._state = config, server_state
        self._scope: Scope | None = {"state": app_state.copy()}
        self._opening: Opening | None = None
        self._status: tuple[int, list[tuple[bytes, bytes]]] | None = None
        self._peer: Peer | None = None
        self._reader: FrameReader | None = None
        self._closing: asyncio.TimerHandle | None = None

    @property
    def takes_deflated(self) -> bool:
        """Whether the client reads compressed frames."""
        return self._reader is not None and self._reader.deflates

    @property
    def waiting_bytes(self) -> int:
        """How much waits for the client to read, beyond what the kernel holds."""
        return self.transport.get_write_buffer_size()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a connection from uvicorn's HTTP side, which repeats the request's head through data_received."""
        self.transport = cast(asyncio.Transport, transport)
        self._state.connections.add(cast(Any, self))

    def data_received(self, data: bytes) -> None:
        """Take bytes in: the request's head first, frames after the opening."""
        if self._reader is not None:
            self._read(self._reader, data)
        elif self._opening is not None:
            self.transport.abort()  # a client may not speak before it was answered
        elif self._scope is not None:
            self._open(data)

    def accept(self, peer: Peer, first: bytes) -> None:
        """Answer the opening and send the first frames, in one write; from now on the peer is told everything."""
        if self._opening is None:
            peer.gone()  # it has left meanwhile
            return
        deflate = self.deflate and self._opening.offers_deflate
        answer = acceptance(self._opening, deflate=deflate)
        self._peer, self._reader = peer, FrameReader(self.config.ws_max_size, deflate=deflate)
        self._opening = self._scope = None
        self.transport.set_write_buffer_limits(high=self.buffer_bytes)
        self.transport.write(answer + first)

    def listen(self, listening: bool) -> None:
        """Read on from the client, or leave what it sends in the kernel until it stops sending."""
        if not self.transport.is_closing():
            (self.transport.resume_reading if listening else self.transport.pause_reading)()

    def hand_over(self, peer: Peer) -> None:
        """Have another peer told from now on."""
        self._peer = peer

    def close(self, payload: bytes) -> None:
        """Send a close frame behind what was written, and wait a little for the client's; then cut."""
        if self._closing is None and not self.transport.is_closing():
            self.transport.write(frame(CLOSE, payload))
            self._closing = asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self.transport.abort)

    def abort(self) -> None:
        """Cut the connection and forget what waits for it."""
        self.transport.abort()

    def shutdown(self) -> None:
        """Close, as uvicorn asks for at its end."""
        if self._reader is None:
            self.transport.close()
        else:
            self.close(closing(GOING_AWAY))

    def pause_writing(self) -> None:
        """Tell the peer."""
        if self._peer is not None:
            self._peer.filled()

    def resume_writing(self) -> None:
        """Tell the peer."""
        if self._peer is not None:
            self._peer.drained()

    def eof_received(self) -> None:
        """Let the transport close itself."""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the protocol's signature
        """Tell the peer, once."""
        self._state.connections.discard(cast(Any, self))
        if self._closing is not None:
            self._closing.cancel()
        peer, self._peer, self._opening = self._peer, None, None
        if peer is not None:
            peer.gone()

    def _read(self, reader: FrameReader, data: bytes) -> None:
        for opcode, payload in reader.feed(data):
            if self.transport.is_closing():
                return
            if opcode == TEXT and self._peer is not None and self._closing is None:
                self._peer.received(payload.decode())
            elif opcode == PING and self._closing is None:
                self.transport.write(frame(PONG, payload))
            elif opcode == CLOSE:
                if self._closing is None:
                    self.transport.write(frame(CLOSE, close_echo(payload)))
                self.transport.close()
                return
            elif opcode == FAIL:
                self.close(payload)
            elif opcode not in {TEXT, PING, PONG}:
                self.close(closing(UNSUPPORTED, "text only"))

    def _open(self, head: bytes) -> None:
        try:
            self._opening = opening = read_opening(head)
        except NotAnOpening as wrong:
            self._refuse(wrong.answer)
            return
        path = opening.path.decode("ascii", "replace")
        scope: Scope = {
            **(self._scope or {}),
            "type": "websocket",
            "asgi": {"version": self.config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if is_ssl(self.transport) else "ws",
            "server": get_local_addr(self.transport),
            "client": get_remote_addr(self.transport),
            "root_path": self.config.root_path,
            "path": self.config.root_path + unquote(path),
            "raw_path": self.config.root_path.encode() + opening.path,
            "query_string": opening.query,
            "headers": opening.headers,
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}, EXTENSION: self},
        }
        task = asyncio.get_running_loop().create_task(self._run(scope))
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    async def _run(self, scope: "Scope") -> None:
        """Have the app look at the opening. It either has it accepted, or refuses through ASGI."""
        try:
            await self.config.loaded_app(cast(Any, scope), cast(Any, self._receive), cast(Any, self._send))
        finally:
            if self._opening is not None:
                self._refuse(refusal(500, []))

    async def _receive(self) -> "Message":
        if self._status is None and self._opening is not None:
            return {"type": "websocket.connect"}
        return {"type": "websocket.disconnect", "code": 1006}

    async def _send(self, message: "Message") -> None:
        match message["type"]:
            case "websocket.close":
                self._refuse(refusal(403, []))
            case "websocket.http.response.start":
                self._status = message["status"], list(message.get("headers", []))
            case "websocket.http.response.body" if self._status is not None:
                self._refuse(refusal(*self._status, message.get("body", b"")))
            case other:
                raise RuntimeError(f"{other} has no place here: accept through scope['extensions'][{EXTENSION!r}]")

    def _refuse(self, answer: bytes) -> None:
        if self._opening is not None or self._scope is not None:
            self._opening = self._scope = None
            self.transport.write(answer)
            self.transport.close()
