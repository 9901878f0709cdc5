"""`make bench AREA=write`: accepted orders a second and a CPU-second, beside what the seed runs and the floor.

Interleaved rounds, medians, ratios within one run. The server has core 0 for itself; Kafka, Postgres and the load
client share core 1. Equal durability: neither waits for a disk (one broker's acks=all is its page cache; Postgres gets
synchronous_commit=off, which favours the peers).
"""

import argparse
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.services import backing_servers, state_folder
from load.bench import CLIENT_CORE, RESULTS, medians, pin, write
from load.write_subjects import BARE, BATCH, BATCHES, ONE, TWO, Subject, floor, install_peers, measure, subjects

FLOOR = "floor: bare producer"
HALF = "half"
NOTES = f"""What the peers leave out, all in their favour: an event log (they overwrite rows; an emit dies with the
process), the first answer given again for a repeated key (they answer a new document), ETags and positions, unknown
fields and lengths refused (NestJS checks that there are items, fastify a few types), limits, rates, metrics. Alike:
a token is verified once and remembered, one INSERT on a pool of 16, prepared, with the seed's indexes, then an emit
to a room without members. None takes batches: ours by {BATCH} stand beside their single orders.
The floors append the bytes that order-api would and know no business: the bare producer has neither HTTP nor a tail,
the bare endpoint has both, and answers when its tail has passed the record.
Two replicas share one core here, and the balancer, Kafka and the load client the other, so orders/s can't double;
what an order costs with two says what they would take with a core each."""


def run(rounds: int, seconds: float, console: Console) -> dict[str, Any]:
    """Measure all, interleaved; what is paced goes at half of what the same round has just reached, and at 500/s.

    What there is after a round is kept, should the next one be cut off.
    """
    with state_folder() as folder, backing_servers(folder) as backing:
        for name in ("kafka", "postgres"):
            pin(backing.run.programs[name].pid, CLIENT_CORE)
        all_ = subjects(backing)
        found: dict[str, list[dict[str, float]]] = {}
        for number in range(rounds):
            for place, (name, subject, rate) in enumerate(_turns(all_)):
                first = (number * 20 + place) * 10_000_000
                pace = found[ONE][-1]["orders/s"] / 2 if isinstance(rate, str) else rate
                found.setdefault(name, []).append(measure(subject, backing, seconds, first, pace))
                console.print(f"  round {number + 1} of {rounds}: {name}: {_in_short(found[name][-1])}")
            found.setdefault(FLOOR, []).append(floor(backing, seconds))
            middle = {name: medians(figures) for name, figures in found.items()}
            write("write", results := {"medians": middle, "rounds": found, "ratios": ratios(middle)})
    return results


def _turns(all_: list[Subject]) -> Iterator[tuple[str, Subject, float | str | None]]:
    """Say in which order a round measures what, and at which rate."""
    for subject in all_:
        yield subject.name, subject, None
        if subject.name == ONE:
            yield f"{ONE}, at half of that", subject, HALF
            yield f"{ONE}, at 500/s", subject, 500.0


def _in_short(figures: dict[str, float]) -> str:
    return f"{figures['orders/s']:,.0f} orders/s, {figures['orders/CPU-s']:,.0f} a CPU-second"


def ratios(found: dict[str, dict[str, float]]) -> dict[str, float]:
    """Compare ours with the others, a CPU-second of all processes; and two replicas with one, a core each."""
    each = {name: figures["orders/CPU-s"] for name, figures in found.items()}
    named = {ONE: "single orders", BATCHES: "batches"}
    compared = {
        f"{named[ours]} / {other}": each[ours] / each[other]
        for ours in named
        for other in (FLOOR, BARE, "fastify + pg", "NestJS + pg")
    }
    two = 2 * found[ONE]["service us"] / found[TWO]["service us"]
    return {**compared, "two replicas with a core each / one, by their CPU": two}


def show(results: dict[str, Any], console: Console) -> None:
    """Print the tables."""
    rows = results["medians"]
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
    parser.add_argument("--seconds", type=float, default=3)
    arguments = parser.parse_args()
    install_peers()
    console = Console(highlight=False, width=140)
    results = run(arguments.rounds, arguments.seconds, console)
    show(results, console)
    console.print(f"kept in {RESULTS / 'write.json'}")


if __name__ == "__main__":
    main()
