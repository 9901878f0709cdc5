"""The operator's commands: their arguments, what they print, their exit codes. stdout is the result, stderr the way.

0: done, and for `verify`: equal. 1: `verify` found a difference, or a replay is still refused. 2: wrong settings or
arguments. 3: not done, the last line says why and what to do. Every command takes --json.
"""

import argparse
import json
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import asyncpg
import uvloop
from aiokafka.errors import KafkaError
from rich.console import Console

from projector.checkpoints import EpochMismatch
from projector.database import UNAVAILABLE, WrongSchema, connect_directly
from projector.holdings import LineageBroken
from projector.log_contract import TopicUnfit
from projector.logs import configure_logs
from projector.operations.lag_report import lag_report
from projector.operations.letters import letters_of, queues
from projector.operations.rebuild import Rebuild
from projector.operations.refusal import Refusal
from projector.operations.requeue import StillRefused, discard, replay
from projector.operations.retention import retain
from projector.operations.shadow import only_one
from projector.operations.telling import Telling
from projector.operations.verify import Verify
from projector.read_models import Fenced
from projector.settings import LogSettings

DONE, DIFFERENT, NOT_DONE = 0, 1, 3
_NOT_DONE = (
    Refusal,
    TopicUnfit,
    EpochMismatch,
    LineageBroken,
    WrongSchema,
    Fenced,
    KafkaError,
    *UNAVAILABLE,
    asyncpg.PostgresError,
)
Outcome = tuple[int, Any, str]
"""Exit code, what --json prints, what is printed otherwise."""
Run = Callable[[argparse.Namespace], Coroutine[Any, Any, Outcome]]


