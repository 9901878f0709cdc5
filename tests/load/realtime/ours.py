"""The notifier with a feed of lines in the place of Kafka: rings, batches, tokens, rooms and sockets are its own."""

import asyncio
import gc
import os
import sys
from datetime import UTC, datetime

import socketio
import uvloop
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from infra.notifier_process import SECRET
from load.realtime.feed import listen
from notifier.admission import Admission
from notifier.batch import Batches
from notifier.broadcast import Broadcast
from notifier.delivery import Delivery
from notifier.doors import Gate, listening_socket, server, socketio_server
from notifier.fanout import Fanout
from notifier.metrics import Metrics
from notifier.metronome import beat
from notifier.replay import Ring
from notifier.screens import Screens
from order_contracts.channels import partition_of
from order_contracts.token_settings import TokenSettings
from order_contracts.tokens import Tokens
from order_contracts.wire import Envelope

PARTITIONS, VENUES = 24, 1000


async def run(port: int, feed_port: int, window_ms: int) -> None:
    """Serve until cancelled."""
    sio, metrics = socketio_server(()), Metrics()
    broadcast, admission = Broadcast(sio), Admission(1e9, 0.0)
    rings = {number: Ring(start=0, max_age_ms=900_000, max_bytes=2**24) for number in range(PARTITIONS)}
    fanout = Fanout(epoch="0123abcd", rings=rings, batches=Batches(window_ms / 1000), replay_limit=5000)
    delivery = Delivery(fanout=fanout, rings=rings, broadcast=broadcast, metrics=metrics, now=lambda: datetime.now(UTC))
    tokens = Tokens(TokenSettings(jwt_secret=SECRET), fetch=None, complain=print)
    await tokens.start()
    screens = Screens(
        tokens=tokens,
        fanout=fanout,
        delivery=delivery,
        broadcast=broadcast,
        greeting=lambda: None,
        metrics=metrics,
        rooms_each=64,
    )
    screens.listen(sio)

    def take(room: str, value: bytes) -> None:
        venue = room.removeprefix("venue:")
        partition = partition_of(venue, PARTITIONS)
        offset = rings[partition].next
        event = Envelope("e", "order.placed.v1", "o", venue, "o1", 1, None, (), 0, "", offset, value)
        delivery.accepted(partition, offset, event)

    for number in range(VENUES):
        take(f"venue:v{number}", b"{}")  # a token for all venues opens those that the log knows
    await listen(feed_port, take)
    app = socketio.ASGIApp(sio, Starlette(routes=[Route("/readyz", lambda _: PlainTextResponse("ok"))]))
    deflate = os.environ.get("DEFLATE") == "1"
    http = server(Gate(app, closed=lambda: False, admit=lambda: None), deflate=deflate)
    beating = asyncio.create_task(beat(sio.eio, admission))
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    await http.serve([listening_socket("127.0.0.1", port)])
    beating.cancel()


if __name__ == "__main__":
    uvloop.run(run(*map(int, sys.argv[1:4])))
