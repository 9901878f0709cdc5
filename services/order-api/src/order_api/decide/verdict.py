"""What the rules give: a decision or a refusal, and the words that every axis uses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct

from order_api.commands import Command, MakeReady
from order_contracts.order import Status

Document = Mapping[str, Any]
Code = Literal[
    "order_not_found",
    "item_not_found",
    "station_not_found",
    "transition_not_allowed",
    "order_exists",
    "line_exists",
    "too_many_lines",
    "business_date_out_of_range",
    "scheduled_for_out_of_range",
    "currency_mismatch",
    "totals_missing",
    "overpaid",
    "over_refunded",
    "guest_erased",
]


class Decision(Struct, frozen=True, gc=False):
    """What happened: the event's name, its change (a merge patch), the stations that it touches."""

    name: str
    change: dict[str, Any]
    stations: tuple[str, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command can't be done: a stable code, a sentence with the remedy, the field that is wrong if it is one."""

    code: Code
    detail: str
    field: str | None = None


def verb_of(command: Command) -> str:
    """Say what a command does, in words: `ready`, `change item`."""
    return _in_words("Ready" if isinstance(command, MakeReady) else type(command).__name__)


@lru_cache  # a verb is looked up by all that might be refused, and hardly anything is
def _in_words(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def not_from(order: Document, command: Command, from_: Iterable[Status]) -> Refusal:
    """Refuse a command for the order's status, naming those that it needs."""
    needed = " or ".join(sorted(status.value for status in from_))
    detail = f"the order is {order['status']}; to {verb_of(command)}, it must be {needed}"
    return Refusal("transition_not_allowed", detail, field="status")
