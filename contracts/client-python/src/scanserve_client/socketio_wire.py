"""Socket.IO as a wire: needs python-socketio's client (`pip install scanserve-client[follow]`)."""

import asyncio
from collections.abc import Sequence
from typing import Any

import socketio

from order_contracts.channels import (
    BATCH,
    DRAINING,
    FEED_STATUS,
    NOTICE,
    REFRESH,
    RESYNC,
    SIGNED_OUT,
    SUBSCRIBE,
)
from scanserve_client.wire import Answer, ConnectionRefused, Receiver

_MESSAGES = (RESYNC, FEED_STATUS, DRAINING, NOTICE, SIGNED_OUT)
_SECONDS = 10.0


class SocketIoWire:
    """A connection over Socket.IO that does not come back by itself: its user decides where to and when."""

    def __init__(self, receiver: Receiver, transports: Sequence[str] = ("websocket",)) -> None:
        self._receiver, self._transports = receiver, list(transports)
        self._client = socketio.AsyncClient(reconnection=False)

    async def connect(self, url: str, token: str) -> None:
        """Connect once. Raises ConnectionRefused with the notifier's words."""
        refusals: list[Any] = []
        self._client = client = socketio.AsyncClient(reconnection=False)
        client.on("connect_error", refusals.append)
        client.on("disconnect", self._receiver.on_gone)
        client.on(BATCH, self._receiver.on_batch)
        for name in _MESSAGES:
            client.on(name, self._teller(name))
        try:
            await client.connect(  # one second, the library's own patience, is too short for a server under a storm
                url, auth={"token": token}, transports=self._transports, wait_timeout=_SECONDS
            )
        except socketio.exceptions.ConnectionError as error:
            await client.disconnect()
            said = refusals[0] if refusals else str(error)
            if isinstance(said, dict):  # Socket.IO's own refusal, with our words; any other is a fault on the way
                raise ConnectionRefused(str(said["message"]), final=True) from error
            raise ConnectionRefused(str(said)) from error

    async def subscribe(self, room: str, position: str | None, within: float) -> Answer:
        """Enter a room."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def on_answer(answer: Answer) -> None:  # here, not after the await: live batches may follow at once
            self._receiver.on_answer(answer)
            if not answered.done():
                answered.set_result(answer)

        wish = {"room": room, **({} if position is None else {"position": position})}
        await self._client.emit(SUBSCRIBE, wish, callback=on_answer)
        return await asyncio.wait_for(answered, within)

    async def refresh(self, token: str) -> Answer | None:
        """Go on with a newer token; give the answer."""
        return dict(await self.call(REFRESH, {"token": token}))

    async def call(self, name: str, body: Any, within: float = _SECONDS) -> Any:
        """Send anything, and give the answer."""
        return await self._client.call(name, body, timeout=within)

    async def close(self) -> None:
        """Disconnect."""
        await self._client.disconnect()

    def _teller(self, name: str) -> Any:
        return lambda body=None: self._receiver.on_message(name, body)
