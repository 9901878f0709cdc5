"""The webhooks' commands: what they print, their exit codes. stdout is the result, stderr why there is none.

0: done. 1: `test` was not answered with 2xx. 2: wrong settings or arguments. 3: not done. Every command takes --json.
"""

import argparse
import asyncio
import json
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import uvloop

from order_contracts.events import TYPES
from order_contracts.ids import is_name
from order_contracts.positions import Position
from projector.database import UNAVAILABLE, connect_directly
from projector.logs import configure_logs
from projector.settings import WebhookSettings
from projector.webhooks.addresses import checked_url
from projector.webhooks.administration import OLD_SIGNS_FOR, Administration, NotDone, Standing
from projector.webhooks.answers import Outcome
from projector.webhooks.messages import test_body
from projector.webhooks.poster import Poster
from projector.webhooks.schema import migrate_webhooks
from projector.webhooks.session import post_signed
from projector.webhooks.telling import in_a_line, told

DONE, REFUSED, NOT_DONE = 0, 1, 3
Outcomes = tuple[int, Any, str]
"""Exit code, what --json prints, what is printed otherwise."""
_POSITIONS = "SELECT partition, epoch, next FROM positions ORDER BY partition"
_SINCE = """
SELECT partition, min(log_offset) AS first FROM order_events
WHERE appended_at >= $1 AND organization_id = $2 GROUP BY partition
"""
_LISTED = "\n".join


class WebhookCommands:
    """The commands, of one set of settings."""

    def __init__(self, settings: WebhookSettings, stack: AsyncExitStack) -> None:
        self._settings, self._stack = settings, stack

    async def add(self, asked: argparse.Namespace) -> Outcomes:
        """Add an endpoint."""
        try:
            url = checked_url(asked.url, allow_http=self._settings.webhooks_allow_http)
        except ValueError as error:
            raise NotDone(str(error)) from error
        wrong = [name for name in (asked.organization, *(asked.venues or ())) if not is_name(name)]
        if wrong:
            raise NotDone(f"no name of a venue or an organization: {', '.join(wrong)}")
        unknown = sorted(set(asked.types or ()) - set(TYPES))
        if unknown:
            raise NotDone(f"no type of event: {', '.join(unknown)}. There are {', '.join(TYPES)}")
        await asyncio.to_thread(migrate_webhooks, self._settings)
        end, book = await self._end(), await self._book()
        made = await book.add(
            organization=asked.organization,
            venues=asked.venues,
            types=asked.types,
            url=url,
            end=end,
            now=datetime.now(UTC),
        )
        return _with_secret(made, f"{made.endpoint.id} is sent what comes from now on")

    async def list(self, _: argparse.Namespace) -> Outcomes:
        """Name all endpoints."""
        found = await (await self._book()).all()
        return DONE, [told(one) for one in found], _LISTED(map(in_a_line, found)) if found else "there is no endpoint"

    async def show(self, asked: argparse.Namespace) -> Outcomes:
        """Tell all of one endpoint but its secret."""
        shown = told(await (await self._book()).one(asked.endpoint))
        return DONE, shown, _LISTED(f"{name:>15}: {'-' if value is None else value}" for name, value in shown.items())

    async def enable(self, asked: argparse.Namespace) -> Outcomes:
        """Send on."""
        skip_to = await self._end() if asked.skip else None
        after = await (await self._book()).enable(asked.endpoint, skip_to=skip_to, now=datetime.now(UTC))
        return DONE, told(after), in_a_line(after)

    async def disable(self, asked: argparse.Namespace) -> Outcomes:
        """Stop sending."""
        after = await (await self._book()).disable(asked.endpoint, "disabled by a person")
        return DONE, told(after), in_a_line(after)

    async def remove(self, asked: argparse.Namespace) -> Outcomes:
        """Forget an endpoint."""
        await (await self._book()).remove(asked.endpoint)
        return DONE, {"removed": asked.endpoint}, f"{asked.endpoint} is removed"

    async def rotate(self, asked: argparse.Namespace) -> Outcomes:
        """Make a new secret."""
        after = await (await self._book()).rotate(asked.endpoint, datetime.now(UTC))
        hours = round(OLD_SIGNS_FOR.total_seconds() / 3600)
        return _with_secret(after, f"{asked.endpoint} has a new secret; the old one signs too for {hours} hours")

    async def replay(self, asked: argparse.Namespace) -> Outcomes:
        """Send again."""
        book = await self._book()
        standing = await book.one(asked.endpoint)
        end = await self._end()
        if end.epoch != standing.endpoint.epoch:
            raise NotDone("the log is another one than the endpoint's: `webhooks enable --skip` first")
        places = await self._since(standing, end, asked.since) if asked.since else _places(asked.position, end)
        moved = await book.replay(asked.endpoint, places, datetime.now(UTC))
        kept_from = await (await self._rows()).fetchval("SELECT kept_from FROM trail_retention")
        since = str(Position(end.epoch, moved)) if moved else None
        result = {"endpoint": asked.endpoint, "from": since, "kept_from": kept_from and kept_from.isoformat()}
        if since is None:
            return DONE, result, f"{asked.endpoint} is not further than that in any partition: nothing to send again"
        gone = f"; events of orders that began before {kept_from:%Y-%m-%d} were dropped by age" if kept_from else ""
        return DONE, result, f"{asked.endpoint} is sent again what follows {since}{gone}"

    async def test(self, asked: argparse.Namespace) -> Outcomes:
        """Send a test event."""
        endpoint = (await (await self._book()).one(asked.endpoint)).endpoint
        poster = Poster(self._settings.webhooks_allow_networks, allow_http=self._settings.webhooks_allow_http)
        self._stack.push_async_callback(poster.close)
        name, now = str(uuid4()), datetime.now(UTC)
        answer = await post_signed(poster, endpoint, name, now, test_body(name, endpoint.organization_id, now))
        seconds = (datetime.now(UTC) - now).total_seconds()
        taken = answer.outcome is Outcome.DELIVERED
        result = {"id": name, "delivered": taken, "answer": answer.text, "seconds": seconds}
        return DONE if taken else REFUSED, result, f"{answer.text}, after {seconds * 1000:.0f} ms"

    async def _book(self) -> Administration:
        connection = await connect_directly(self._settings, schema=self._settings.webhooks_schema)
        self._stack.push_async_callback(connection.close)
        return Administration(connection)

    async def _rows(self) -> asyncpg.Connection:
        connection = await connect_directly(self._settings)
        self._stack.push_async_callback(connection.close)
        return connection

    async def _end(self) -> Position:
        try:
            rows = await (await self._rows()).fetch(_POSITIONS)
        except asyncpg.UndefinedTableError:
            rows = []
        if not rows:
            raise NotDone(f"no projector has run in the schema {self._settings.database_schema} yet")
        return Position(rows[0]["epoch"], {row["partition"]: row["next"] for row in rows})

    async def _since(self, standing: Standing, end: Position, text: str) -> dict[int, int]:
        since = _moment(text)
        rows = await (await self._rows()).fetch(_SINCE, since, standing.endpoint.organization_id)
        return {**end.next, **{row["partition"]: row["first"] for row in rows}}


