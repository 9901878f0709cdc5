"""What a delivery costs: one server under one load, the shapes of loads, and how the cost grows."""

import argparse
from collections.abc import Iterator

from load.realtime.contestants import contestants
from load.realtime.servers import Contestant

Rows = dict[str, list[dict[str, float]]]
"""Figures by round, by the row of the table that they belong to."""

_ALL = ("floor", "uvloop", "ours", "node", "centrifuge", "centrifugo", "recovering", "stock")
SHAPES = {  # name: (screens, rooms, events a second, who takes part)
    "10 a room": (2000, 200, 2000, _ALL),
    "10 a room, busy": (2000, 200, 13_000, tuple(name for name in _ALL if name != "stock")),
    "1,000 in one room": (1000, 1, 100, _ALL),
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


def compare(asked: argparse.Namespace) -> Iterator[tuple[str, Rows]]:
    """Deliveries' cost, each shape and server, interleaved."""
    known = contestants()
    shapes = {shape: load for shape, load in SHAPES.items() if asked.shape in shape}
    for shape, (screens, rooms, rate, servers) in shapes.items():
        rows: Rows = {}
        for _ in range(asked.rounds):
            for name in servers:
                if not asked.only or name in asked.only:
                    rows.setdefault(known[name].name, []).append(
                        fan_out(known[name], screens, rooms, rate, asked.seconds)
                    )
        yield f"{shape}: {screens} screens, {rate} events/s", rows


def growth(asked: argparse.Namespace) -> Iterator[tuple[str, Rows]]:
    """Ours alone, as screens and rooms grow."""
    ours = contestants()["ours"]
    rows: Rows = {}
    for _ in range(asked.rounds):
        for screens in (500, 2000, 8000):
            found = fan_out(ours, screens, screens // 10, screens, asked.seconds)
            rows.setdefault(f"{screens} screens, 10 a room", []).append(found)
        for members in (1, 10, 100, 1000):
            rooms = 1000 // members
            found = fan_out(ours, 1000, rooms, min(5000, 10 * rooms), asked.seconds)
            rows.setdefault(f"{members} a room, 1,000 screens", []).append(found)
    yield "growth", rows
