"""`make bench AREA=write`: accepted orders a second and a CPU-second, beside what the seed runs and the floor.

Interleaved rounds, medians, ratios within one run. The server has core 0 for itself; Kafka, Postgres and the load
client share core 1. Equal durability: neither waits for a disk (one broker's acks=all is its page cache; Postgres gets
synchronous_commit=off, which favours the peers).
"""

import argparse
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.services import backing_servers, state_folder
from load.bench import CLIENT_CORE, medians, pin, write
from load.write_subjects import BATCH, floor, install_peers, measure, subjects

FLOOR = "floor: bare aiokafka"
NOTES = f"""What the peers leave out, all in their favour: an event log (they overwrite rows; an emit dies with the
process), the first answer given again for a repeated key (they answer a new document), ETags and positions, unknown
fields and lengths refused (NestJS checks that there are items, fastify a few types), limits, rates, metrics. Alike:
a token is verified once and remembered, one INSERT on a pool of 16, prepared, with the seed's indexes, then an emit
to a room without members. None takes batches: ours by {BATCH} stand beside their single orders.
Two replicas share one core here, so orders/s does not double; what an order costs with two is what counts: on a
core each they take 2 x (an order's service us with one) / (with two) of what one takes."""


def run(rounds: int, seconds: float, console: Console) -> dict[str, Any]:
    """Measure all, interleaved."""
    with state_folder() as folder, backing_servers(folder) as backing:
        for name in ("kafka", "postgres"):
            pin(backing.run.programs[name].pid, CLIENT_CORE)
        all_ = subjects(backing)
        saturated: dict[str, list[dict[str, float]]] = {subject.name: [] for subject in all_} | {FLOOR: []}
        for number in range(rounds):
            for place, subject in enumerate(all_):
                first = (number * 10 + place) * 10_000_000
                saturated[subject.name].append(measure(subject, backing, seconds, first, None))
                console.print(f"  round {number + 1} of {rounds}: {subject.name} {saturated[subject.name][-1]}")
            saturated[FLOOR].append(floor(backing, all_[0].environment["ORDERS_TOPIC"], seconds))
        half = medians(saturated["order-api"])["orders/s"] / 2
        paced = {"order-api at half load": measure(all_[0], backing, seconds, 900_000_000, half)}
        paced["order-api at 500/s"] = measure(all_[0], backing, seconds, 950_000_000, 500.0)
    return {"saturated": {name: medians(found) for name, found in saturated.items()}, "paced": paced}


def show(results: dict[str, Any], console: Console) -> None:
    """Print the table, with ratios to ours: of single orders, and of events in batches."""
    rows = {**results["saturated"], **results["paced"]}
    ours = [results["saturated"][name]["orders/CPU-s"] for name in ("order-api", f"order-api, events by {BATCH}")]
    columns = next(iter(rows.values()))
    table = Table(*("", *columns, "ours / theirs, a CPU-second", "by batch / theirs"))
    for name, found in rows.items():
        ratios = (f"{one / found['orders/CPU-s']:.2f}" for one in ours)
        table.add_row(name, *(f"{value:,.0f}" if value > 20 else f"{value:.1f}" for value in found.values()), *ratios)
    console.print(table)
    console.print(NOTES)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="make bench AREA=write")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6)
    arguments = parser.parse_args()
    install_peers()
    console = Console(highlight=False, width=160)
    results = run(arguments.rounds, arguments.seconds, console)
    show(results, console)
    console.print(f"kept in {write('write', results)}")


if __name__ == "__main__":
    main()
