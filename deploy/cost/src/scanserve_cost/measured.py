"""What was measured with the real services (`make bench AREA=cost`): CPU seconds and bytes of each thing done."""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

BENCH = Path("build/bench/cost.json")


class NotMeasured(Exception):
    """The measurement is missing or unreadable; the text says how to make one."""


@dataclass(frozen=True, slots=True)
class Push:
    """What one way of pushing costs: to open a connection, to keep it, to send it a batch."""

    handshake_cpu: float
    connection_cpu: float
    connection_bytes: float
    delivery_cpu: float
    delivery_bytes: float
    events_a_delivery: float


PUSHED = Push.__slots__


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU in seconds of one core, sizes in bytes. `unchanged_*` is a poll that is answered 304, None where none is."""

    date: str
    where: str
    machine: str
    open_orders: int
    screens: int
    poll_cpu: float
    poll_database_cpu: float
    poll_bytes: float
    unchanged_cpu: float | None
    unchanged_database_cpu: float | None
    unchanged_bytes: float | None
    sockets: Push
    streams: Push
    order_api_event_cpu: float
    projector_event_cpu: float
    notifier_alone_cpu: float
    notifier_bytes: float


_OTHERS = ("date", "where", "machine", "open_orders", "screens", "sockets", "streams")
_FIGURES = [name for name in Measured.__slots__ if name not in _OTHERS]
_OPTIONAL = ("unchanged_cpu", "unchanged_database_cpu", "unchanged_bytes")


def read_measured(path: Path | None = None, *, shipped: bool = False) -> Measured:
    """Read a file, else the last bench where there is one, else the figures that are shipped. Raises NotMeasured."""
    if path is None and not shipped and BENCH.is_file():
        path = BENCH
    text = path.read_text() if path else files("scanserve_cost").joinpath("measured.json").read_text()
    where = str(path or "measured.json, as shipped")
    try:
        return _from(json.loads(text), where)
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise NotMeasured(f"{where} can't be read: {error!r}; make it anew with make bench AREA=cost") from error


def _from(document: dict[str, Any], where: str) -> Measured:
    seen = document["figures"]
    figures = {name: float(seen[name]) for name in _FIGURES if name not in _OPTIONAL}
    optional = {name: None if seen.get(name) is None else float(seen[name]) for name in _OPTIONAL}
    machine = document["machine"]
    return Measured(
        date=str(document["date"]),
        where=where,
        machine=f"{machine['cores']} cores, {machine['processor']}, Python {machine['python']}",
        open_orders=int(document["open_orders"]),
        screens=int(seen["screens"]),
        sockets=Push(*(float(seen[name]) for name in PUSHED)),
        streams=Push(*(float(seen[f"sse_{name}"]) for name in PUSHED)),
        **figures,
        **optional,  # type: ignore[arg-type]  # three optional floats
    )
