"""How a poll's partitions are shared out among transactions that run at the same time. Pure.

Invariant: a partition is in one lane, so each has one writer, and its records stay in order.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

R = TypeVar("R")
_LANES = 2
_WORTH_IT = 400
"""Records in a poll from which on a second commit costs less than one lane's waiting for Postgres gains."""


def lanes_of(batch: Mapping[int, Sequence[R]]) -> list[Mapping[int, Sequence[R]]]:
    """Share out partitions by size: while one lane waits for Postgres, the other one folds. Few records share one."""
    if sum(map(len, batch.values())) < _WORTH_IT:
        return [batch]
    lanes: list[dict[int, Sequence[R]]] = [{} for _ in range(min(_LANES, len(batch)))]
    for partition in sorted(batch, key=lambda number: len(batch[number]), reverse=True):
        smallest = min(lanes, key=lambda lane: sum(map(len, lane.values())))
        smallest[partition] = batch[partition]
    return [dict(sorted(lane.items())) for lane in lanes]
