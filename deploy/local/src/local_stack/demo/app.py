"""The demo's composition root: the stack, the evening, the screens, the check; everything is taken down at the end."""

import asyncio
import shutil
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from uuid import uuid4

from rich.console import Console

from local_stack.demo.evening import PlannedOrder, plan
from local_stack.demo.ledger import Ledger, faults
from local_stack.demo.log_reader import LogReader
from local_stack.demo.menu import ORGANIZATION, venues
from local_stack.demo.pos import Pos
from local_stack.demo.rate import Rate
from local_stack.demo.rows import Rows
from local_stack.demo.screen import Screen
from local_stack.demo.view import Figures, milliseconds, show, table
from local_stack.stack import Stack, StackOptions
from order_contracts.channels import PARTITIONS
from order_contracts.guest_key_file import read_keys
from order_contracts.guest_texts import GuestTexts
from scanserve_client.wire import Transport

_SETTLE_SECONDS = 30.0
_SAMPLE_SECONDS = 0.5
_PUBLISHED_ORDERS = Path("shared/data/takeaway-orders.csv.gz")


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """How long, how many, and whether services are killed, or replaced one after the other, on the way."""

    seconds: float = 60.0
    venues: int = 20
    orders: int | None = None
    screens_a_venue: int = 2
    kill: bool = False
    roll: bool = False
    drain_seconds: float = 1.0
    transport: Transport = "socketio"
    seed: int = 2026

    @property
    def orders_planned(self) -> int:
        """How many orders the evening brings: six a second where nothing else was said."""
        return self.orders or round(self.seconds * 6)


async def run(options: DemoOptions, console: Console) -> int:
    """Run the demo; give 0 when all checks passed, 1 when something was off."""
    folder = Path(tempfile.mkdtemp(prefix="scanserve-demo-"))
    off = await _run(options, console, folder)
    if not off:
        shutil.rmtree(folder)
        console.print("[green]all checks passed[/green]")
        return 0
    for fault in off[:20]:
        console.print(f"[red]✗[/red] {fault}", soft_wrap=True)
    console.print(f"[red]{len(off)} checks failed[/red]; the logs are in {folder / 'logs'}", soft_wrap=True)
    return 1


async def _run(options: DemoOptions, console: Console, folder: Path) -> list[str]:
    name = uuid4().hex[:8]  # servers given from outside may hold other demos
    environment = {
        "ORDERS_TOPIC": f"demo.{name}",
        "DATABASE_SCHEMA": f"demo_{name}",
        "CONSUMER_GROUP": f"demo-{name}",
        "DRAIN_SECONDS": str(options.drain_seconds),
    }
    stack_options = StackOptions(folder, order_apis=2, notifiers=2, environment=environment)
    async with AsyncExitStack() as exits:
        stack = await exits.enter_async_context(Stack(stack_options, lambda text: console.print(f"  {text}")))
        keys = read_keys(stack.plan.guest_keys)
        guests = GuestTexts(lambda: keys)
        reader = LogReader(stack.kafka, environment["ORDERS_TOPIC"], PARTITIONS, guests)
        await reader.start()
        exits.push_async_callback(reader.stop)
        rows = Rows(stack.database_url, environment["DATABASE_SCHEMA"], guests)
        await rows.start()
        exits.push_async_callback(rows.stop)
        evening = Evening(options, stack, reader, rows)
        return await evening.run(console)


