"""Outgoing webhooks as a test sees them: a receiver over real HTTP, the sender as a process or a task, its commands."""

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import asyncpg
import msgspec
import uvicorn
from standardwebhooks import Webhook

from infra.operating import Ended
from infra.running_projector import World
from local_stack.ports import HOST, unused_port
from projector.settings import WebhookRunSettings, WebhookSettings
from projector.webhook_sending import send_webhooks
from projector.webhooks.arguments import add_webhook_commands
from projector.webhooks.command import perform

SCHEMA = "webhooks"
S = TypeVar("S", bound=WebhookSettings)


@dataclass(frozen=True)
class Delivery:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The event's id, by the header."""
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        """The CloudEvent."""
        return msgspec.json.decode(self.body)  # type: ignore[no-any-return]

    def verified(self, secret: str) -> Any:
        """Verify it by the specification's own library. Raises WebhookVerificationError."""
        return Webhook(secret).verify(self.body, self.headers)


Answering = Callable[[Delivery], Awaitable[tuple[int, dict[str, str]]]]


async def fine(_: Delivery) -> tuple[int, dict[str, str]]:
    """Take it."""
    return 204, {}


@dataclass
class Receiver:
    """Somebody else's system. `answering` says what it answers; `taken` are those that it answered with 2xx."""

    port: int
    answering: Answering = fine
    deliveries: list[Delivery] = field(default_factory=list)
    taken: list[Delivery] = field(default_factory=list)

    def url(self, path: str = "/hook", host: str = HOST) -> str:
        """Where it listens."""
        return f"http://{host}:{self.port}{path}"

    def secure_url(self, host: str) -> str:
        """Where it listens, over TLS."""
        return f"https://{host}:{self.port}/hook"

    def ids(self) -> list[str]:
        """Name what was taken, in order."""
        return [one.id for one in self.taken]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        body, more = b"", True
        while more:
            part = await receive()
            if part["type"] == "http.disconnect":
                return  # the sender died in the middle of it
            body, more = body + part.get("body", b""), part.get("more_body", False)
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        delivery = Delivery(scope["path"], headers, body)
        self.deliveries.append(delivery)
        status, more_headers = await self.answering(delivery)
        if 200 <= status < 300:
            self.taken.append(delivery)
        raw = [(name.encode(), value.encode()) for name, value in more_headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if status == 204 else b"said so"})


@asynccontextmanager
async def receiving(**tls: str) -> AsyncIterator[Receiver]:
    """Run a receiver; with uvicorn's `ssl_certfile` and `ssl_keyfile`, over TLS."""
    receiver = Receiver(unused_port())
    config = uvicorn.Config(receiver, host=HOST, port=receiver.port, log_config=None, lifespan="off", **tls)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    server.capture_signals = suppress  # type: ignore[method-assign, assignment]
    serving = asyncio.create_task(server.serve())
    try:
        yield receiver
    finally:
        server.should_exit = server.force_exit = True
        await serving


def environment(world: World, name: str, **more: str) -> dict[str, str]:
    """Give a sender's environment: the receivers of tests are on loopback, without TLS."""
    allowed = {"WEBHOOKS_ALLOW_HTTP": "true", "WEBHOOKS_ALLOW_NETWORKS": "127.0.0.0/8"}
    return {**world.environment(name), **allowed, "WEBHOOKS_LEASE_SECONDS": "2", "WEBHOOKS_POLL_MS": "50", **more}


def settings(kind: type[S], given: dict[str, str]) -> S:
    """Read settings of an environment that has others' too."""
    known = {name.lower(): value for name, value in given.items() if name.lower() in kind.model_fields}
    return kind.model_validate(known)


@asynccontextmanager
async def sending(world: World, name: str = "sender", **more: str) -> AsyncIterator["asyncio.Task[None]"]:
    """Run a sender as a task of this test."""
    task = asyncio.create_task(send_webhooks(settings(WebhookRunSettings, environment(world, name, **more))))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def sender(world: World, name: str = "sender", **more: str) -> "subprocess.Popen[bytes]":
    """Start a sender as a process, to be killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "projector", "webhooks", "run"],
        env={**os.environ, **environment(world, name, **more), "LOG_LEVEL": "warning"},
    )


async def webhooks(world: World, *words: str, **more: str) -> Ended:
    """Run one of the commands to its end, in this process."""
    parser = argparse.ArgumentParser()
    add_webhook_commands(parser.add_subparsers(dest="command", required=True))
    known = settings(WebhookSettings, environment(world, "command", **more))
    asked = parser.parse_args(["webhooks", *words])
    async with asyncio.timeout(60):
        return Ended(*await perform(known, asked))


async def added(world: World, url: str, *words: str) -> tuple[str, str]:
    """Add an endpoint of org-1; give its id and its secret."""
    done = await webhooks(world, "add", "--organization", "org-1", *words, "--json", url)
    assert done.code == 0, done.told
    return done.result["endpoint"], done.result["secret"]


async def asked(world: World, sql: str, *arguments: object) -> list[asyncpg.Record]:
    """Ask the webhooks' schema."""
    connection = await asyncpg.connect(world.database_url, server_settings={"search_path": SCHEMA})
    try:
        return list(await connection.fetch(sql, *arguments))
    finally:
        await connection.close()


@asynccontextmanager
async def held_lanes(world: World) -> AsyncIterator[None]:
    """Hold the rows of all lanes, so that no place can be written until the block ends."""
    connection = await asyncpg.connect(world.database_url, server_settings={"search_path": SCHEMA})
    try:
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM lanes FOR UPDATE")
            yield
    finally:
        await connection.close()
