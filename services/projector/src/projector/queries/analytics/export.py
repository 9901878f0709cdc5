"""Reports as CSV, streamed: a server-side cursor in one REPEATABLE READ transaction, some rows in memory at a time."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from projector.queries.analytics.csv_text import csv_lines
from projector.queries.problems import unavailable
from projector.queries.rows import Rows

_ROWS_AT_ONCE = 500


class CsvResponse(StreamingResponse):
    """Gives its connection back however it ends: read to the end, or left by the reader."""

    media_type = "text/csv; charset=utf-8"

    def __init__(self, first: str, lines: AsyncGenerator[str, None], name: str) -> None:
        headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "private, no-store"}
        super().__init__(_after(first, lines), headers=headers)
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        async with aclosing(self._lines):
            await super().__call__(scope, receive, send)


class Exports:
    """Invariant: slow readers never hold all connections; so many at once and no more."""

    def __init__(self, rows: Rows, at_once: int) -> None:
        self._rows = rows
        self._turns = asyncio.Semaphore(at_once)

    async def start(self, sql: str, values: Sequence[object], name: str) -> CsvResponse:
        """Begin an export. What is wrong with the question is raised here, not in the middle of the answer."""
        if self._turns.locked():
            raise unavailable("as many exports as may run at once are running: ask again")
        lines = self._lines(sql, values)
        try:
            first = await anext(lines)
        except BaseException:
            await lines.aclose()
            raise
        return CsvResponse(first, lines, name)

    async def _lines(self, sql: str, values: Sequence[object]) -> AsyncGenerator[str, None]:
        async with self._turns, self._rows.one_moment() as connection:
            statement = await connection.prepare(sql)
            heading = [attribute.name for attribute in statement.get_attributes()]
            cursor = await statement.cursor(*values)
            rows: list[Any] = await cursor.fetch(_ROWS_AT_ONCE)
            yield csv_lines([heading, *rows])
            while rows := await cursor.fetch(_ROWS_AT_ONCE):
                yield csv_lines(rows)


async def _after(first: str, lines: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    yield first
    async for more in lines:
        yield more
