"""The other replicas, by way of Redis: operators' calls reach all of them, and each tells who watches there.

What must not break: the feed knows nothing of this. Without Redis, or while it is away, every screen follows as ever;
only calls and presence end at this replica, and say so. Calls are published, not stored: an operator is told how many
replicas heard. python-socketio's own Redis manager has gone deaf without a word (its issue 1581): this one asks.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from notifier.calls import Call
from notifier.presence import Presence

_log = structlog.get_logger()
_SHARE_SECONDS = 5.0
_KEPT_SECONDS = 15
_ASK_AFTER_SECONDS = 5.0
_DEAF_AFTER_SECONDS = 10.0
_AGAIN_SECONDS = 1.0
_TIMEOUT_SECONDS = 2.0
_AWAY = (RedisError, OSError, TimeoutError)


class RedisAway(Exception):
    """Redis does not answer: nothing was told to other replicas."""


class Replicas(Protocol):
    """What this replica can tell and ask the others."""

    async def call(self, call: Call) -> int:
        """Pass a call on. Gives how many others heard it. Raises RedisAway."""

    async def presences(self) -> list[Presence]:
        """Say who watches on the others. Raises RedisAway."""

    async def run(self) -> None:
        """Keep in touch, without end."""


class Alone:
    """No Redis: there is one replica, as far as anybody knows."""

    async def call(self, call: Call) -> int:  # noqa: ARG002  # nobody to pass it on to
        """Nobody else hears."""
        return 0

    async def presences(self) -> list[Presence]:
        """Nobody else is known."""
        return []

    async def run(self) -> None:
        """Do nothing, without end."""
        await asyncio.Event().wait()


class ByRedis:
    """In touch by Redis. `prefix` keeps systems that share a Redis apart."""

    def __init__(
        self,
        redis: Redis,
        *,
        prefix: str,
        replica: str,
        observe: Callable[[], Presence],
        carry_out: Callable[[Call], Awaitable[int]],
    ) -> None:
        self._redis, self._replica = redis, replica
        self._observe, self._carry_out = observe, carry_out
        self._calls, self._presence, self._known = f"{prefix}:calls", f"{prefix}:presence:", f"{prefix}:replicas"
        self._hears = False

    async def call(self, call: Call) -> int:
        """Publish a call; our own ears are not counted."""
        try:
            heard = int(await self._redis.publish(self._calls, msgspec.json.encode(call.to_json())))
        except _AWAY as error:
            raise RedisAway(repr(error)) from error
        return max(0, heard - self._hears)

    async def presences(self) -> list[Presence]:
        """Read what the others shared in the last seconds."""
        try:
            known = await self._redis.zrange(self._known, 0, -1)
            others = [self._presence + name for name in map(_text, known) if name != self._replica]
            shared = await self._redis.mget(others) if others else []
        except _AWAY as error:
            raise RedisAway(repr(error)) from error
        return [Presence.from_json(msgspec.json.decode(text)) for text in shared if text is not None]

    async def run(self) -> None:
        """Listen and share, through all that Redis may be up to. Leaves when cancelled."""
        try:
            await asyncio.gather(self._again(self._listen), self._again(self._share))
        finally:
            try:
                async with asyncio.timeout(_TIMEOUT_SECONDS):
                    await self._redis.delete(self._presence + self._replica)
            except _AWAY:
                _log.info("Redis was not told that this replica leaves: what it shared expires")
            await self._redis.aclose()

    async def _again(self, work: Callable[[], Awaitable[None]]) -> None:
        away = False
        while True:
            try:
                await work()
                away = False
            except _AWAY as error:
                if not away:
                    _log.warning("Redis is away: calls and presence end at this replica", error=repr(error))
                away = True
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _share(self) -> None:
        while True:
            seen = self._observe()
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.set(self._presence + self._replica, msgspec.json.encode(seen.to_json()), ex=_KEPT_SECONDS)
                pipe.zadd(self._known, {self._replica: seen.at})
                pipe.zremrangebyscore(self._known, "-inf", seen.at - 4 * _KEPT_SECONDS)
                await pipe.execute()
            await asyncio.sleep(_SHARE_SECONDS)

    async def _listen(self) -> None:
        async with self._redis.pubsub() as pubsub:
            await pubsub.subscribe(self._calls)
            self._hears = True
            try:
                await self._hear(pubsub)
            finally:
                self._hears = False

    async def _hear(self, pubsub: PubSub) -> None:
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        while True:
            message = await pubsub.get_message(timeout=1.0)
            if message is not None:
                heard_at = loop.time()
                if message["type"] == "message":
                    await self._take(message["data"])
            elif loop.time() - heard_at > _DEAF_AFTER_SECONDS:
                raise TimeoutError("Redis does not answer a ping")
            elif loop.time() - heard_at > _ASK_AFTER_SECONDS:
                await pubsub.ping()

    async def _take(self, data: Any) -> None:
        try:
            call = Call.from_json(msgspec.json.decode(data))
        except (msgspec.MsgspecError, ValueError, TypeError, KeyError) as error:
            _log.warning("a call of another release, or not ours: passed over", error=repr(error))
            return
        if call.origin != self._replica:
            await self._carry_out(call)


def _text(name: object) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def connect(url: str) -> Redis:
    """Give a client that gives up on an answer after two seconds. It connects when it is first used."""
    return Redis.from_url(url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)
