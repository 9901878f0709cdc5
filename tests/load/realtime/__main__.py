"""`make bench AREA=realtime`: what a delivery costs, beside stock python-socketio, Node, Go and the kernel's own price.

Interleaved rounds, medians; the server alone on core 0, the swarm and its producer on core 1. All batch by 100 ms.
make bench AREA=realtime ARGS="fanout idle growth pace --seconds 5"
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from load.bench import write
from load.realtime.contestants import Contestant, build, contestants

Rows = dict[str, list[dict[str, float]]]

SHAPES = {  # name: (screens, rooms, events a second, who takes part)
    "10 a room": (2000, 200, 2000, ("floor", "ours", "node", "centrifuge", "stock")),
    "10 a room, busy": (2000, 200, 13_000, ("floor", "ours", "node", "centrifuge")),
    "1,000 in one room": (1000, 1, 100, ("floor", "ours", "node", "centrifuge", "stock")),
    "10 a room, compressed": (2000, 200, 2000, ("ours", "deflated")),
}


def fan_out(
    one: Contestant, screens: int, rooms: int, rate: float, seconds: float, *, window_ms: int = 100
) -> dict[str, float]:
    """Measure one server under one load."""
    with (
        one.running(window_ms) as server,
        server.swarm(screens=screens, rooms=rooms, rate=rate, seconds=seconds) as swarm,
    ):
        before = server.cpu()
        seen = swarm.go()
        spent = server.cpu() - before
    return {
        "CPU-s per million": spent / max(1, seen["deliveries"]) * 1e6,
        "deliveries/s": seen["deliveries"] / seconds,
        "core %": spent / seconds * 100,
        "bytes each": seen["bytes"] / max(1, seen["deliveries"]),
        "p50 ms": seen["p50"],
        "p99 ms": seen["p99"],
    }


def compare(names: argparse.Namespace) -> Iterator[tuple[str, Rows]]:
    """Deliveries' cost, each shape and server, interleaved."""
    known = contestants()
    shapes = {shape: load for shape, load in SHAPES.items() if names.shape in shape}
    for shape, (screens, rooms, rate, servers) in shapes.items():
        rows: Rows = {}
        for _ in range(names.rounds):
            for name in servers:
                if not names.only or name in names.only:
                    rows.setdefault(known[name].name, []).append(
                        fan_out(known[name], screens, rooms, rate, names.seconds)
                    )
        yield f"{shape}: {screens} screens, {rate} events/s", rows


def growth(names: argparse.Namespace) -> Iterator[tuple[str, Rows]]:
    """Ours alone, as screens and rooms grow."""
    ours, rows = contestants()["ours"], {}
    for screens in (500, 2000, 8000):
        rows[f"{screens} screens, 10 a room"] = [fan_out(ours, screens, screens // 10, screens, names.seconds)]
    for members in (1, 10, 100, 1000):
        rooms = 1000 // members
        rows[f"{members} a room, 1,000 screens"] = [fan_out(ours, 1000, rooms, min(5000, 10 * rooms), names.seconds)]
    yield "growth", rows


def idle(names: argparse.Namespace) -> Iterator[tuple[str, Rows]]:
    """Measure connecting and staying: memory, and CPU while nothing happens but pings."""
    rows: Rows = {}
    for name in names.only or ("ours", "node", "centrifuge", "stock"):
        one = contestants()[name]
        with one.running() as server:
            time.sleep(0.5)
            resident, before = server.resident(), server.cpu()
            with server.swarm(screens=5000, rooms=500, rate=0, seconds=20) as swarm:
                connected, weight = server.cpu() - before, server.resident() - resident
                before = server.cpu()
                swarm.go()
                spent = server.cpu() - before
            rows[one.name] = [
                {
                    "connects/s": 5000 / swarm.connect_seconds,
                    "CPU ms a connect": connected / 5000 * 1e3,
                    "KB a connection": weight / 5000 / 1024,
                    "idle core %": spent / 20 * 100,
                }
            ]
    yield "5,000 connections", rows


def pace(names: argparse.Namespace) -> Iterator[tuple[str, Rows]]:
    """Find the most deliveries that are kept up with, and the latency at half of them."""
    rows: Rows = {}
    for name in names.only or ("ours", "node", "centrifuge"):
        one, wanted, best = contestants()[name], 20_000.0, {"deliveries/s": 0.0, "core %": 0.0, "p99 ms": 0.0}
        while (found := _kept(one, wanted)) is not None:
            best, wanted = found, wanted * 1.15
        half = _paced(one, best["deliveries/s"] / 2, names.seconds)
        rows[one.name] = [
            {
                "kept deliveries/s": best["deliveries/s"],
                "its core %": best["core %"],
                "its p99 ms": best["p99 ms"],
                "at half, deliveries/s": half["deliveries/s"],
                "at half, p50 ms": half["p50 ms"],
                "at half, p99 ms": half["p99 ms"],
            }
        ]
    yield "2,000 screens, 100 a room, windows of 10 ms", rows


def _kept(one: Contestant, wanted: float) -> dict[str, float] | None:
    """Say what a server that keeps up shows, in one of two tries: all is delivered, within 60 ms."""
    for _ in range(2):
        found = _paced(one, wanted, 2)
        if found["deliveries/s"] > 0.95 * wanted and found["p99 ms"] < 60:
            return found
    return None


def _paced(one: Contestant, wanted: float, seconds: float) -> dict[str, float]:
    """Have so many deliveries made a second, as far as the server keeps up.

    Events come at random and those of a window share a message: a room that gets r a second sends r / (1 + r * window).
    Windows of 10 ms, because 100 would bound each screen to ten deliveries a second.
    """
    screens, rooms, window = 2000, 20, 0.01
    messages = wanted / screens
    return fan_out(one, screens, rooms, rooms * messages / (1 - messages * window), seconds, window_ms=10)


def comeback(names: argparse.Namespace) -> Iterator[tuple[str, Rows]]:
    """Measure how long 2,000 screens take to another replica when theirs dies, and what its own 500 notice of it."""
    rows: Rows = {}
    for one in (contestants()["admitting"], contestants()["ours"]):
        with one.running() as dying, one.running() as staying:
            load = {"rooms": 200, "seconds": 16}
            with (
                staying.swarm(screens=500, rate=0, **load) as residents,
                dying.swarm(screens=2000, rate=1000, other=staying, **load) as moving,
            ):
                residents.begin()
                moving.begin()
                time.sleep(2)
                psutil.Process(dying.pid).kill()
                seen, undisturbed = moving.end(), residents.end()
        rows[one.name] = [
            {
                "s until all are back": seen["back"],
                "told to wait": seen["refused"],
                "residents' p50 ms": undisturbed["p50"],
                "residents' p99 ms": undisturbed["p99"],
            }
        ]
    yield "2,000 screens lose their replica; 500 were on the other", rows


SECTIONS: dict[str, Callable[[argparse.Namespace], Iterator[tuple[str, Rows]]]] = {
    "fanout": compare,
    "idle": idle,
    "growth": growth,
    "pace": pace,
    "comeback": comeback,
}


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], default=["fanout"])
    parser.add_argument("--shape", default="", help="those whose name has it")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[], choices=list(contestants()))
    names = parser.parse_args()
    build()
    results: dict[str, Any] = {"at": time.strftime("%Y-%m-%d %H:%M")}
    for section in names.sections:
        for title, rows in SECTIONS[section](names):
            results[title] = shown(title, rows)
    print(json.dumps(str(write(f"realtime-{'-'.join(names.sections)}", results))))


if __name__ == "__main__":
    main()
