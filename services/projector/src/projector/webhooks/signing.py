"""Secrets and signatures of the Standard Webhooks specification (standardwebhooks.com)."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime
from secrets import token_bytes

_PREFIX = "whsec_"
_SECRET_BYTES = 32  # of the 24 to 64 that the specification allows: as long as what SHA-256 gives


def new_secret() -> str:
    """Make a secret, as it is handed to an integrator."""
    return _PREFIX + b64encode(token_bytes(_SECRET_BYTES)).decode()


def signed_headers(message_id: str, now: datetime, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """Give the three headers of an attempt. With two secrets both sign: a receiver knows one or the other."""
    stamp = str(int(now.timestamp()))
    content = f"{message_id}.{stamp}.".encode() + body
    signatures = [f"v1,{_signature(secret, content)}" for secret in secrets]
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": " ".join(signatures)}


def _signature(secret: str, content: bytes) -> str:
    key = b64decode(secret.removeprefix(_PREFIX))
    return b64encode(hmac.digest(key, content, "sha256")).decode()
