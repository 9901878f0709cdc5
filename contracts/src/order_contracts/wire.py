"""A record of the log: CloudEvents 1.0 in Kafka's binary mode (CloudEvents Kafka binding 1.0.2, section 3.2).

Headers carry all that routing and arbitration need, so that no reader has to decode a value for them. A checksum
in the headers ties the value to them: a reader that forwards bytes undecoded knows that they are what was written.
Whether a record is well-formed depends on key, headers and checksum alone, so all readers agree on it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from msgspec import Struct

from order_contracts.channels import partition_of
from order_contracts.events import Event, encode_event
from order_contracts.ids import is_name

CONTENT_TYPE = "application/json"
MAX_ID = 64
TRACEPARENT = "ce_traceparent"
"""Of the span that appended the record: CloudEvents' distributed tracing extension. There where that one is sampled."""


class Envelope(Struct, frozen=True, gc=False):  # a fifth of a dataclass's cost, and every record makes one
    """What the headers of a well-formed record say. Times are milliseconds since 1970.

    `traceparent` is there where the order is traced, well-formed; whatever else its header holds is no fault.
    """

    id: str
    type: str
    order_id: str
    venue_id: str
    organization_id: str
    version: int
    parent: str | None
    stations: tuple[str, ...]
    not_after: int
    fingerprint: str
    appended_at: int
    value: bytes
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why a record is no event of ours. It is rejected by every reader alike, and counted."""

    reason: str


def write_record(
    event: Event,
    *,
    stations: tuple[str, ...],
    not_after: int,
    fingerprint: str,
) -> tuple[bytes, bytes, dict[str, str]]:
    """Give key, value and headers of the record that appends `event`. `not_after` is in milliseconds since 1970."""
    key, value, headers = encode_record(event, stations=stations, not_after=not_after, fingerprint=fingerprint)
    return key, value, {name: raw.decode() for name, raw in headers}


def encode_record(
    event: Event,
    *,
    stations: tuple[str, ...],
    not_after: int,
    fingerprint: str,
) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Give the same with headers as Kafka takes them, in half the time: those that recur are made once."""
    value = encode_event(event)
    version, kind, source, key, organization, content, at = _recurring(
        event.type, event.venue_id, event.organization_id, stations
    )
    headers = [
        version,
        ("ce_id", event.id.encode()),
        kind,
        source,
        ("ce_subject", event.order_id.encode()),
        ("ce_time", event.time.encode()),
        key,
        organization,
        ("ce_version", b"%d" % event.version),
        ("ce_notafter", b"%d" % not_after),
        ("ce_fingerprint", fingerprint.encode()),
        ("ce_crc32", b"%08x" % crc32(value)),
        content,
    ]
    if event.parent is not None:
        headers.append(("ce_parent", event.parent.encode()))
    if stations:
        headers.append(at)
    return event.venue_id.encode(), value, headers


@lru_cache(maxsize=4096)
def _recurring(kind: str, venue_id: str, organization_id: str, stations: tuple[str, ...]) -> list[tuple[str, bytes]]:
    texts = {
        "ce_specversion": "1.0",
        "ce_type": kind,
        "ce_source": f"/v1/venues/{venue_id}",
        "ce_partitionkey": venue_id,
        "ce_organization": organization_id,
        "content-type": CONTENT_TYPE,
        "ce_stations": ",".join(stations),
    }
    return [(name, text.encode()) for name, text in texts.items()]


def read_record(
    key: bytes | None,
    value: bytes | None,
    headers: Iterable[tuple[str, bytes | None]],
    appended_at: int,
    place: tuple[int, int] | None = None,
) -> Envelope | Malformed:
    """Read a record's key and headers. Never raises, whatever the bytes.

    `place` is the partition that it stood in and the number of partitions: one order has one partition, so a record
    elsewhere is rejected, and each partition can be arbitrated alone.
    """
    try:
        envelope = _envelope(key, value, {name: raw for name, raw in headers if raw is not None}, appended_at)
    except KeyError as missing:
        return Malformed(f"header {missing.args[0]} is missing")
    except UnicodeDecodeError:  # its own text names bytes and places: reasons are counted, so they must be few
        return Malformed("a header or the key is not ASCII")
    except ValueError as wrong:
        return Malformed(str(wrong))
    if place is not None and partition_of(envelope.venue_id, place[1]) != place[0]:
        return Malformed("the record stands in another partition than its venue's")
    return envelope


