"""Positions: where a reader stands in the log. Opaque to clients, who only hand them back.

A position says for some partitions which offset comes next: all before it has been seen. It belongs to an epoch, one
life of the topic: after a recreation or a change of the partition count, old positions mean nothing and say so.
"""

import re
from collections.abc import Mapping
from hashlib import blake2b, sha256

from msgspec import Struct

_FORM = re.compile(r"([0-9a-f]{8})((?:\.\d{1,4}-\d{1,18})+)", re.ASCII)


def epoch_of(cluster_id: str, topic: str, partitions: int, generation: int) -> str:
    """Name one life of a topic; `generation` (LOG_EPOCH) is raised by whoever recreates it in the same cluster."""
    return sha256(f"{cluster_id}/{topic}/{partitions}/{generation}".encode()).hexdigest()[:8]


def lineage_of(appended_at: int, key: bytes | None, value: bytes | None) -> str:
    """Tell a record from any other that might stand at its offset, well-formed or not.

    Kept beside a position for the record before it: read again later, it tells whether this is still the same log.
    """
    return blake2b(b"/".join((str(appended_at).encode(), key or b"", value or b"")), digest_size=12).hexdigest()


def position_text(epoch: str, offsets: Mapping[int, int]) -> str:
    """Give the text of a position without making one: batches ask for it thousands of times a second."""
    if len(offsets) == 1:  # as in every answer of order-api
        ((partition, offset),) = offsets.items()
        return f"{epoch}.{partition}-{offset}"
    return epoch + "".join([f".{partition}-{offset}" for partition, offset in sorted(offsets.items())])


class Position(Struct, frozen=True, gc=False):
    """Next offsets by partition, within an epoch. Written `epoch.partition-offset[.partition-offset…]`."""

    epoch: str
    next: Mapping[int, int]

    def __str__(self) -> str:
        """Give the text that clients hand back."""
        return position_text(self.epoch, self.next)

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Read a position. Raises ValueError with a remedy on any other text."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError("not a position: send back, unchanged, one that this system gave you")
        pairs = (pair.split("-") for pair in match[2][1:].split("."))
        return cls(match[1], {int(partition): int(offset) for partition, offset in pairs})
