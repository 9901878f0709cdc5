"""A screen on the real JavaScript client, in a Node process of its own: what it saw, in order."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from infra.node import NODE

_SCRIPT = str(Path(__file__).with_suffix(".mjs"))


class JsScreen:
    """What a screen saw: `{what: connect | upgrade | answer | event | disconnect | again, …}`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.seen: list[dict[str, Any]] = []
        self._process = process
        self._reading = asyncio.create_task(self._read())

    def of(self, what: str) -> list[dict[str, Any]]:
        """Give all that it saw of one kind."""
        return [one for one in self.seen if one["what"] == what]

    def events(self, name: str) -> list[Any]:
        """Give the first argument of each event of a name."""
        return [one["args"][0] for one in self.of("event") if one["name"] == name]

    def ask(self, text: str) -> None:
        """Have it enter a room, or `drop` its connection."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())

    async def end(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.seen.append(json.loads(line))


@asynccontextmanager
async def js_screen(url: str, transports: str, room: str) -> AsyncIterator[JsScreen]:
    """Run one."""
    command = [NODE, _SCRIPT, url, transports, room]
    pipe = asyncio.subprocess.PIPE
    screen = JsScreen(await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe))
    try:
        yield screen
    finally:
        await screen.end()
