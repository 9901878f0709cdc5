"""Event streams as a wire: plain HTTP, for where Socket.IO can't go."""

import asyncio
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import httpx

from order_contracts.channels import BATCH, JOINED, RESYNC, Room
from scanserve_client.retrying import seconds_asked
from scanserve_client.wire import Answer, ConnectionRefused, Receiver

_SECONDS = 10.0
_SILENCE_SECONDS = 30.0  # a heartbeat comes every ten


class SseWire:
    """One stream at a time. It is opened by subscribe: an address names the room."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._url = self._token = ""
        self._reading: asyncio.Task[None] | None = None

    async def connect(self, url: str, token: str) -> None:
        """Take note of where to subscribe."""
        await self.close()
        self._url, self._token = url, token

    async def subscribe(self, room: str, position: str | None, within: float) -> Answer:
        """Open the room's stream; give its answer once what was missed has come. Raises ConnectionRefused."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read(room, position, answered))
        return await asyncio.wait_for(answered, within)

    async def refresh(self, token: str) -> Answer | None:  # noqa: ARG002  # a stream's token is its request's
        """Give None: a stream ends with its token, and a newer one needs a new stream."""
        return None

    async def close(self) -> None:
        """End the stream."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.wait([reading])

    async def _read(self, room: str, position: str | None, answered: "asyncio.Future[Answer]") -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "text/event-stream"}
        if position is not None:
            headers["Last-Event-ID"] = position
        reason = "the stream has ended"
        try:
            async with (
                httpx.AsyncClient(timeout=httpx.Timeout(_SECONDS, read=_SILENCE_SECONDS)) as http,
                http.stream("GET", self._url + path_of(room), headers=headers) as response,
            ):
                if response.status_code != HTTPStatus.OK:
                    raise await _refusal(response)
                async for name, body in events(response.aiter_lines()):
                    self._take(name, body, answered)
        except (httpx.HTTPError, ConnectionRefused) as error:
            reason = repr(error)
            if not answered.done():
                refused = error if isinstance(error, ConnectionRefused) else ConnectionRefused(reason)
                answered.set_exception(refused)
        finally:
            if not answered.done():
                answered.set_exception(ConnectionRefused(reason))
            self._receiver.on_gone(reason)

    def _take(self, name: str, body: Any, answered: "asyncio.Future[Answer]") -> None:
        if name == BATCH:
            self._receiver.on_batch(body["events"], body)
        elif name in (JOINED, RESYNC) and not answered.done():
            answer = body if name == JOINED else {"resync": True}
            self._receiver.on_answer(answer)
            answered.set_result(answer)
        else:
            self._receiver.on_message(name, body)


def path_of(room: str) -> str:
    """Give the address of a room's stream."""
    parsed = Room.parse(room)
    station = "" if parsed.station is None else f"?station={parsed.station}"
    return f"/v1/{parsed.kind}s/{parsed.id}/events{station}"


async def events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Any]]:
    """Read an event stream (WHATWG HTML, section 9.2) whose data is JSON: name and body, event by event."""
    name, data = "message", list[str]()
    async for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield name, json.loads("\n".join(data))
            name, data = "message", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)


async def _refusal(response: httpx.Response) -> ConnectionRefused:
    try:
        problem = json.loads(await response.aread())
    except ValueError:
        problem = {}
    text = str(problem.get("detail") or f"refused with {response.status_code}")
    final = response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    return ConnectionRefused(text, final=final, retry_after=seconds_asked(response.headers))