class Operations:
    """The commands, of one set of settings."""

    def __init__(self, settings: LogSettings, telling: Telling) -> None:
        self._settings, self._telling = settings, telling

    async def rebuild(self, arguments: argparse.Namespace) -> Outcome:
        """Make the read models anew, beside the served ones, and swap them in."""
        task = Rebuild(self._settings, self._telling, processes=arguments.processes)
        done = await task.run(anew=arguments.anew, keep_old=arguments.keep_old)
        text = (
            f"rebuilt from {done.records:,} records in {done.seconds:,.1f} s "
            f"({done.filled:,} read in {done.fill_seconds:,.1f} s, indexes {done.index_seconds:,.1f} s), "
            f"swapped in {done.swap_seconds * 1000:.0f} ms"
        )
        return DONE, asdict(done), text + (f"; the old rows are in {done.retired}" if done.retired else "")

    async def verify(self, arguments: argparse.Namespace) -> Outcome:
        """Compare every row with what the log gives."""
        task = Verify(self._settings, self._telling, processes=arguments.processes, limit=arguments.limit)
        verdict = await task.run(anew=arguments.anew)
        rows = ", ".join(f"{name} {count:,}" for name, count in verdict.rows.items())
        if verdict.equal:
            text = f"equal: all rows are as {verdict.records:,} records of the log give them ({rows})"
            return DONE, {"equal": True, **asdict(verdict)}, text
        more = "" if verdict.complete else "at least "
        lines = [
            f"{one.table} {json.dumps(one.key)}: {one.kind} {_columns(one.columns)}" for one in verdict.differences
        ]
        lines += [f"{more}{len(verdict.differences)} rows differ from the log. `projector rebuild` sets them right"]
        return DIFFERENT, {"equal": False, **asdict(verdict)}, "\n".join(lines)

    async def lag(self, _: argparse.Namespace) -> Outcome:
        """Say how far the rows are behind the log."""
        connection = await connect_directly(self._settings)
        try:
            report = await lag_report(self._settings, connection)
        finally:
            await connection.close()
        lines = [f"{one.partition:>9} {one.next:>12} {one.records:>9} {one.seconds:>9.1f}" for one in report.partitions]
        head = "partition     position   records   seconds"
        return (
            DONE,
            asdict(report),
            "\n".join([head, *lines, f"    total {'':>12} {report.records:>9} {report.seconds:>9.1f}"]),
        )

    async def retention(self, arguments: argparse.Namespace) -> Outcome:
        """Drop the histories of orders that began long ago."""
        connection = await only_one(self._settings, self._settings.database_schema)
        try:
            done = await retain(
                connection,
                months=arguments.months,
                now=datetime.now(UTC),
                dry=arguments.dry_run,
                open_too=arguments.open_too,
            )
        finally:
            await connection.close()
        what = "dropped" if done.done else "would be dropped"
        text = f"{', '.join(done.dropped) or 'nothing'} {what}; histories are kept from {done.kept_from:%Y-%m-%d} on"
        return DONE, asdict(done), text

    async def dead_letters(self, arguments: argparse.Namespace) -> Outcome:
        """Show or end quarantines."""
        deciding = arguments.action == "discard"  # a rebuild takes decisions over when it begins: none may come later
        schema = self._settings.database_schema
        connection = await (only_one(self._settings, schema) if deciding else connect_directly(self._settings))
        try:
            return await getattr(self, f"_{arguments.action}")(connection, arguments)  # type: ignore[no-any-return]
        except asyncpg.UndefinedTableError as error:
            raise Refusal(f"there is no schema {self._settings.database_schema} yet") from error
        finally:
            await connection.close()

    async def _list(self, connection: asyncpg.Connection, arguments: argparse.Namespace) -> Outcome:
        found = await queues(connection, arguments.limit)
        lines = [
            f"{one.order_id} (venue {one.venue_id}): {one.letters} waiting since {one.since:%Y-%m-%d %H:%M:%S}, from "
            f"version {one.version}, {one.type}: {one.reason}"
            for one in found
        ]
        return DONE, [asdict(one) for one in found], "\n".join(lines or ["no order is quarantined"])

    async def _show(self, connection: asyncpg.Connection, arguments: argparse.Namespace) -> Outcome:
        found = await letters_of(connection, arguments.order)
        lines = [f"{name:>13}: {value}" for one in found for name, value in {**one, "": ""}.items()]
        return DONE, found, "\n".join(lines)

    async def _replay(self, connection: asyncpg.Connection, arguments: argparse.Namespace) -> Outcome:
        orders = [one.order_id for one in await queues(connection, 10**6)] if arguments.all else arguments.order
        if not orders and not arguments.all:
            raise Refusal("say which: an order's id, or --all")
        done, refused = [], []
        for order in orders:
            try:
                done.append(await replay(connection, order, partitions=self._settings.orders_partitions))
            except StillRefused as error:
                refused.append({"order_id": order, "reason": str(error)})
        lines = [f"{one.order_id}: {one.projected} events projected" for one in done]
        lines += [f"still refused, unchanged: {one['reason']}" for one in refused]
        code = DIFFERENT if refused else DONE
        return (
            code,
            {"replayed": [asdict(one) for one in done], "refused": refused},
            "\n".join(lines or ["nothing waits"]),
        )

    async def _discard(self, connection: asyncpg.Connection, arguments: argparse.Namespace) -> Outcome:
        partitions = self._settings.orders_partitions
        done = await discard(connection, arguments.order, arguments.note, partitions=partitions)
        text = f"{done.order_id}: one event passed over for good, {done.projected} behind it projected"
        return DONE, asdict(done), text + (f", {done.waiting} wait still: {done.reason}" if done.waiting else "")


def operate(settings: LogSettings, arguments: argparse.Namespace) -> int:
    """Run one command; give its exit code."""
    configure_logs("error" if settings.log_level == "info" else settings.log_level)
    console = Console(stderr=True)
    try:
        code, said = uvloop.run(perform(settings, arguments, console))
    except KeyboardInterrupt:
        console.print("stopped; the same command goes on from here")
        return NOT_DONE
    sys.stdout.write(said)
    return code


async def perform(settings: LogSettings, arguments: argparse.Namespace, console: Console) -> tuple[int, str]:
    """Run one command; give its exit code and what belongs on stdout."""
    telling = Telling(console)
    run: Run = getattr(Operations(settings, telling), arguments.operation)
    try:
        code, result, text = await run(arguments)
    except _NOT_DONE as error:
        who = "Postgres can't be reached: " if isinstance(error, OSError) else ""  # Kafka's own errors name it
        telling.say(f"not done: {who}{error or repr(error)}")
        return NOT_DONE, ""
    return code, (json.dumps(result, default=_plain) if arguments.json else text) + "\n"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _columns(columns: Any) -> str:
    return "; ".join(
        f"{name} is {_short(left)}, the log gives {_short(right)}" for name, (left, right) in columns.items()
    )


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 120 else text[:117] + "..."
