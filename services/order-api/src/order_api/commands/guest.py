"""Asking that an order's guest be forgotten."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EraseGuest:
    """Take out every text of the guest, at whatever status the order is; money and lines stay."""

    reason: str | None = None
