"""Snapshots shared by all replicas for a moment, so that a reconnect storm is one load a venue, not one a replica.

Redis holds nothing that counts: where it is slow, gone or holds nonsense, Postgres is asked as if there were none.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from projector.queries.snapshots import Snapshot

_FAULTS = (RedisError, OSError, TimeoutError)
_ANSWER_SECONDS = 0.1
_PAUSE_SECONDS = 5.0
_BREATH_SECONDS = 0.02
_TURN_MS = 500  # a replica that dies while it loads holds the others up for no longer
log = structlog.get_logger(__name__)
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Snapshot)


def connect(url: str) -> "Redis":
    """Make a client that connects when first used; each wait is bounded."""
    return Redis.from_url(url, socket_timeout=_ANSWER_SECONDS, socket_connect_timeout=_ANSWER_SECONDS)


class KeptInRedis:
    """Loads through Redis: what another replica keeps there, or one load whose answer is kept for the others."""

    def __init__(
        self, redis: "Redis", load: Callable[[str], Awaitable[Snapshot]], *, prefix: str, milliseconds: int
    ) -> None:
        self._redis = redis
        self._load = load
        self._prefix = prefix
        self._milliseconds = milliseconds
        self._paused_until = 0.0

    async def load(self, venue_id: str) -> Snapshot:
        """Give a snapshot. Raises what the load raises, and nothing of Redis."""
        if time.monotonic() < self._paused_until:
            return await self._load(venue_id)
        key = f"{self._prefix}:{venue_id}"
        try:
            kept = await self._kept_or_my_turn(key)
        except _FAULTS as fault:
            self._pause(fault)
            return await self._load(venue_id)
        if kept is not None:
            return kept
        snapshot = await self._load(venue_id)
        with suppress(*_FAULTS):  # the others ask Postgres then
            await self._redis.set(key, _encoder.encode(snapshot), px=self._milliseconds)
        return snapshot

    async def _kept_or_my_turn(self, key: str) -> Snapshot | None:
        deadline = time.monotonic() + _TURN_MS / 1000
        while time.monotonic() < deadline:
            kept = await self._redis.get(key)
            if kept is not None:
                return _read(kept)
            if await self._redis.set(f"{key}:turn", b"", nx=True, px=_TURN_MS):
                return None
            await asyncio.sleep(_BREATH_SECONDS)
        return None

    def _pause(self, fault: BaseException) -> None:
        self._paused_until = time.monotonic() + _PAUSE_SECONDS
        log.warning("Redis does not answer: Postgres is asked directly", error=repr(fault), seconds=_PAUSE_SECONDS)


def _read(kept: bytes | str) -> Snapshot | None:
    try:
        return _decoder.decode(kept)
    except msgspec.MsgspecError:
        return None  # written by another release: it is written over
