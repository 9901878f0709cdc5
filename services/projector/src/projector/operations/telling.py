"""How an operation tells of itself on stderr: a bar where there is a terminal, else a line now and then."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from time import monotonic

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

_ASK_SECONDS, _LINE_SECONDS = 0.5, 5.0
Count = Callable[[], Awaitable[int]]


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")


class Telling:
    """One operation's voice. stdout stays free for its result."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        """Tell of a step."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)  # a line of a log stays one

    @asynccontextmanager
    async def progress(self, what: str, *, done: Count, total: int) -> AsyncIterator[None]:
        """Show, while the block runs, how much of `total` is done, at which rate, and what time is left."""
        watch = self._bar if self._console.is_terminal else self._lines
        watching = asyncio.create_task(watch(what, done, total))
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _bar(self, what: str, done: Count, total: int) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate())
        with Progress(*columns, TimeRemainingColumn(compact=True), console=self._console) as progress:
            task = progress.add_task(what, total=total, completed=await done())
            try:
                while True:
                    await asyncio.sleep(_ASK_SECONDS)
                    progress.update(task, completed=await done())
            finally:
                progress.update(task, description=what)

    async def _lines(self, what: str, done: Count, total: int) -> None:
        began, before = monotonic(), await done()
        self.say(f"{what}: {before:,} of {total:,}")
        while True:
            await asyncio.sleep(_LINE_SECONDS)
            now = await done()
            rate = (now - before) / (monotonic() - began)
            left = timedelta(seconds=round((total - now) / rate)) if rate else "unknown"
            self.say(f"{what}: {now:,} of {total:,}, {rate:,.0f}/s, time left {left}")
