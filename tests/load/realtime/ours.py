"""The notifier with a feed of lines in the place of Kafka: everything behind the log's reader is its own."""

import asyncio
import gc
import sys
from time import monotonic
from typing import Any

import socketio
import uvloop
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from infra.notifier_process import SECRET
from load.realtime.feed import listen
from notifier.admission import Admission
from notifier.doors import Gate, listening_socket, server
from notifier.metronome import beat
from notifier.partition_log import Start
from notifier.parts import feed_side, watcher_side
from notifier.settings import Settings
from order_contracts.channels import PARTITIONS, partition_of
from order_contracts.guest_texts import GuestTexts
from order_contracts.tokens import Tokens
from order_contracts.wire import Envelope

VENUES = 1000
EPOCH = "0123abcd"


class NoLog:
    """In the place of the log's reader, which is not what is measured."""

    def assign(self, partitions: object) -> None:
        """Nothing to read."""

    def seek(self, partition: object, offset: int) -> None:
        """Nowhere to begin."""


async def run(port: int, feed_port: int, window_ms: int) -> None:
    """Serve until cancelled."""
    settings = Settings(kafka_bootstrap_servers="none", jwt_secret=SECRET, batch_window_ms=window_ms)
    nowhere: Any = None
    starts = {number: Start(0, end=0, since=0) for number in range(PARTITIONS)}
    feed = feed_side(settings, EPOCH, NoLog(), starts, GuestTexts(lambda: None))
    tokens = Tokens(settings, fetch=nowhere, complain=print)
    await tokens.start()
    watcher_side(settings, EPOCH, tokens, feed, unready=lambda: None, admit=lambda: None)
    offsets = dict.fromkeys(range(PARTITIONS), 0)

    places = {f"venue:v{number}": (f"v{number}", partition_of(f"v{number}", PARTITIONS)) for number in range(VENUES)}

    def take(room: str, value: bytes) -> None:
        venue, partition = places[room]
        offset = offsets[partition]
        offsets[partition] = offset + 1
        event = Envelope("e", "order.placed.v1", "o", venue, "o1", 1, None, (), 0, "", offset, value)
        feed.delivery.accepted(partition, offset, event)

    for number in range(VENUES):
        take(f"venue:v{number}", b"{}")  # a token for all venues opens those that the log knows
    await listen(feed_port, take)
    app = socketio.ASGIApp(feed.sio, Starlette(routes=[Route("/readyz", lambda _: PlainTextResponse("ok"))]))
    admission = Admission(settings.connects_per_second, monotonic())
    gate = Gate(app, closed=lambda: False, admit=lambda: admission.ask(monotonic()))
    http = server(gate, settings.socket_buffer_bytes, deflate=settings.compress_batches)
    beating = asyncio.create_task(beat(feed.sio.eio, admission))
    gc.freeze()  # as __main__ does
    gc.set_threshold(50_000, 20, 20)
    await http.serve([listening_socket("127.0.0.1", port)])
    beating.cancel()


if __name__ == "__main__":
    uvloop.run(run(*map(int, sys.argv[1:4])))
