"""A change to an order as the fast lane reads it: what is right in every part; the rest is for the framework. Pure.

The table of verbs is the one that the routes are made of, and the body's models are its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from order_api import commands
from order_api.naming import ask
from order_api.proposing import Request
from order_api.verbs import Verb, verbs
from order_contracts.claims import Claims
from order_contracts.ids import is_name

ORDER_ID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$"
ETAG = re.compile(r'"v([1-9][0-9]{0,8})"', re.ASCII)
_ORDER_ID = re.compile(ORDER_ID_PATTERN[1:-1])
_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)
_JSON = re.compile(rb"application/json(?:; ?charset=utf-8)?", re.IGNORECASE)  # in its usual forms
_OF_ORDER: Mapping[str, Verb] = {verb.path: verb for verb in verbs() if verb.target is None}
_OF_PART: Mapping[tuple[str, str], Verb] = {
    (verb.path.split("/")[1], verb.path.split("/")[3]): verb for verb in verbs() if verb.target is not None
}


@dataclass(frozen=True, slots=True)
class HotChange:
    """A change that is well said; whether it may be done is not known yet."""

    order_id: str
    key: str
    command: commands.Command
    body: BaseModel
    if_match: int | None

    def asked_by(self, claims: Claims, venue_id: str) -> Request:
        """Name it."""
        return ask(claims, venue_id, self.order_id, self.key, self.command, self.body, if_match=self.if_match)


def read(order_id: str, rest: str, headers: Mapping[bytes, bytes], content: bytes) -> HotChange | None:
    """Read a change from the end of its path, such as `/items/1/ready`, its headers and its body."""
    verb, target = _verb_of(rest)
    key = headers.get(b"idempotency-key", b"").decode("latin-1")
    if verb is None or not _ORDER_ID.fullmatch(order_id) or not _KEY.fullmatch(key):
        return None
    pinned = _version_of(headers.get(b"if-match"), verb)
    body = _body_of(verb, headers.get(b"content-type"), content)
    if pinned is None or body is None:
        return None
    return HotChange(order_id, key, verb.command(body, target), body, pinned or None)


def said_as_json(content_type: bytes | None) -> bool:
    """Whether a body is JSON by what is said of it, or nothing is; otherwise the framework has a closer look."""
    return content_type is None or _JSON.fullmatch(content_type) is not None


def _verb_of(rest: str) -> tuple[Verb | None, str]:
    match rest.split("/"):
        case ["", kind, target, name] if is_name(target):
            return _OF_PART.get((kind, name)), target
    return _OF_ORDER.get(rest), ""


def _version_of(if_match: bytes | None, verb: Verb) -> int | None:
    """Give the version that is pinned, 0 for none; None where that is for the framework to judge."""
    if if_match is None:
        return None if verb.pinned else 0
    if if_match == b"*":
        return 0
    match = ETAG.fullmatch(if_match.decode("latin-1"))
    return None if match is None else int(match[1])


def _body_of(verb: Verb, content_type: bytes | None, content: bytes) -> BaseModel | None:
    if not content:
        return verb.default
    if not said_as_json(content_type):
        return None
    try:
        return verb.body.model_validate_json(content)
    except ValidationError:
        return None
