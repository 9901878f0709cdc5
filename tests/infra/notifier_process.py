"""A notifier as it runs in production: a process of its own, told by its environment, asked over HTTP."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import httpx

from order_contracts.claims import issue

SECRET = "a secret for tests, and for nothing else"


def token(
    venues: list[str] | str = "*",
    *,
    organization: str = "o1",
    scopes: tuple[str, ...] = ("rooms:join",),
    seconds: int = 3600,  # one that is made at collection has to outlast the suite
    token_id: str | None = None,
) -> str:
    """Sign a token as the tests' notifiers accept it."""
    return issue(
        secret=SECRET,
        subject="screen",
        organization_id=organization,
        venues=venues,
        scopes=scopes,
        now=datetime.now(UTC),
        lifetime_seconds=seconds,
        token_id=token_id,
    )


class NotifierProcess:
    """One replica. `environment` adds to what every test needs."""

    def __init__(self, kafka: str, topic: str, log: Path, environment: Mapping[str, str]) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "ORDERS_TOPIC": topic,
            "ORDERS_PARTITIONS": "4",
            "JWT_SECRET": SECRET,
            "HTTP_PORT": str(self.port),
            "DRAIN_SECONDS": "0.2",
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None  # of no event loop: it may outlive a test's

    def start(self) -> None:
        """Start it, without waiting."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # this interpreter
                [sys.executable, "-m", "notifier"], env=self._environment, stderr=log
            )

    def is_ready(self) -> bool:
        """Whether it takes screens. Raises RuntimeError with its log when it has ended instead."""
        if self.process.poll() is not None:
            raise RuntimeError(f"the notifier ended with {self.process.returncode}:\n{self.log.read_text()}")
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == HTTPStatus.OK
        except httpx.TransportError:
            return False

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """Its process, once started."""
        assert self._process is not None
        return self._process

    async def get(self, path: str) -> httpx.Response:
        """Ask it over HTTP."""
        async with httpx.AsyncClient(timeout=5) as client:
            return await client.get(self.url + path)

    async def metric(self, name: str) -> float:
        """Read one figure, such as `notifier_records_total{fate="malformed"}`; 0 where it is not there yet."""
        lines = (await self.get("/metrics")).text.splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == name), 0.0)

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    async def ended(self, within: float = 60.0) -> int:
        """Wait for its end, and give its exit code."""
        return await asyncio.to_thread(self.process.wait, within)

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


Start = Callable[..., Awaitable[NotifierProcess]]
"""Starts a replica and waits until it is ready; keyword arguments are environment variables."""


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
