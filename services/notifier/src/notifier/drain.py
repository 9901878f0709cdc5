"""Going down without a stampede: every connection is told, and hung up on, in a slot of its own."""

import asyncio
from collections.abc import Iterable, Sequence
from random import Random
from typing import TypeVar

from notifier.watchers import Watcher
from order_contracts.channels import DRAINING

_RETRY_WITHIN_MS = 500  # the slots do the spreading; this only parts those that share one
_One = TypeVar("_One")


def slots(all_of_them: Sequence[_One], seconds: float, random: Random) -> list[tuple[float, _One]]:
    """Give each connection its moment, spread evenly over `seconds`, in random order. Pure."""
    order = list(all_of_them)
    random.shuffle(order)
    return [(seconds * place / len(order), one) for place, one in enumerate(order)]


async def drain(watchers: Iterable[Watcher], seconds: float) -> None:
    """Send everybody away over `seconds`. Their clients connect again by themselves, to another replica."""
    random = Random()  # noqa: S311  # spreads load, guards nothing
    began = asyncio.get_running_loop().time()
    for moment, watcher in slots(list(watchers), seconds, random):
        await asyncio.sleep(max(0.0, began + moment - asyncio.get_running_loop().time()))
        watcher.tell(DRAINING, {"retry_after_ms": random.randrange(_RETRY_WITHIN_MS)})
        await watcher.hang_up()
