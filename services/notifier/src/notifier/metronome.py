"""Turns the wheel that pings the sockets, four times a second, and tells the admission how late it came to it."""

import asyncio

from notifier.admission import Admission
from notifier.engine import NOTCH_SECONDS, Engine


async def beat(engine: Engine, admission: Admission) -> None:
    """Beat until cancelled. A beat that was missed is made up for: the wheel's turns are what its timeouts count in."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due += NOTCH_SECONDS
        await asyncio.sleep(max(0.0, due - loop.time()))
        admission.observe(loop.time() - due)
        engine.turn()
