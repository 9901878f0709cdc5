"""What `load.write` measures: ours in one or two replicas, the seed's stack beside it, the bare producer below.

Each round of ours and of the floor has a topic of its own: a start reads the log, and what it reads is not measured.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from infra.pos_client import SECRET, order_body, token
from infra.services import Backing
from load.bench import CLIENT_CORE, SERVER_CORE, cpu_seconds, kernel_seconds, load, percentile, pin
from load.changes import Orders, event
from load.http_load import Outcome, Task
from local_stack.ports import HOST, free_ports
from local_stack.program import Program, inherited
from local_stack.readiness import answers_ok

_WARM_UP, _PLACING = 1.5, 3.0
PEERS = Path(__file__).parent / "peers"
VENUES = 20
PARTITIONS = 24
BATCH = 50
ONE, TWO, BATCHES = "order-api", "order-api, two behind a balancer", f"order-api, events by {BATCH}"
CHANGE, CHANGES = "order-api, one change a POST", f"order-api, changes by {BATCH}"
BARE = "floor of a POST: HTTP, append, tail"


@dataclass(frozen=True)
class Subject:
    """A server under load: how it is started, in how many processes, and which store works for it."""

    name: str
    command: tuple[str, ...]
    store: str
    environment: dict[str, str]
    replicas: int = 1
    batch: int = 0  # events a request; 0 for one order a request
    changed: int = 0  # orders that are placed first, and then changed six times each

    @contextmanager
    def running(self, backing: Backing) -> Iterator[tuple[int, dict[str, int]]]:
        """Run it, all replicas on one core; give the port, and the pids whose CPU time counts."""
        names = [f"{self.name}-{number}" for number in range(self.replicas)]
        ports = free_ports([*names, "balancer"], {}, {})
        topic = {"ORDERS_TOPIC": backing.topic(PARTITIONS)} if self.store == "kafka" else {}
        backing.run.start(*(self._program(backing, name, ports[name], topic) for name in names))
        port, cores = ports[names[0]], dict.fromkeys(names, SERVER_CORE)
        if self.replicas > 1:
            port, cores["balancer"] = ports["balancer"], CLIENT_CORE
            backing.run.start(self._balancer(backing, port, [ports[name] for name in names]))
        pids = {name: backing.run.programs[name].pid for name in cores}
        try:
            for name, core in cores.items():
                pin(pids[name], core)
            yield port, {**pids, "store": backing.run.programs[self.store].pid}
        finally:
            for name in reversed(cores):
                backing.run.programs[name].stop()

    def _program(self, backing: Backing, name: str, port: int, more: dict[str, str]) -> Program:
        return Program(
            name=name,
            command=self.command,
            log=backing.run.state.logs / f"{name}.log",
            environment={**inherited(), **self.environment, **more, "HTTP_PORT": str(port), "JWT_SECRET": SECRET},
            is_ready=partial(answers_ok, port, "/readyz"),
        )

    def _balancer(self, backing: Backing, port: int, targets: list[int]) -> Program:
        return Program(
            name="balancer",
            command=(sys.executable, "-m", "load.balancer", str(port), *map(str, targets)),
            log=backing.run.state.logs / "balancer.log",
            environment=inherited(),
            is_ready=partial(answers_ok, port, "/readyz"),
        )


def subjects(backing: Backing) -> list[Subject]:
    """Give ours and the peers."""
    database = f"{backing.database()}?options=-c%20synchronous_commit%3Doff"
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": backing.kafka,
        "ORDERS_PARTITIONS": str(PARTITIONS),
        "RATE_LIMIT": "none",
    }
    ours = ((sys.executable, "-m", "order_api"), "kafka", environment)
    node, url = shutil.which("node") or "node", {"DATABASE_URL": database}
    return [
        Subject(ONE, *ours),
        Subject(TWO, *ours, replicas=2),
        Subject(BATCHES, *ours, batch=BATCH),
        Subject(CHANGE, *ours, changed=2_000),
        Subject(CHANGES, *ours, batch=BATCH, changed=6_000),
        Subject(BARE, (sys.executable, "-m", "load.bare_endpoint"), "kafka", environment),
        Subject("fastify + pg", (node, str(PEERS / "fastify.mjs")), "postgres", url),
        Subject("NestJS + pg", (node, str(PEERS / "nest.mjs")), "postgres", url),
    ]


def install_peers() -> None:
    """Install the Node peers from their lock."""
    if not (PEERS / "node_modules").exists():
        subprocess.run(
            [shutil.which("npm") or "npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=PEERS, check=True
        )


def measure(subject: Subject, backing: Backing, seconds: float, first: int, rate: float | None) -> dict[str, float]:
    """Run one round: warm up, then count."""
    with subject.running(backing) as (port, pids):
        warm_up, task = _tasks(subject, port, seconds, first, rate)
        load(warm_up)
        before, in_kernel = cpu_seconds(pids), kernel_seconds(pids)
        outcome = load(task)
        kernel = {name: after - in_kernel[name] for name, after in kernel_seconds(pids).items()}
        spent = {name: after - before[name] for name, after in cpu_seconds(pids).items()}
    return _figures(subject, outcome, spent, kernel)


def _tasks(subject: Subject, port: int, seconds: float, first: int, rate: float | None) -> tuple[Task, Task]:
    """Give the load that warms up, or places what will be changed, and the one that counts."""
    today = datetime.now(UTC).date().isoformat()
    order = order_body(display_number="N-{n}", business_date=today)
    venues = [f"bench-{number}" for number in range(VENUES)]
    if subject.changed:
        orders = Orders(subject.changed, first, {**order, "display_number": "N-1"}, venues)
        placing = _task(port, BATCH, "{path}", "", _PLACING, first)
        changing = _task(port, subject.batch, "{path}", "", seconds, first + 1_000_000)
        return (
            replace(placing, prepared=orders.placed(BATCH)),
            replace(changing, prepared=orders.changed(subject.batch)),
        )
    address = "/v1/events" if subject.batch else "/v1/venues/bench-{m}/orders"

    def task(seconds: float, first: int, rate: float | None = None) -> Task:
        """Orders of two lines, one venue after the other, each with a key of its own."""
        names = [(f"{first}-{{n}}-{number}", venues[number % VENUES]) for number in range(subject.batch)]
        events = [event(name, "order.place.v1", venue, order) for name, venue in names]
        return _task(port, subject.batch, address, json.dumps(events or order), seconds, first, rate)

    return task(min(_WARM_UP, seconds), first), task(seconds, first + 1_000_000, rate)


def _task(
    port: int, batch: int, address: str, body: str, seconds: float, first: int, rate: float | None = None
) -> Task:
    kind = "application/cloudevents-batch+json" if batch else "application/json"
    head = (
        f"POST {address} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {kind}\r\n"
        f"Authorization: Bearer {token(*(f'bench-{n}' for n in range(VENUES)))}\r\n"
        f"Idempotency-Key: bench-{first}-{{n}}"
    )
    connections = 8 if batch else 64
    return Task(HOST, [port], head, body, connections, seconds, rate, first, CLIENT_CORE, VENUES)


def _figures(subject: Subject, outcome: Outcome, spent: dict[str, float], kernel: dict[str, float]) -> dict[str, float]:
    """Turn a round into figures, an order. Anything but success spoils it."""
    if set(outcome.statuses) != {"200" if subject.batch or subject.changed else "201"} or not outcome.requests:
        raise RuntimeError(f"{subject.name} answered {dict(outcome.statuses)}")
    orders = max(1, subject.batch)
    answered = sum(outcome.statuses.values()) * orders
    services = [name for name in spent if name not in {"store", "balancer"}]
    service = sum(spent[name] for name in services)
    return {
        "orders/s": outcome.requests * orders / outcome.seconds,
        "orders/CPU-s": answered / sum(spent.values()),
        "service us": service / answered * 1e6,
        "of it kernel us": sum(kernel[name] for name in services) / answered * 1e6,
        "store us": spent["store"] / answered * 1e6,
        "balancer us": spent.get("balancer", 0.0) / answered * 1e6,
        "p50 ms": percentile(outcome.latencies, 0.5) * 1e3,
        "p99 ms": percentile(outcome.latencies, 0.99) * 1e3,
    }


def floor(backing: Backing, seconds: float) -> dict[str, float]:
    """Run the bare producer; its CPU time counts from its first record on."""
    kafka, topic = {"kafka": backing.run.programs["kafka"].pid}, backing.topic(PARTITIONS)
    before = cpu_seconds(kafka)
    command = [sys.executable, "-m", "load.append_floor", backing.kafka, topic, str(PARTITIONS), str(seconds)]
    done = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    store = cpu_seconds(kafka)["kafka"] - before["kafka"]
    return {
        "orders/s": done["appended"] / seconds,
        "orders/CPU-s": done["appended"] / (done["cpu"] + store),
        "service us": done["cpu"] / done["appended"] * 1e6,
        "of it kernel us": done["kernel"] / done["appended"] * 1e6,
        "store us": store / done["appended"] * 1e6,
        "balancer us": 0.0,
        "p50 ms": 0.0,
        "p99 ms": 0.0,
    }
