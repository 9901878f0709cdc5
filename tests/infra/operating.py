"""The operator's commands as processes: what an operator types, what is printed, and how it ends."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from typing import Any

from infra.running_projector import World


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


async def start(world: World, *words: str, **more: str) -> asyncio.subprocess.Process:
    """Start one command."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "projector",
        *words,
        env={**os.environ, **world.environment(**more), "LOG_LEVEL": "warning"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def operate(world: World, *words: str, within: float = 50, **more: str) -> Ended:
    """Run one command to its end."""
    process = await start(world, *words, **more)
    try:
        said, told = await asyncio.wait_for(process.communicate(), within)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ended(process.returncode, said.decode(), told.decode())
