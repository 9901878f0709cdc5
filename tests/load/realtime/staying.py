"""What connections cost: to make, to keep while nothing happens, and to take over from a replica that dies."""

import argparse
import time
from collections.abc import Iterator

import psutil

from load.realtime.contestants import contestants
from load.realtime.fanning import Rows


def idle(asked: argparse.Namespace) -> Iterator[tuple[str, Rows]]:
    """Measure connecting and staying: memory, and CPU while nothing happens but pings."""
    rows: Rows = {}
    for name in asked.only or ("ours", "node", "centrifuge", "centrifugo", "stock"):
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


def comeback(asked: argparse.Namespace) -> Iterator[tuple[str, Rows]]:
    """Measure how long 2,000 screens take to another replica when theirs dies, and what its own 500 notice of it."""
    rows: Rows = {}
    for name in asked.only or ("admitting", "ours"):
        one = contestants()[name]
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
