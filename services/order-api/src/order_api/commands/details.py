"""Asking for another table, other notes, another priority or promised time."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class MoveTable:
    """Seat the guests elsewhere. `table` replaces the one before whole."""

    label: str
    area: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeNotes:
    """Change the order's notes or allergens; `changes` is a merge patch."""

    changes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SetPriority:
    """Say how soon the kitchen should turn to it."""

    priority: int


@dataclass(frozen=True, slots=True)
class Delay:
    """Promise another time."""

    promised_at: str
    reason: str | None = None


ToDetails = MoveTable | ChangeNotes | SetPriority | Delay
