"""`make bench AREA=cost`: what a poll, a delivery, a connection and a handshake cost, with the real services.

One replica of each on this machine, and two of the notifier: one for Socket.IO, one for event streams: neither finds
the other's memory. CPU seconds are those of the service's own process, before and after. What is read off here goes
into the cost planner (deploy/cost), which multiplies; nothing here is a price or a guess.
"""

import argparse
import asyncio
import json
import platform
from datetime import UTC, datetime

import psutil

from infra.services import state_folder
from load.bench import write
from load.cost.clients import VENUE, Screen, Stream
from load.cost.meter import Meter
from load.cost.polled import polls
from load.cost.pushed import Following, followed, order
from local_stack.stack import Stack, StackOptions
from scanserve_client import OrderClient
from scanserve_cost.measured import PUSHED

NOBODY_IS_TURNED_AWAY = {"CONNECTS_PER_SECOND": "100000"}  # so many come at once only here


async def measured(screen_count: int, open_orders: int, seconds: float) -> dict[str, object]:
    """Run the whole of it."""
    with state_folder() as folder:
        async with Stack(StackOptions(folder, order_apis=1, notifiers=2, environment=NOBODY_IS_TURNED_AWAY)) as stack:
            token, meter = stack.token(venues=[VENUE]), Meter(stack)
            client = OrderClient(stack.order_api_urls, token)
            for number in range(open_orders):
                await client.place(VENUE, order(number), key=f"open-{number}")
            await client.close()
            await asyncio.sleep(2.0)
            polled = await polls(stack, meter, token, seconds)
            sockets = await followed(stack, meter, token, Following(Screen, 1, screen_count, seconds, "sockets"))
            streams = await followed(stack, meter, token, Following(Stream, 2, screen_count, seconds, "streams"))
    figures = polled | {"screens": screen_count} | sockets | {f"sse_{name}": streams[name] for name in PUSHED}
    machine = {"processor": platform.machine(), "cores": psutil.cpu_count(), "python": platform.python_version()}
    return {"date": datetime.now(UTC).date().isoformat(), "machine": machine, "open_orders": open_orders} | {
        "figures": {name: round(value, 9) for name, value in figures.items()}
    }


def main() -> None:
    """Measure, print, and keep the figures as JSON."""
    parser = argparse.ArgumentParser("load.cost", description="What a poll, a delivery and a connection cost.")
    parser.add_argument("--screens", type=int, default=300)
    parser.add_argument("--open-orders", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=8.0)
    asked = parser.parse_args()
    results = asyncio.run(measured(asked.screens, asked.open_orders, asked.seconds))
    print(json.dumps(results, indent=1))
    print(f"written to {write('cost', results)}")


if __name__ == "__main__":
    main()
