"""Where a page ended: the last order's place in the list, newest first. Opaque to clients."""

import re
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(r"\A(0|[1-9][0-9]{0,17}) ([ -~]{1,64})\Z")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Orders come by created_at, then by id: append times may be shared."""

    created_at: datetime
    order_id: str

    def __str__(self) -> str:
        """Give the text that clients hand back."""
        plain = f"{(self.created_at - _EPOCH) // timedelta(milliseconds=1)} {self.order_id}"
        return urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read a cursor. Raises ValueError with a remedy on any other text."""
        try:
            plain = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
            [(milliseconds, order_id)] = _FORM.findall(plain)
            return cls(_EPOCH + timedelta(milliseconds=int(milliseconds)), order_id)
        except (ValueError, OverflowError) as error:
            raise ValueError("not a cursor: send back, unchanged, the `next` of a page") from error
