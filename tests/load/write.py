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
from load.write_subjects import BATCH, BATCHES, ONE, TWO, floor, install_peers, measure, subjects

FLOOR = "floor: bare aiokafka"
NOTES = f"""What the peers leave out, all in their favour: an event log (they overwrite rows; an emit dies with the
process), the first answer given again for a repeated key (they answer a new document), ETags and positions, unknown
fields and lengths refused (NestJS checks that there are items, fastify a few types), limits, rates, metrics. Alike:
a token is verified once and remembered, one INSERT on a pool of 16, prepared, with the seed's indexes, then an emit
to a room without members. None takes batches: ours by {BATCH} stand beside their single orders.
The floor counts its CPU from its first record on; it validates, decides, answers and reads nothing.
Two replicas share one core here, and the balancer, Kafka and the load client the other, so orders/s can't double;
what an order costs with two says what they would take with a core each."""


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
                console.print(f"  round {number + 1} of {rounds}: {subject.name}: {_in_short(saturated[subject.name])}")
            saturated[FLOOR].append(floor(backing, seconds))
        half = medians(saturated[ONE])["orders/s"] / 2
        paced = {f"{ONE}, at half of that": measure(all_[0], backing, seconds, 900_000_000, half)}
        paced[f"{ONE}, at 500/s"] = measure(all_[0], backing, seconds, 950_000_000, 500.0)
    found = {name: medians(rounds) for name, rounds in saturated.items()}
    return {"saturated": found, "paced": paced, "ratios": ratios(found)}


def _in_short(rounds: list[dict[str, float]]) -> str:
    return f"{rounds[-1]['orders/s']:,.0f} orders/s, {rounds[-1]['orders/CPU-s']:,.0f} a CPU-second"


def ratios(found: dict[str, dict[str, float]]) -> dict[str, float]:
    """Compare ours with the others, a CPU-second of all processes; and two replicas with one, a core each."""
    each = {name: figures["orders/CPU-s"] for name, figures in found.items()}
    named = {ONE: "single orders", BATCHES: "batches"}
    compared = {
        f"{named[ours]} / {other}": each[ours] / each[other]
        for ours in named
        for other in (FLOOR, "fastify + pg", "NestJS + pg")
    }
    two = 2 * found[ONE]["service us"] / found[TWO]["service us"]
    return {**compared, "two replicas with a core each / one, by their CPU": two}


def show(results: dict[str, Any], console: Console) -> None:
    """Print the tables."""
    rows = {**results["saturated"], **results["paced"]}
    table = Table("", *next(iter(rows.values())))
    for name, found in rows.items():
        table.add_row(name, *(f"{value:,.0f}" if value > 20 else f"{value:.1f}" for value in found.values()))
    console.print(table)
    compared = Table("", "ratio")
    for name, ratio in results["ratios"].items():
        compared.add_row(name, f"{ratio:.2f}")
    console.print(compared)
    console.print(NOTES)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="make bench AREA=write")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    arguments = parser.parse_args()
    install_peers()
    console = Console(highlight=False, width=140)
    results = run(arguments.rounds, arguments.seconds, console)
    show(results, console)
    console.print(f"kept in {write('write', results)}")


if __name__ == "__main__":
    main()
