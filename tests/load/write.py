"""`make bench AREA=write`: accepted orders a second and a CPU-second, beside what the seed runs and the floor.

Interleaved rounds, medians, ratios within one run. The server has core 0 for itself; Kafka, Postgres and the load
client share core 1. Equal durability: neither waits for a disk (one broker's acks=all is its page cache; Postgres gets
synchronous_commit=off, which favours the peers).
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.pos_client import SECRET, order_body, token
from infra.services import Backing, backing_servers, state_folder
from load.bench import CLIENT_CORE, SERVER_CORE, cpu_seconds, load, medians, percentile, pin, write
from load.http_load import Outcome, Task
from local_stack.ports import HOST, free_ports
from local_stack.program import Program, inherited
from local_stack.readiness import answers_ok

PEERS = Path(__file__).parent / "peers"
VENUES = 20
PARTITIONS = 24


class Server:
    """A server under load: how it is started, and which processes work for it."""

    def __init__(self, name: str, command: tuple[str, ...], works_on: str, environment: dict[str, str]) -> None:
        self.name, self.command, self.works_on, self.environment = name, command, works_on, environment

    @contextmanager
    def running(self, backing: Backing) -> Iterator[tuple[int, dict[str, int]]]:
        """Run it on its core; give its port and the pids whose CPU time counts."""
        port = free_ports((self.name,), {}, {})[self.name]
        program = Program(
            name=f"{self.name}-{port}",
            command=self.command,
            log=backing.run.state.logs / f"{self.name}.log",
            environment={**inherited(), **self.environment, "HTTP_PORT": str(port), "JWT_SECRET": SECRET},
            is_ready=partial(answers_ok, port, "/readyz"),
        )
        backing.run.start(program)
        supervised = backing.run.programs[program.name]
        try:
            pin(supervised.pid, SERVER_CORE)
            yield port, {"service": supervised.pid, "store": backing.run.programs[self.works_on].pid}
        finally:
            supervised.stop()


def servers(backing: Backing) -> list[Server]:
    """Give ours and the peers."""
    database = f"{backing.database()}?options=-c%20synchronous_commit%3Doff"
    topic = backing.topic(PARTITIONS)
    ours = {"KAFKA_BOOTSTRAP_SERVERS": backing.kafka, "ORDERS_TOPIC": topic, "RATE_LIMIT": "none"}
    node = shutil.which("node") or "node"
    return [
        Server("order-api", (sys.executable, "-m", "order_api"), "kafka", ours),
        Server("fastify + pg", (node, str(PEERS / "fastify.mjs")), "postgres", {"DATABASE_URL": database}),
        Server("NestJS + pg", (node, str(PEERS / "nest.mjs")), "postgres", {"DATABASE_URL": database}),
    ]


def task(port: int, *, connections: int, seconds: float, first: int, rate: float | None = None) -> Task:
    """Give the load: orders of two lines at some venues, each with a key of its own."""

    venue = f"bench-{first % VENUES}"
    head = (
        f"POST /v1/venues/{venue}/orders HTTP/1.1\r\nHost: {HOST}:{port}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token(*(f'bench-{n}' for n in range(VENUES)))}\r\n"
        f"Idempotency-Key: bench-{first}-{{n}}"
    )
    body = json.dumps(order_body(display_number="N-{n}", business_date=datetime.now(UTC).date().isoformat()))
    return Task(HOST, port, head, body, connections, seconds, rate, first, CLIENT_CORE)


def measure(server: Server, backing: Backing, seconds: float, first: int, rate: float | None) -> dict[str, float]:
    """Run one round: warm up, then count."""
    with server.running(backing) as (port, pids):
        load(task(port, connections=64, seconds=min(3.0, seconds), first=first))
        before = cpu_seconds(pids)
        outcome = load(task(port, connections=64, seconds=seconds, first=first + 1_000_000, rate=rate))
        spent = {name: after - before[name] for name, after in cpu_seconds(pids).items()}
    return figures(server, outcome, spent)


def floor(backing: Backing, topic: str, seconds: float) -> dict[str, float]:
    """Run the bare producer; its start counts as CPU time, too, some 0.5 s."""
    kafka = {"kafka": backing.run.programs["kafka"].pid}
    before = cpu_seconds(kafka)
    command = [sys.executable, "-m", "load.append_floor", backing.kafka, topic, str(PARTITIONS), str(seconds)]
    done = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    store = cpu_seconds(kafka)["kafka"] - before["kafka"]
    return {
        "orders/s": done["appended"] / seconds,
        "orders/CPU-s": done["appended"] / (done["cpu"] + store),
        "service us": done["cpu"] / done["appended"] * 1e6,
        "store us": store / done["appended"] * 1e6,
        "p50 ms": 0.0,
        "p99 ms": 0.0,
    }


def figures(server: Server, outcome: Outcome, spent: dict[str, float]) -> dict[str, float]:
    """Turn a round into figures. Anything but a 201 spoils it."""
    if set(outcome.statuses) != {"201"} or not outcome.requests:
        raise RuntimeError(f"{server.name} answered {dict(outcome.statuses)}")
    answered = sum(outcome.statuses.values())
    return {
        "orders/s": outcome.requests / outcome.seconds,
        "orders/CPU-s": answered / sum(spent.values()),
        "service us": spent["service"] / answered * 1e6,
        "store us": spent["store"] / answered * 1e6,
        "p50 ms": percentile(outcome.latencies, 0.5) * 1e3,
        "p99 ms": percentile(outcome.latencies, 0.99) * 1e3,
    }


def install_peers() -> None:
    """Install the Node peers from their lock."""
    if not (PEERS / "node_modules").exists():
        subprocess.run(
            [shutil.which("npm") or "npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=PEERS, check=True
        )


def run(rounds: int, seconds: float, console: Console) -> dict[str, Any]:
    """Measure all, interleaved."""
    with state_folder() as folder, backing_servers(folder) as backing:
        for name in ("kafka", "postgres"):
            pin(backing.run.programs[name].pid, CLIENT_CORE)
        subjects = servers(backing)
        saturated: dict[str, list[dict[str, float]]] = {server.name: [] for server in subjects}
        bare = saturated.setdefault("floor: bare aiokafka", [])
        for number in range(rounds):
            for place, server in enumerate(subjects):
                first = (number * 10 + place) * 10_000_000
                saturated[server.name].append(measure(server, backing, seconds, first, None))
                console.print(f"  round {number + 1} of {rounds}: {server.name} {saturated[server.name][-1]}")
            bare.append(floor(backing, subjects[0].environment["ORDERS_TOPIC"], seconds))
        half = medians(saturated["order-api"])["orders/s"] / 2
        paced = {"order-api at half load": measure(subjects[0], backing, seconds, 900_000_000, half)}
        paced["order-api at 500/s"] = measure(subjects[0], backing, seconds, 950_000_000, 500.0)
    return {"saturated": {name: medians(found) for name, found in saturated.items()}, "paced": paced}


def show(results: dict[str, Any], console: Console) -> None:
    """Print the table, with ratios to ours."""
    rows = {**results["saturated"], **results["paced"]}
    ours = results["saturated"]["order-api"]
    table = Table(*("", *ours, "ours / theirs, a CPU-second"))
    for name, found in rows.items():
        ratio = ours["orders/CPU-s"] / found["orders/CPU-s"]
        table.add_row(
            name, *(f"{value:,.0f}" if value > 20 else f"{value:.1f}" for value in found.values()), f"{ratio:.2f}"
        )
    console.print(table)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="make bench AREA=write")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8)
    arguments = parser.parse_args()
    install_peers()
    console = Console(highlight=False, width=140)
    results = run(arguments.rounds, arguments.seconds, console)
    show(results, console)
    console.print(f"kept in {write('write', results)}")


if __name__ == "__main__":
    main()
