"""A Postgres of the test's own with a streaming replica beside it: real ones, from the package that the stack uses."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from infra.services import state_folder
from local_stack.ports import HOST, unused_port
from local_stack.postgres_server import postgres_program, postgres_url
from local_stack.program import Program, inherited
from local_stack.readiness import accepts_queries

_PASSWORD = "of-this-test-alone"
_STARTS_WITHIN = 30.0


@dataclass(frozen=True)
class Pair:
    """The addresses of the two."""

    primary: str
    replica: str


@contextmanager
def replicated() -> Iterator[Pair]:
    """Run both; the replica follows."""
    ports = unused_port(), unused_port()
    with state_folder() as folder:
        primary = postgres_program(
            folder=folder / "primary",
            log=folder / "primary.log",
            port=ports[0],
            password=_PASSWORD,
            environment=inherited(),
        )
        with (folder / "primary" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host replication all {HOST}/32 scram-sha-256\n")
        with _running(primary):
            _copy(primary, folder / "replica", ports[0])
            with _running(_replica(primary, folder, ports)):
                yield Pair(*(_address(port) for port in ports))


def _copy(primary: Program, folder: Path, port: int) -> None:
    folder.mkdir(mode=0o700)
    if primary.user is not None:
        shutil.chown(folder, primary.user, primary.user)
    binary = Path(primary.command[0]).with_name("pg_basebackup")
    source = f"host={HOST} port={port} user=postgres password={_PASSWORD}"
    subprocess.run(
        [binary, "-d", source, "-D", str(folder), "-R", "-X", "stream", "-c", "fast"],
        check=True,
        timeout=60,
        user=primary.user,
        group=primary.user,
        extra_groups=None if primary.user is None else [],
    )


def _replica(primary: Program, folder: Path, ports: tuple[int, int]) -> Program:
    here = {str(folder / "primary"): str(folder / "replica"), str(ports[0]): str(ports[1])}
    return replace(
        primary,
        name="replica",
        command=tuple(here.get(word, word) for word in primary.command),
        log=folder / "replica.log",
        is_ready=lambda: accepts_queries(_address(ports[1])),
    )


def _address(port: int) -> str:
    return postgres_url(port, _PASSWORD)


@contextmanager
def _running(program: Program) -> Iterator[None]:
    process = program.spawn()
    try:
        deadline = os.times().elapsed + _STARTS_WITHIN
        while not program.is_ready():
            if process.poll() is not None or os.times().elapsed > deadline:
                raise RuntimeError(program.failure("did not start"))
        yield
    finally:
        process.send_signal(program.stop_signal)
        process.wait(60)
