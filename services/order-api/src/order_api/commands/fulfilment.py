"""Asking an order, one station's ticket or one line to move on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Release:
    """Let a scheduled order go to the venue."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Accept:
    """Take a placed order."""

    promised_at: str | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """Turn a placed order down."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fail:
    """Say that an order never reached the kitchen: the POS behind it did not take it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Call an open order off."""

    reason: str


@dataclass(frozen=True, slots=True)
class Complete:
    """Hand the order over."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Start to prepare: all new lines, or one."""

    line_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MakeReady:
    """Bump: all lines that were fired, one line, or one station's lines."""

    line_id: str | None = None
    reason: str | None = None
    station: str | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """Take a ready or completed order back to preparing: all its lines, some, one, or one station's."""

    line_ids: tuple[str, ...] | None = None
    reason: str | None = None
    line_id: str | None = None
    station: str | None = None


ToFulfil = Release | Accept | Reject | Fail | Cancel | Complete | Start | MakeReady | Recall
