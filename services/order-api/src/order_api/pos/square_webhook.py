"""Square's webhooks: whether Square sent it, and which order it is about. Pure.

A webhook carries a summary only; the order itself is fetched. Of payments it says nothing that we use.
"""

import hmac
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import msgspec
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from order_api.pos.stated import Aside
from order_api.problems import Problem, of_body

SIGNATURE_HEADER = "x-square-hmacsha256-signature"
_SUMMARIES = {
    "order.created": "order_created",
    "order.updated": "order_updated",
    "order.fulfillment.updated": "order_fulfillment_updated",
}


class _Summary(BaseModel):
    order_id: str = Field(min_length=1, max_length=255)
    location_id: str
    version: int = Field(ge=0)
    created_at: AwareDatetime


class _Data(BaseModel):
    object: dict[str, Any] = Field(default_factory=dict)


class _Event(BaseModel):
    type: str
    event_id: str = ""
    data: _Data = Field(default_factory=_Data)


@dataclass(frozen=True, slots=True)
class Notice:
    """That an order is there, or has changed."""

    order_id: str
    version: int
    created_at: AwareDatetime


def is_signed(signature: str | None, *, key: str, url: str, body: bytes) -> bool:
    """Whether Square signed this body for this address, told in constant time."""
    expected = b64encode(hmac.digest(key.encode(), url.encode() + body, sha256))
    return hmac.compare_digest(expected, (signature or "").encode("utf-8", "surrogateescape"))


def read_notice(body: bytes, location_id: str) -> Notice | Aside:
    """Read a webhook. Raises Problem when it is no event of Square's."""
    try:
        event = _Event.model_validate(_json(body))
        name = _SUMMARIES.get(event.type)
        if name is None:
            return Aside(f"{event.type} is no event that orders follow")
        summary = _Summary.model_validate(event.data.object.get(name) or {})
    except ValidationError as error:
        raise of_body(error) from error
    if summary.location_id != location_id:
        return Aside("it is of another location")
    return Notice(summary.order_id, summary.version, summary.created_at)


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed_json", f"the body is no JSON: {error}") from error
