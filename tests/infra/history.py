"""What callers were told, held against what the log holds. Pure. Words as in Jepsen's workloads.

ok: done, at this version. fail: refused, not done. info: no answer, or a 5xx: done or not, nobody knows.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from order_contracts.wire import Envelope


class Outcome(Enum):
    """What a caller learned."""

    OK = "ok"
    FAIL = "fail"
    INFO = "info"


@dataclass(frozen=True)
class Attempt:
    """One request, and what came of it. Attempts of one event are repetitions with the same key."""

    order_id: str
    event_id: str
    outcome: Outcome
    version: int | None = None


def check(history: Iterable[Attempt], log: Iterable[Envelope]) -> list[str]:
    """List what is wrong; nothing if every answer is true. `log` holds the accepted events, in log order."""
    attempts, accepted = list(history), list(log)
    return [*_chains(accepted), *_lost(attempts, accepted), *_phantoms(attempts, accepted)]


def _chains(accepted: list[Envelope]) -> Iterable[str]:
    chains: defaultdict[str, list[Envelope]] = defaultdict(list)
    for event in accepted:
        chains[event.order_id].append(event)
    for order_id, chain in chains.items():
        if [event.version for event in chain] != list(range(1, len(chain) + 1)):
            yield f"order {order_id}: not one winner a version"
        if [event.parent for event in chain] != [None, *(event.id for event in chain[:-1])]:
            yield f"order {order_id}: an event does not build on the one before"


def _lost(attempts: list[Attempt], accepted: list[Envelope]) -> Iterable[str]:
    times = Counter(event.id for event in accepted)
    versions = {event.id: event.version for event in accepted}
    for attempt in attempts:
        if attempt.outcome is Outcome.OK and times[attempt.event_id] != 1:
            yield f"event {attempt.event_id}: acknowledged, stands {times[attempt.event_id]} times"
        elif attempt.outcome is Outcome.OK and versions[attempt.event_id] != attempt.version:
            yield f"event {attempt.event_id}: answered as {attempt.version}, stands at {versions[attempt.event_id]}"


def _phantoms(attempts: list[Attempt], accepted: list[Envelope]) -> Iterable[str]:
    invoked = {attempt.event_id for attempt in attempts}
    refused = {attempt.event_id for attempt in attempts if attempt.outcome is Outcome.FAIL}
    for event in accepted:
        if event.id not in invoked:
            yield f"event {event.id}: accepted, nobody asked for it"
        if event.id in refused:
            yield f"event {event.id}: accepted, and its caller was told no"
