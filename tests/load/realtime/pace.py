"""How many deliveries a second a server makes at most, and how late they are at half of that.

Lateness alone ends the climb: more events a second than a server keeps up with share ever larger messages, so how many
deliveries it makes says nothing of whether it keeps up, while what waits for its turn is seen by every screen.
"""

import argparse
from collections.abc import Iterator

from load.realtime.contestants import contestants
from load.realtime.fanning import Rows, fan_out
from load.realtime.servers import Contestant

SCREENS, ROOMS, WINDOW_MS = 2000, 20, 10
LATE_MS = 60.0
_FIRST, _STEP, _STEP_SECONDS = 40_000.0, 1.3, 2.0


def pace(asked: argparse.Namespace) -> Iterator[tuple[str, Rows]]:
    """Climb by events a second until 1 of 100 deliveries is late; the most that were made in time are what counts."""
    rows: Rows = {}
    for name in asked.only or ("uvloop", "ours", "node", "centrifuge", "centrifugo"):
        one = contestants()[name]
        most = _climbed(one)
        half = _under(one, events_for(most["deliveries/s"] / 2), asked.seconds)
        rows[one.name] = [
            {
                "most deliveries/s": most["deliveries/s"],
                "its core %": most["core %"],
                "its p99 ms": most["p99 ms"],
                "at half, deliveries/s": half["deliveries/s"],
                "at half, p50 ms": half["p50 ms"],
                "at half, p99 ms": half["p99 ms"],
            }
        ]
    yield f"{SCREENS:,} screens, {SCREENS // ROOMS} a room, windows of {WINDOW_MS} ms", rows


def events_for(deliveries: float) -> float:
    """Say how many events a second make so many deliveries, at random times: those of a window share a message.

    A room that gets r events a second sends r / (1 + r * window) messages.
    """
    messages = deliveries / SCREENS
    return ROOMS * messages / (1 - messages * WINDOW_MS / 1000)


def _climbed(one: Contestant) -> dict[str, float]:
    most, events = {"deliveries/s": 0.0, "core %": 0.0, "p99 ms": 0.0}, events_for(_FIRST)
    while (found := _in_time(one, events)) is not None:
        most, events = max(most, found, key=lambda one: one["deliveries/s"]), events * _STEP
    return most


def _in_time(one: Contestant, events: float) -> dict[str, float] | None:
    """Say what a server shows that is in time, in one of two tries."""
    for _ in range(2):
        found = _under(one, events, _STEP_SECONDS)
        if found["p99 ms"] < LATE_MS:
            return found
    return None


def _under(one: Contestant, events: float, seconds: float) -> dict[str, float]:
    return fan_out(one, SCREENS, ROOMS, events, seconds, window_ms=WINDOW_MS)
