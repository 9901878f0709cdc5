"""The operator's commands: what an operator types, what is printed, and how it ends."""

import argparse
import asyncio
import json
import os
import sys
from dataclasses import dataclass
from io import StringIO
from typing import Any

from rich.console import Console

from infra.running_projector import World
from projector.operations.arguments import add_commands
from projector.operations.command import perform
from projector.settings import LogSettings


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    said: str
    told: str

    @property
    def result(self) -> Any:
        """What --json printed."""
        return json.loads(self.said)


async def operate(world: World, *words: str, within: float = 250, **more: str) -> Ended:
    """Run one command to its end, in this process: all of it but the start of an interpreter."""
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(dest="command", required=True))
    given = {name.lower(): value for name, value in world.environment(**more).items()}
    settings = LogSettings.model_validate(
        {name: value for name, value in given.items() if name in LogSettings.model_fields}
    )
    console = Console(file=StringIO(), width=40)  # a narrow terminal: no line is to be broken
    async with asyncio.timeout(within):
        code, said = await perform(settings, parser.parse_args(words), console)
    return Ended(code, said, console.file.getvalue())  # type: ignore[attr-defined]


async def start(world: World, *words: str, **more: str) -> asyncio.subprocess.Process:
    """Start one command as a process."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "projector",
        *words,
        env={**os.environ, **world.environment(**more), "LOG_LEVEL": "warning"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process, within: float = 250) -> Ended:
    """Wait for a process, and kill it if it takes too long."""
    try:
        said, told = await asyncio.wait_for(process.communicate(), within)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ended(process.returncode, said.decode(), told.decode())
