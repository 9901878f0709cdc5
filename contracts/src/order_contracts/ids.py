"""Names of orders and events, derived so that the same request always names the same thing.

Whichever replica takes a request, and however often, its order and its event get the same ids
(UUIDv5, RFC 9562 section 5.5). That makes a retry a duplicate that every reader can recognise.
"""

import re
from hashlib import sha1
from json.encoder import encode_basestring_ascii
from uuid import UUID

_ORDERS = UUID("6f5d1c1e-6a5b-5d0c-9a37-0f5f3f0b7a11").bytes
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_NAME = re.compile(NAME_PATTERN, re.ASCII)


def is_name(text: str) -> bool:
    """Whether `text` can name a venue, an organization, a station or a line: it fits a room name and a URL."""
    return _NAME.fullmatch(text) is not None


def order_id_for(venue_id: str, source: str, idempotency_key: str, business_date: str) -> str:
    """Name the order that a request places. The date keeps apart POS numbers that start again every morning."""
    return _uuid5(_ORDERS, array_of_texts(venue_id, source, idempotency_key, business_date))


def event_id_for(order_id: str, idempotency_key: str) -> str:
    """Name the event that a request makes of an order."""
    return _uuid5(bytes.fromhex(order_id.replace("-", "")), idempotency_key)


def array_of_texts(*texts: str) -> str:
    """Do what json.dumps does with a list of texts, in a third of its time: names are made of it."""
    return f"[{', '.join(map(encode_basestring_ascii, texts))}]"


def _uuid5(namespace: bytes, name: str) -> str:
    """Do what uuid.uuid5 does, in a third of its time: every order takes two of them."""
    text = sha1(namespace + name.encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANTS[text[16]]}{text[17:20]}-{text[20:32]}"
