"""Which texts of an order are its guest's, and how they are sealed, opened and erased.

A sealed text stands in the text's place as `{"sealed": "era.…"}`, so that whoever folds, stores, verifies or forwards
events needs no key; it is opened where somebody is answered. What must not break: opening never raises, whatever the
bytes, and commutes with the fold. No text that a caller sends can pass for a sealed one: in a JSON text, quotes are
escaped.
"""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from hashlib import blake2b
from os import urandom
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag

from order_contracts.guest_keys import MARK_BYTES, GuestKeys, mark_of

ERASED = "(erased)"
"""What is read where a guest's text was, or where it can't be opened any more."""
GUEST_ERASED = "order.guest_erased.v1"
_NONCE_BYTES = 12
_SEALED = re.compile(rb'\{\s*"sealed"\s*:\s*"([^"\\]*)"\s*\}')
_MAY_BE_SEALED = b'"sealed"'
_SAYS_ERASED = re.compile(rb'"type"\s*:\s*"order\.guest_erased\.v1"')
_encode = msgspec.json.Encoder().encode


class KeyGone(Exception):
    """The order's key was taken out: nothing can be sealed for it any more."""


class GuestTexts:
    """Seals and opens with the keys of the moment. Without keys nothing is sealed, and what was reads as erased."""

    def __init__(self, keys: Callable[[], GuestKeys | None]) -> None:
        self._keys = keys

    def sealed(self, order_id: str, change: dict[str, Any]) -> dict[str, Any]:
        """Seal a change's texts; the very same object where it has none. Raises KeyGone."""
        keys = self._keys()
        if keys is None:
            return change
        return turned(change, lambda text: {"sealed": _seal(keys, order_id, text)} if isinstance(text, str) else text)

    def opened(self, text: bytes) -> bytes:
        """Open every sealed text in some JSON, byte for byte the same around it."""
        if _MAY_BE_SEALED not in text:
            return text
        keys = self._keys()
        return _SEALED.sub(lambda found: _encode(_open(keys, found[1])), text)

    def masked(self, order_id: str, fingerprint: str) -> str:
        """Give the fingerprint of a request with a guest's texts in it so that nobody without the key can try texts."""
        keys = self._keys()
        key = keys and keys.key(keys.current, mark_of(order_id))
        return _mask(key, fingerprint) if key else fingerprint

    def same_request(self, order_id: str, standing: str, asked: str) -> bool:
        """Whether an event that has the fingerprint `standing` was asked for by a request with the fingerprint `asked`.

        Once the order's key is gone nobody can tell a masked one: it is taken for the same.
        """
        keys = self._keys()
        if standing == asked or keys is None:
            return standing == asked
        mark = mark_of(order_id)
        return any(key is None or _mask(key, asked) == standing for key in (keys.key(era, mark) for era in keys.eras))


def turned(change: dict[str, Any], turn: Callable[[Any], Any]) -> dict[str, Any]:
    """Give a change or a document with each text of its guest turned; the very same object where there is none.

    These are `guest.name`, `notes`, `allergens` and the items' `notes`. Reasons are not: they are the venue's words.
    """
    after: dict[str, Any] = {}
    guest, notes, allergens = change.get("guest"), change.get("notes"), change.get("allergens")
    if isinstance(guest, dict) and guest.get("name") is not None:
        after["guest"] = {**guest, "name": turn(guest["name"])}
    if notes is not None:
        after["notes"] = turn(notes)
    if isinstance(allergens, list) and allergens:
        after["allergens"] = [turn(one) for one in allergens]
    items = change.get("items")
    if isinstance(items, dict):
        noted = {
            line: {**item, "notes": turn(item["notes"])}
            for line, item in items.items()
            if isinstance(item, dict) and item.get("notes") is not None
        }
        if noted:
            after["items"] = {**items, **noted}
    return {**change, **after} if after else change


def erasure_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give the merge patch that takes all texts of its guest out of a document."""
    items = document.get("items") or {}
    noted = {line: {"notes": None} for line, item in items.items() if "notes" in item}
    return {
        **{name: None for name in ("guest", "notes") if name in document},
        **({"allergens": []} if document.get("allergens") else {}),
        **({"items": noted} if noted else {}),
    }


def erased_document(text: bytes) -> bytes:
    """Give a document, in JSON, as it reads once its guest was erased."""
    return _encode(turned(msgspec.json.decode(text), lambda _: ERASED))


def erased_event(value: bytes) -> bytes:
    """Give an event, in JSON, as it reads once its order's guest was erased. Bytes that are no event stay."""
    try:
        event = msgspec.json.decode(value)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return value
    if not isinstance(event, dict) or not isinstance(event.get("change"), dict):
        return value
    return _encode({**event, "change": turned(event["change"], lambda _: ERASED)})


def says_erased(value: bytes) -> bool:
    """Whether an event, in JSON, says that its order's guest was erased."""
    return _SAYS_ERASED.search(value) is not None


def _seal(keys: GuestKeys, order_id: str, text: str) -> str:
    mark, nonce = mark_of(order_id), urandom(_NONCE_BYTES)
    cipher = keys.cipher(keys.current, mark)
    if cipher is None:
        raise KeyGone(order_id)
    box = cipher.encrypt(nonce, text.encode(), keys.current.encode() + mark)
    return f"{keys.current}.{b2a_base64(mark + nonce + box, newline=False).decode()}"


def _open(keys: GuestKeys | None, sealed: bytes) -> str:
    era, _, coded = sealed.partition(b".")
    try:
        raw = a2b_base64(coded)
        mark, nonce, box = raw[:MARK_BYTES], raw[MARK_BYTES:][:_NONCE_BYTES], raw[MARK_BYTES + _NONCE_BYTES :]
        cipher = keys and keys.cipher(era.decode("ascii"), mark)
        return cipher.decrypt(nonce, box, era + mark).decode() if cipher else ERASED
    except (InvalidTag, ValueError):  # what is no base64, no ASCII or no UTF-8 is a ValueError too
        return ERASED


def _mask(key: bytes, fingerprint: str) -> str:
    return blake2b(fingerprint.encode(), key=key, digest_size=16, person=b"guest-ask").hexdigest()
