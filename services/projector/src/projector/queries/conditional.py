"""Answers that a client may hold already: an ETag for each, and 304 where it is named (RFC 9110 section 13.1.2)."""

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Annotated

from fastapi import Depends, Header, Response

_TAGS = re.compile(r'(?:W/)?("[!#-~\x80-\xff]*")')


def tag_of(*parts: bytes) -> str:
    """Give the weak tag of a content: the same parts, the same tag, in any process."""
    digest = blake2b(digest_size=12)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return f'W/"{digest.hexdigest()}"'


async def _held(  # a plain function would be called in a thread, for every request
    if_none_match: Annotated[
        str | None, Header(alias="If-None-Match", description="the `ETag` that you hold: 304 where it still stands")
    ] = None,
) -> str:
    return if_none_match or ""


Held = Annotated[str, Depends(_held)]
"""What a request says that it holds: its If-None-Match."""


def answer(
    held: str,
    body: bytes,
    tag: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a JSON body, or with 304 and the same headers where the request holds it. Caches ask each time."""
    sent = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization", **(headers or {})}
    if names(held, tag):
        return Response(status_code=304, headers=sent)
    return Response(body, headers=sent, media_type="application/json")


def names(held: str, tag: str) -> bool:
    """Say whether an If-None-Match names the tag; weak and strong are the same here, as the RFC says."""
    return held.strip() == "*" or tag.removeprefix("W/") in _TAGS.findall(held)
