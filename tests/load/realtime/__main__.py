"""`make bench AREA=realtime`: what a delivery costs, beside stock python-socketio, Node, Go and the kernel's own price.

Interleaved rounds, medians; the server alone on core 0, the swarm and its producer on core 1. All batch by 100 ms.
make bench AREA=realtime ARGS="fanout idle growth pace comeback kafka --seconds 5"
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from load.bench import write
from load.realtime.contestants import build, contestants
from load.realtime.fanning import Rows, compare, growth
from load.realtime.pace import pace
from load.realtime.staying import comeback, idle
from load.realtime.through_kafka import through_kafka

SECTIONS: dict[str, Callable[[argparse.Namespace], Iterator[tuple[str, Rows]]]] = {
    "fanout": compare,
    "idle": idle,
    "growth": growth,
    "pace": pace,
    "comeback": comeback,
    "kafka": through_kafka,
}
_PEERS = {"fanout", "idle", "pace"}


def shown(title: str, rows: Rows) -> dict[str, dict[str, float]]:
    """Print a table of medians, and give it."""
    middle = {
        name: {figure: median(one[figure] for one in rounds) for figure in rounds[0]} for name, rounds in rows.items()
    }
    table = Table(title=title)
    table.add_column("")
    for figure in next(iter(middle.values())):
        table.add_column(figure, justify="right")
    for name, figures in middle.items():
        table.add_row(name, *(f"{value:,.1f}" for value in figures.values()))
    Console(width=130).print(table)
    return middle


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="make bench AREA=realtime", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], default=["fanout"])
    parser.add_argument("--shape", default="", help="those whose name has it")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[], choices=list(contestants()), metavar="NAME")
    asked = parser.parse_args()
    build(asked.only or (contestants() if _PEERS.intersection(asked.sections) else ()))
    results: dict[str, Any] = {"at": time.strftime("%Y-%m-%d %H:%M")}
    for section in asked.sections:
        for title, rows in SECTIONS[section](asked):
            if rows:
                results[title] = shown(title, rows)
    print(json.dumps(str(write(f"realtime-{'-'.join(asked.sections)}", results))))


if __name__ == "__main__":
    main()
