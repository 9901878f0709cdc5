"""Going down without a stampede: every screen is told, and hung up on, in a slot of its own."""

import asyncio
from collections.abc import Sequence
from random import Random

from notifier.broadcast import Broadcast, event_text
from order_contracts.channels import DRAINING

_RETRY_WITHIN_MS = 500  # the slots do the spreading; this only parts those that share one


def slots(sids: Sequence[str], seconds: float, random: Random) -> list[tuple[float, str]]:
    """Give each screen its moment, spread evenly over `seconds`, in random order. Pure."""
    order = list(sids)
    random.shuffle(order)
    return [(seconds * place / len(order), sid) for place, sid in enumerate(order)]


async def drain(broadcast: Broadcast, sids: Sequence[str], seconds: float) -> None:
    """Send the screens away over `seconds`. Their clients connect again by themselves, to another replica."""
    random = Random()  # noqa: S311  # spreads load, guards nothing
    began = asyncio.get_running_loop().time()
    for moment, sid in slots(sids, seconds, random):
        await asyncio.sleep(max(0.0, began + moment - asyncio.get_running_loop().time()))
        retry_after_ms = random.randrange(_RETRY_WITHIN_MS)
        broadcast.to_screen(sid, event_text(DRAINING, {"retry_after_ms": retry_after_ms}))
        await broadcast.hang_up(sid)