def operate_webhooks(settings: WebhookSettings, arguments: argparse.Namespace) -> int:
    """Run one command; give its exit code."""
    configure_logs("error" if settings.log_level == "info" else settings.log_level)
    code, said, told = uvloop.run(perform(settings, arguments))
    sys.stdout.write(said)
    sys.stderr.write(told)
    return code


async def perform(settings: WebhookSettings, arguments: argparse.Namespace) -> tuple[int, str, str]:
    """Run one command; give its exit code, and what belongs on stdout and stderr."""
    async with AsyncExitStack() as stack:
        try:
            code, result, text = await getattr(WebhookCommands(settings, stack), arguments.action)(arguments)
        except asyncpg.UndefinedTableError:
            return NOT_DONE, "", "not done: there are no endpoints yet: `projector webhooks add`\n"
        except (NotDone, asyncpg.PostgresError, *UNAVAILABLE) as error:
            return NOT_DONE, "", f"not done: {error or repr(error)}\n"
        return code, (json.dumps(result) if arguments.json else text) + "\n", ""


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotDone(f"--since: {error}") from error
    if moment.tzinfo is None:
        raise NotDone("--since must be a time with its zone, such as 2026-11-24T19:05:00Z")
    return moment


def _places(text: str, end: Position) -> dict[int, int]:
    try:
        asked = Position.parse(text)
    except ValueError as error:
        raise NotDone(str(error)) from error
    if asked.epoch != end.epoch:
        raise NotDone("the position is of another life of the log: use --since")
    if any(offset > end.next.get(partition, -1) for partition, offset in asked.next.items()):
        raise NotDone("the position is ahead of the rows")
    return dict(asked.next)


def _with_secret(one: Standing, text: str) -> Outcomes:
    secret = one.endpoint.secret
    return DONE, {**told(one), "secret": secret}, f"{text}\nsecret, shown this once: {secret}"
