"""What the notifier is made of, put together: the feed's side, the watchers' side, and the operators'."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import time
from uuid import uuid4

from aiokafka import AIOKafkaConsumer

from notifier.admin import Admin
from notifier.batch import Batches
from notifier.bearer import Bearer
from notifier.broadcast import Broadcast
from notifier.calls import carry_out
from notifier.delivery import Delivery
from notifier.doors import socketio_server
from notifier.engine import RoomServer
from notifier.entrance import Entrance
from notifier.fanout import Fanout
from notifier.metrics import Metrics
from notifier.order_feed import OrderFeed
from notifier.partition_log import Start
from notifier.presence import observe
from notifier.replay import Ring
from notifier.replicas import Alone, ByRedis, Replicas, connect
from notifier.rounds import Rounds
from notifier.screens import Screens
from notifier.settings import Settings
from notifier.sse import EventStreams
from notifier.streams import Streams
from notifier.tracing import batch_notes
from notifier.watchers import Watchers
from order_contracts.guest_texts import GuestTexts
from order_contracts.tokens import Tokens
from order_contracts.tracing import Tracing
from order_contracts.verified import VerifiedTokens


@dataclass(frozen=True, slots=True)
class FeedSide:
    """From the log to the rooms."""

    metrics: Metrics
    sio: RoomServer
    broadcast: Broadcast
    streams: Streams
    fanout: Fanout
    delivery: Delivery
    feed: OrderFeed
    rounds: Rounds


@dataclass(frozen=True, slots=True)
class WatcherSide:
    """Who follows, and how they come in."""

    watchers: Watchers
    event_streams: EventStreams
    admin: Admin
    replicas: Replicas


def feed_side(
    settings: Settings,
    epoch: str,
    consumer: AIOKafkaConsumer,
    starts: dict[int, Start],
    guests: GuestTexts,
    tracing: Tracing | None = None,
) -> FeedSide:
    """Put together what reads the log and serves rooms."""
    metrics, sio = Metrics(), socketio_server(settings.cors_origins, settings.socket_buffer_bytes)
    broadcast, streams = Broadcast(sio), Streams(most_bytes=settings.stream_bytes, now=_now)
    rings = {
        number: Ring(start=start.offset, max_age_ms=settings.ring_ms, max_bytes=settings.ring_bytes)
        for number, start in starts.items()
    }
    fanout = Fanout(
        epoch=epoch,
        rings=rings,
        batches=Batches(settings.windows),
        replay_limit=settings.replay_limit,
        cap=settings.cap,
        guests=guests,
    )
    delivery = Delivery(
        fanout=fanout,
        rings=rings,
        broadcast=broadcast,
        streams=streams,
        metrics=metrics,
        now=_now,
        note=None if tracing is None else batch_notes(tracing),
    )
    feed = OrderFeed(
        consumer,
        topic=settings.orders_topic,
        starts=starts,
        remember_ms=settings.arbiter_ms,
        sink=delivery,
        metrics=metrics,
    )
    rounds = Rounds(feed, delivery, broadcast, streams, metrics, stale_after=settings.feed_stale_seconds)
    return FeedSide(metrics, sio, broadcast, streams, fanout, delivery, feed, rounds)


def watcher_side(
    settings: Settings,
    epoch: str,
    tokens: Tokens,
    feed: FeedSide,
    *,
    unready: Callable[[], str | None],
    admit: Callable[[], int | None],
) -> WatcherSide:
    """Put together what lets watchers in, and what operators ask about them."""
    watchers = Watchers()
    entrance = Entrance(
        tokens=VerifiedTokens(tokens),  # screens come back with the token they had
        fanout=feed.fanout,
        organization_of=feed.delivery.organization_of,
        greeting=feed.rounds.greeting,
        metrics=feed.metrics,
        rooms_each=settings.rooms_per_socket,
        now=time,
    )
    Screens(
        feed.sio,
        entrance=entrance,
        watchers=watchers,
        delivery=feed.delivery,
        broadcast=feed.broadcast,
        metrics=feed.metrics,
    ).listen()
    bearer = Bearer(entrance, time)
    event_streams = EventStreams(
        entrance=entrance,
        bearer=bearer,
        streams=feed.streams,
        watchers=watchers,
        unready=unready,
        admit=admit,
        heartbeat_seconds=settings.stream_heartbeat_seconds,
    )
    replica = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
    replicas = _replicas(settings, epoch, replica, watchers)
    admin = Admin(
        replica=replica,
        bearer=bearer,
        replicas=replicas,
        observe=lambda: observe(replica, watchers, time()),
        carry_out=partial(carry_out, watchers=watchers),
    )
    return WatcherSide(watchers, event_streams, admin, replicas)


def _replicas(settings: Settings, epoch: str, replica: str, watchers: Watchers) -> Replicas:
    if settings.redis_url is None:
        return Alone()
    return ByRedis(
        connect(settings.redis_url.get_secret_value()),
        prefix=f"scanserve:{epoch}",
        replica=replica,
        observe=lambda: observe(replica, watchers, time()),
        carry_out=partial(carry_out, watchers=watchers),
    )


def _now() -> datetime:
    return datetime.now(UTC)
