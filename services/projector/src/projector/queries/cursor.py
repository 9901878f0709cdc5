"""Where a page ended: the last order's place in the list, newest first. Opaque to clients."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
            plain = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
            milliseconds, order_id = plain.split(" ", 1)
            created_at = _EPOCH + timedelta(milliseconds=int(milliseconds))
        except (ValueError, OverflowError) as error:
            raise ValueError("not a cursor: send back, unchanged, the `next` of a page") from error
        return cls(created_at, order_id.replace("\x00", ""))  # U+0000 is no text for Postgres
