"""Names of the topic, its partitions, the rooms and the messages in them, and what the topic must be."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from order_contracts.ids import is_name

TOPIC = "orders.events"
PARTITIONS = 24

TOPIC_CONFIG: Mapping[str, str] = {
    "cleanup.policy": "delete",  # compaction would keep the last record where the rule needs the first
    "retention.ms": "-1",  # the log is the truth: nothing of it expires
    "message.timestamp.type": "LogAppendTime",  # lateness is judged by the log's clock
}

BATCH = "batchOrderUpdates"  # server → room: ([event, …], {room, prev, to, server_time})
SUBSCRIBE = "subscribe"  # client → server: {room, position?} → {position, replayed, expires_in} | {resync} | {error}
UNSUBSCRIBE = "unsubscribe"  # client → server: {room}
REFRESH = "refresh"  # client → server: {token} → {expires_in, left} | {error}: a newer token, the same connection
RESYNC = "resync"  # server → client: {room}: fetch the snapshot, subscribe at its position
FEED_STATUS = "feedStatus"  # server → client: {stale, since}
DRAINING = "draining"  # server → client: {retry_after_ms}
NOTICE = "notice"  # server → client: {id, text, level, sent_at}: from an operator to people
SIGNED_OUT = "signedOut"  # server → client: {reason}, and then the end of the connection
JOINED = "joined"  # SSE alone, in the place of subscribe's answer: {room, position, replayed, expires_in}


def topic_faults(partitions: int, config: Mapping[str, str], *, expected_partitions: int) -> list[str]:
    """List where a topic breaks its contract, each fault with its remedy; empty when it holds."""
    faults = [
        f"{name} is {config.get(name)!r}, must be {wanted!r}: alter the topic's configuration"
        for name, wanted in TOPIC_CONFIG.items()
        if config.get(name) != wanted
    ]
    if partitions != expected_partitions:
        faults.append(
            f"it has {partitions} partitions, {expected_partitions} are configured: set ORDERS_PARTITIONS, "
            "or move to a new topic and raise LOG_EPOCH"
        )
    return faults


@lru_cache(maxsize=65536)
def partition_of(venue_id: str, partitions: int) -> int:
    """Say which partition holds a venue: Kafka's default partitioner (murmur2), so that any producer agrees."""
    return (_murmur2(venue_id.encode()) & 0x7FFFFFFF) % partitions


def _murmur2(data: bytes) -> int:
    """Hash as org.apache.kafka.common.utils.Utils.murmur2 does (MurmurHash2, seed 0x9747b28c), unsigned."""
    mask, mixer = 0xFFFFFFFF, 0x5BD1E995
    value = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        word = word * mixer & mask  # noqa: PLW2901  # the mixing of the algorithm
        word = (word ^ word >> 24) * mixer & mask  # noqa: PLW2901
        value = value * mixer & mask ^ word
    if len(data) > whole:
        value = (value ^ int.from_bytes(data[whole:], "little")) * mixer & mask
    value = (value ^ value >> 13) * mixer & mask
    return value ^ value >> 15


@dataclass(frozen=True, slots=True)
class Room:
    """What a screen subscribes to: a venue, one of its stations, an organization, or one order."""

    kind: str
    id: str
    station: str | None = None

    def __str__(self) -> str:
        """Give the room's name: `venue:v1`, `venue:v1:station:grill`, `organization:o1`, `order:…`."""
        return f"{self.kind}:{self.id}" + ("" if self.station is None else f":station:{self.station}")

    @classmethod
    def parse(cls, text: str) -> "Room":
        """Read a room's name. Raises ValueError on any other text."""
        match text.split(":"):
            case ["venue" | "organization" | "order" as kind, name] if is_name(name):
                return cls(kind, name)
            case ["venue", name, "station", station] if is_name(name) and is_name(station):
                return cls("venue", name, station)
        raise ValueError("not a room: use venue:{id}, venue:{id}:station:{station}, organization:{id} or order:{id}")


def rooms_of(venue_id: str, organization_id: str, order_id: str, stations: tuple[str, ...]) -> tuple[str, ...]:
    """Name the rooms that an event goes to."""
    return *standing_rooms(venue_id, organization_id, stations), f"order:{order_id}"


@lru_cache(maxsize=65536)
def standing_rooms(venue_id: str, organization_id: str, stations: tuple[str, ...]) -> tuple[str, ...]:
    """Name those of them that other events go to as well: venue, stations, organization. One text each, ever."""
    venue, organization = home_rooms(venue_id, organization_id)
    return venue, *(f"{venue}:station:{station}" for station in stations), organization


@lru_cache(maxsize=65536)
def home_rooms(venue_id: str, organization_id: str) -> tuple[str, str]:
    """Name an event's two rooms under which it is found again: its venue's and its organization's."""
    return f"venue:{venue_id}", f"organization:{organization_id}"
