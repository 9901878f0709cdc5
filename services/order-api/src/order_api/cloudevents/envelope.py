"""One CloudEvent as its attributes and data, checked by the letter of CloudEvents 1.0. Pure.

The attributes carry what REST has in its path and headers: `type` the verb, `subject` the order, `venueid`, `lineid`,
`station`, `expectedversion` (If-Match); `source` and `id` together are the idempotency key, as the specification says.
"""

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from msgspec import Struct

from order_api.problems import Problem
from order_contracts.ids import array_of_texts, is_name

_NONE = object()
LONGEST = 255
TIME_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
_TEXT = re.compile(rf"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{{1,{LONGEST}}}")
_TIME = re.compile(TIME_PATTERN)
_JSON = re.compile(r"application/([a-z0-9.-]+\+)?json\s*(;.*)?", re.ASCII | re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_VERSION = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


class Envelope(Struct, frozen=True):
    """A CloudEvent whose attributes hold. `data` is JSON as Python has it; None where there was none."""

    id: str
    source: str
    type: str
    venue_id: str
    subject: str | None
    line_id: str | None
    station: str | None
    expected_version: int | Literal["*"] | None
    data: Any

    @property
    def key(self) -> str:
        """Give the pair of source and id as one text."""
        return array_of_texts(self.source, self.id)


def read_envelope(event: object) -> Envelope:
    """Read an event in its JSON form. Raises Problem that names the attribute."""
    if not isinstance(event, dict):
        raise malformed(None, "an event is a JSON object")
    if event.get("specversion") != "1.0":
        raise malformed("specversion", "has to be 1.0")
    _check_time(event)
    return Envelope(
        id=_text(event, "id"),
        source=_text(event, "source"),
        type=_text(event, "type"),
        venue_id=_name(event, "venueid"),
        subject=_order_id(event),
        line_id=_name(event, "lineid") if "lineid" in event else None,
        station=_name(event, "station") if "station" in event else None,
        expected_version=_expected_version(event),
        data=_data(event),
    )


def malformed(attribute: str | None, what: str) -> Problem:
    """Say what is wrong with an event."""
    detail = f"{attribute}: {what}" if attribute else what
    return Problem(HTTPStatus.BAD_REQUEST, "event_invalid", detail, field=attribute)


def _text(event: Mapping[str, Any], attribute: str) -> str:
    value = event.get(attribute)
    if not isinstance(value, str) or not _TEXT.fullmatch(value):
        raise malformed(attribute, f"has to be a text of 1 to {LONGEST} characters, none of them a control character")
    return value


def _name(event: Mapping[str, Any], attribute: str) -> str:
    value = event.get(attribute)
    if not isinstance(value, str) or not is_name(value):
        raise malformed(attribute, "has to be a name: letters, digits, and . _ - after the first, 64 at most")
    return value


def _order_id(event: Mapping[str, Any]) -> str | None:
    subject = event.get("subject")
    if subject is None:
        return None
    if isinstance(subject, str) and _UUID.fullmatch(subject):
        return subject
    raise malformed("subject", "has to be the order's id, as the answer to placing it gave it")


def _expected_version(event: Mapping[str, Any]) -> int | Literal["*"] | None:
    value = event.get("expectedversion")
    if value is None or value == "*":
        return value
    if isinstance(value, bool) or not _VERSION.fullmatch(str(value)):
        raise malformed("expectedversion", "has to be the version that this builds on, such as 7, or * for any")
    return int(value)


def _check_time(event: Mapping[str, Any]) -> None:
    time = event.get("time")
    if time is not None and not (isinstance(time, str) and _TIME.fullmatch(time)):
        raise malformed("time", "has to be RFC 3339 with its zone, such as 2026-11-24T19:05:00Z")


def _data(event: Mapping[str, Any]) -> Any:
    content_type = event.get("datacontenttype", "application/json")
    if not isinstance(content_type, str) or not _JSON.fullmatch(content_type):
        raise malformed("datacontenttype", "has to be application/json")
    encoded = event.get("data_base64", _NONE)
    if encoded is _NONE:
        return event.get("data")
    if "data" in event:
        raise malformed("data_base64", "can't be there beside data")
    try:
        return parse_json(b64decode(encoded, validate=True)) if isinstance(encoded, str) else _no_base64()
    except (Base64Error, ValueError) as error:
        raise malformed("data_base64", f"has to be JSON in Base64: {error}") from error


def _no_base64() -> Any:
    raise ValueError("it is no text")


def parse_json(content: bytes) -> Any:
    """Read JSON by RFC 8259. Raises ValueError, also on NaN and on what is nested too deeply."""
    try:
        return json.loads(content, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