def envelope_of(
    event: Event,
    *,
    stations: tuple[str, ...],
    not_after: int,
    fingerprint: str,
    value: bytes,
    appended_at: int,
) -> Envelope | None:
    """Give what `read_record` would of the record that `write_record` gave of these, `value` being its value.

    For who wrote it and was told when it was appended. None: readers find it malformed. No `traceparent`: what is put
    into the headers later is not known here.
    """
    try:
        if event.version < 1 or (event.parent is None) != (event.version == 1):
            return None
        kind, venue_id, organization_id, at = _as_read(event.type, event.venue_id, event.organization_id, stations)
        return Envelope(
            id=_printable(event.id),
            type=kind,
            order_id=_printable(event.order_id),
            venue_id=venue_id,
            organization_id=organization_id,
            version=_few_digits(event.version),
            parent=None if event.parent is None else _printable(event.parent),
            stations=at,
            not_after=_few_digits(not_after),
            fingerprint=_printable(fingerprint),
            appended_at=appended_at,
            value=value,
        )
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _as_read(
    kind: str, venue_id: str, organization_id: str, stations: tuple[str, ...]
) -> tuple[str, str, str, tuple[str, ...]]:
    """Give what readers make of what recurs. Raises ValueError."""
    return (
        _printable(kind),
        _name("key", venue_id.encode()),
        _name("ce_organization", organization_id.encode()),
        _stations(",".join(stations).encode()) if stations else (),
    )


def _printable(text: str) -> str:
    if not (0 < len(text) <= MAX_ID and text.isascii() and text.isprintable()):
        raise ValueError
    return text


def _few_digits(number: int) -> int:
    if not 0 <= number < 10**15:
        raise ValueError
    return number


def _envelope(key: bytes | None, value: bytes | None, headers: dict[str, bytes], appended_at: int) -> Envelope:
    if not key or not value:
        raise ValueError("key or value is empty")
    if headers["ce_specversion"] != b"1.0":
        raise ValueError("ce_specversion is not 1.0")
    if headers["ce_crc32"] != b"%08x" % crc32(value):
        raise ValueError("the value is not the one that ce_crc32 was made of")
    venue_id = _name("key", key)
    parent = headers.get("ce_parent")
    version = _whole("ce_version", headers)
    if version < 1 or (parent is None) != (version == 1):
        raise ValueError("ce_version does not fit ce_parent: an order's first event is version 1, without a parent")
    stations, traceparent = headers.get("ce_stations"), headers.get(TRACEPARENT)
    return Envelope(
        id=_text("ce_id", headers),
        type=_text("ce_type", headers),
        order_id=_text("ce_subject", headers),
        venue_id=venue_id,
        organization_id=_name("ce_organization", headers["ce_organization"]),
        version=version,
        parent=None if parent is None else _text("ce_parent", headers),
        stations=() if stations is None else _stations(stations),
        not_after=_whole("ce_notafter", headers),
        fingerprint=_text("ce_fingerprint", headers),
        appended_at=appended_at,
        value=value,
        traceparent=None if traceparent is None else _sampled(traceparent),
    )


_SAMPLED = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f][13579bdf]")


def _sampled(raw: bytes) -> str | None:
    return raw.decode("ascii") if _SAMPLED.fullmatch(raw) else None


def _text(name: str, headers: dict[str, bytes]) -> str:
    raw = headers[name]
    if not 0 < len(raw) <= MAX_ID:
        raise ValueError(f"{name} must have 1 to {MAX_ID} bytes")
    text = raw.decode("ascii")
    if not text.isprintable():  # U+0000 is ASCII too, and no text for Postgres
        raise ValueError(f"{name} must be printable")
    return text


@lru_cache(maxsize=65536)  # venues and organizations come again and again: one text each, and no second look at it
def _name(name: str, raw: bytes) -> str:
    text = raw.decode("ascii")
    if not is_name(text):
        raise ValueError(f"{name} is not a name")
    return text


@lru_cache(maxsize=65536)  # a venue has a handful of combinations
def _stations(raw: bytes) -> tuple[str, ...]:
    return tuple(_name("ce_stations", station) for station in raw.split(b","))


def _whole(name: str, headers: dict[str, bytes]) -> int:
    raw = headers[name]
    if not (raw.isdigit() and len(raw) <= 15):  # int() would also take signs, blanks and underscores
        raise ValueError(f"{name} is not a whole number")
    return int(raw)
