"""A TCP proxy before Postgres that cuts connections at the worst moment, COMMIT, or lets them fall silent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

_COMMIT = b"COMMIT;\x00"


@dataclass
class Cuts:
    """How often to cut. Odd ones swallow COMMIT, even ones the answer to it."""

    wanted: int
    swallowed: int = 0
    unanswered: int = 0
    every: int = 4
    muted: bool = False  # whatever says something now is never answered again, nor told that it is not
    silenced: int = 0
    _seen: int = 0

    @property
    def done(self) -> int:
        """How many cuts there were."""
        return self.swallowed + self.unanswered

    def at_commit(self) -> str | None:
        """Say what happens at this COMMIT: "swallow", "silence", or None."""
        self._seen += 1
        if self.done >= self.wanted or self._seen % self.every:
            return None
        if self.swallowed <= self.unanswered:
            self.swallowed += 1
            return "swallow"
        self.unanswered += 1
        return "silence"


@asynccontextmanager
async def cutting(database_url: str, cuts: Cuts) -> AsyncIterator[str]:
    """Listen before a database; give the address to use."""
    target = urlsplit(database_url)
    assert target.hostname
    assert target.port
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        with suppress(OSError, asyncio.CancelledError):  # asyncio's callback can't take a cancelled one
            await _pass_on(reader, writer, (str(target.hostname), int(target.port or 0)), cuts)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield urlunsplit(target._replace(netloc=f"{target.username}:{target.password}@127.0.0.1:{port}"))
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: tuple[str, int], cuts: Cuts
) -> None:
    upstream, downstream = await asyncio.open_connection(*target)
    silent = asyncio.Event()
    answering = asyncio.create_task(_answer(upstream, writer, silent))
    try:
        while data := await reader.read(65536):
            if cuts.muted:
                cuts.silenced += 1
                silent.set()
                await reader.read()  # until the client gives up
                return
            what = cuts.at_commit() if data.endswith(_COMMIT) else None
            if what == "swallow":
                return
            if what == "silence":
                silent.set()
            downstream.write(data)
            await downstream.drain()
            if what == "silence":  # Postgres has answered, and nobody hears of it
                await answering
                return
    finally:
        answering.cancel()
        for one in (writer, downstream):
            one.transport.abort()
        await asyncio.gather(answering, return_exceptions=True)


async def _answer(upstream: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: asyncio.Event) -> None:
    while data := await upstream.read(65536):
        if silent.is_set():
            return
        writer.write(data)
    if not silent.is_set():
        writer.close()