class Evening:
    """One run over a running stack."""

    def __init__(self, options: DemoOptions, stack: Stack, reader: LogReader, rows: Rows) -> None:
        self._options, self._stack, self._reader, self._rows = options, stack, reader, rows
        self._venues = venues(options.venues)
        self._ledger = Ledger()
        token = stack.token(sub="demo-pos", org=ORGANIZATION, venues=[venue.id for venue in self._venues])
        self._pos = Pos(stack.order_api_urls, token, self._ledger, pace=0.8, seed=options.seed)
        self._screens = [
            Screen(
                f"{venue.id}/{number}",
                venue.id,
                token=token,
                notifiers=stack.notifier_urls[number % 2 :] + stack.notifier_urls[: number % 2],
                query_url=stack.query_urls[0],
                ledger=self._ledger,
                transport=options.transport,
            )
            for venue in self._venues
            for number in range(options.screens_a_venue)
        ]
        self._events, self._batches = Rate(), Rate()
        self._lag = 0

    async def run(self, console: Console) -> list[str]:
        """Open the doors, serve, close, check; give what was off."""
        tasks = [asyncio.create_task(screen.follow(), name=screen.name) for screen in self._screens]
        tasks.append(asyncio.create_task(self._reader.read(), name="log reader"))
        try:
            async with asyncio.timeout(_SETTLE_SECONDS):
                await asyncio.gather(*(screen.following.wait() for screen in self._screens))
            planned = self._plan()
            how = f"{len(self._venues)} venues by {self._options.transport}"
            console.print(f"{len(self._screens)} screens follow {how}; the doors are open")
            await self._serve(console, planned)
            console.print(table("what was measured", self._summary()))
            return [*_ended(tasks), *await self._check()]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self._pos.close()

    def _plan(self) -> list[PlannedOrder]:
        found = next((path for parent in Path.cwd().parents if (path := parent / _PUBLISHED_ORDERS).exists()), None)
        return plan(
            venues=self._venues,
            seconds=self._options.seconds * 0.95,  # the last ones get a moment in the kitchen
            orders=self._options.orders_planned,
            business_date=datetime.now(UTC).date(),
            seed=self._options.seed,
            data=found,
        )

    async def _serve(self, console: Console, planned: list[PlannedOrder]) -> None:
        began = monotonic()
        async with asyncio.TaskGroup() as group:
            for order in planned:
                group.create_task(self._serve_one(order, began))
            if self._options.kill:
                group.create_task(self._kill_in_turn(console))
            if self._options.roll:
                group.create_task(self._roll(console))
            sampling = group.create_task(self._sample())
            await show(console, "Friday evening", self._figures, self._options.seconds)
            self._pos.last_call()
            sampling.cancel()

    async def _serve_one(self, order: PlannedOrder, began: float) -> None:
        await asyncio.sleep(max(0.0, began + order.at - monotonic()))
        await self._pos.serve(order)

    async def _kill_in_turn(self, console: Console) -> None:
        victims = ("order-api-1", "notifier-1", "projector-1", "query-1")
        for victim in victims:
            await asyncio.sleep(self._options.seconds / (len(victims) + 2))
            await self._stack.kill(victim)
            console.print(f"  killed {victim}")
        for victim in victims:
            await self._stack.ready(victim)

    async def _roll(self, console: Console) -> None:
        """Replace every replica as a roll-out does: asked to go, given its time; the next when this one is ready."""
        for name in self._stack.plan.replicas.names():
            await self._stack.stop_one(name)
            await self._stack.start_one(name)
            console.print(f"  replaced {name}")

    async def _sample(self) -> None:
        while True:
            now = monotonic()
            self._events.note(now, self._reader.accepted)
            self._batches.note(now, sum(screen.batches for screen in self._screens))
            self._lag = await self._rows.behind(self._reader.next)
            await asyncio.sleep(_SAMPLE_SECONDS)

    def _figures(self) -> Figures:
        ledger = self._ledger
        following = sum(screen.following.is_set() for screen in self._screens)
        return {
            "orders": f"{len(ledger.placed())} placed, {ledger.answers['acknowledged']} answers",
            "events/s": f"{self._events.now():.0f}",
            "batches/s to screens": f"{self._batches.now():.0f}",
            "screens": f"{following} of {len(self._screens)} following, {self._reconnects()} reconnects",
            "POST to answer": _percentiles(ledger.answer_seconds),
            "POST to screen": _percentiles(ledger.screen_seconds),
            "projection lag": f"{self._lag} records",
        }

    def _summary(self) -> Figures:
        """Say how it was over the whole evening."""
        rates = {"events/s": self._events, "batches/s to screens": self._batches}
        overall = {
            name: f"{rate.overall():.0f} on average, {rate.peak:.0f} at the peak" for name, rate in rates.items()
        }
        restarts = sum(process.restarts for process in self._stack.processes.values())
        return {**self._figures(), **overall, "services restarted": str(restarts)}

    def _reconnects(self) -> int:
        return sum(max(0, screen.connections - 1) for screen in self._screens)

    async def _check(self) -> list[str]:
        ends = await self._reader.read_to_end(_SETTLE_SECONDS)
        await self._rows.reach(ends, _SETTLE_SECONDS)
        rows, inconsistencies = await self._rows.orders(), await self._rows.inconsistencies()

        def off() -> list[str]:
            return faults(self._ledger, self._reader.truth, rows, [screen.seen() for screen in self._screens])

        ends_at = monotonic() + _SETTLE_SECONDS
        while off() and monotonic() < ends_at:  # the last batches are still on their way to the screens
            await asyncio.sleep(0.2)
        return [*off(), *inconsistencies]


def _percentiles(seconds: list[float]) -> str:
    return f"p50 {milliseconds(seconds, 0.5)}, p99 {milliseconds(seconds, 0.99)}"


def _ended(tasks: list[asyncio.Task[None]]) -> list[str]:
    return [f"{task.get_name()} ended: {task.exception()!r}" for task in tasks if task.done()]
