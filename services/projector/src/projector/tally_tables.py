"""The tables that hold sums: how a batch's changes are added to them, and what is no sum of anything any more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from projector.columns import Column, column, numbers, rows_of, values_of
from projector.counting import Sums
from projector.sales import ITEM_SUMS, SALES_SUMS, ItemKey, SalesKey
from projector.stage_times import StageKey, bucket_end

_OCCASION: tuple[Column, ...] = (("venue_id", "text"), ("hour", "hours"), ("business_date", "date"))
_ORGANIZATION = ("organization_id", "text")


@dataclass(frozen=True)
class TallyTable:
    """One table. `extras` follow from the key; where the first `counters` sums are 0 the row is nothing, and deleted.

    With `zeros_stay` it is kept instead, also where a batch went to it and away again: as two batches would leave it.
    """

    name: str
    keys: tuple[Column, ...]
    sums: tuple[Column, ...]
    key_values: Callable[[Any], tuple[str, ...]]  # of keys and extras
    counters: int = 1
    extras: tuple[Column, ...] = ()
    zeros_stay: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in the order of the parameters."""
        return *self.keys, *self.extras, *self.sums

    def adding(self, first: int) -> str:
        """Give the SQL that adds rows; its parameters are `columns`, from number `first` on."""
        names = ", ".join(name for name, _ in self.columns)
        sums = ", ".join(f"{name} = held.{name} + excluded.{name}" for name, _ in self.sums)
        return (
            f"INSERT INTO {self.name} AS held ({names}) "  # noqa: S608  # our own names
            f"SELECT {values_of(self.columns)} FROM {rows_of(self.columns, first)} "
            f"ON CONFLICT ({', '.join(name for name, _ in self.keys)}) DO UPDATE SET {sums}"
        )

    def clearing(self) -> str:
        """Give the SQL that deletes those of some rows that are nothing; its parameters are the key's columns."""
        same = " AND ".join(f"held.{each[0]} = {values_of([each])}" for each in self.keys)
        nothing = " AND ".join(f"held.{name} = 0" for name, _ in self.sums[: self.counters])
        return f"DELETE FROM {self.name} AS held USING {rows_of(self.keys)} WHERE {same} AND {nothing}"  # noqa: S608

    def written(self, tally: Mapping[Any, Sums]) -> list[str]:
        """Give a batch's sums, a text a column."""
        parts = [(self.key_values(key), sums) for key, sums in tally.items() if self.zeros_stay or any(sums)]
        if not parts:
            return [""] * len(self.columns)
        keys, sums = zip(*parts, strict=True)
        return [*map(column, zip(*keys, strict=True)), *map(numbers, zip(*sums, strict=True))]

    def lessened(self, tally: Mapping[Any, Sums]) -> list[str] | None:
        """Give the keys, a text a column, of rows that may have come to nothing; None where there is none."""
        if self.zeros_stay:
            return None
        less = [self.key_values(key) for key, sums in tally.items() if min(sums[: self.counters]) < 0]
        return [column(values) for values in zip(*less, strict=True)][: len(self.keys)] if less else None


def _sums(names: Sequence[str], kind: str = "numeric") -> tuple[Column, ...]:
    return tuple((name, kind) for name in names)


def _sales_key(key: SalesKey) -> tuple[str, ...]:
    venue_id, organization_id, hour, day = key.occasion
    return venue_id, str(hour), str(day), key.currency, organization_id


def _item_key(key: ItemKey) -> tuple[str, ...]:
    venue_id, organization_id, hour, day = key.occasion
    return venue_id, str(hour), str(day), key.currency, key.sku, key.name, organization_id


def _stage_key(key: StageKey) -> tuple[str, ...]:
    venue_id, organization_id, hour, day = key.occasion
    start, end = str(key.from_seconds), str(bucket_end(key.from_seconds))
    return venue_id, str(hour), str(day), key.stage, key.station, start, organization_id, end


SALES = TallyTable(
    "sales_by_hour",
    keys=(*_OCCASION, ("currency", "text"), _ORGANIZATION),
    sums=_sums(SALES_SUMS),
    key_values=_sales_key,
    counters=2,
)
ITEM_SALES = TallyTable(
    "item_sales_by_hour",
    keys=(*_OCCASION, ("currency", "text"), ("sku", "text"), ("name", "text"), _ORGANIZATION),
    sums=tuple((name, "hundred thousandths" if "quantity" in name else "numeric") for name in ITEM_SUMS),
    key_values=_item_key,
)
STAGE_TIMES = TallyTable(
    "stage_times",
    keys=(*_OCCASION, ("stage", "text"), ("station", "text"), ("from_seconds", "bigint"), _ORGANIZATION),
    extras=(("below_seconds", "bigint"),),
    sums=_sums(("stays", "milliseconds")),
    key_values=_stage_key,
)
COUNTS = TallyTable(
    "venue_status_counts",
    keys=(("venue_id", "text"), ("status", "text"), _ORGANIZATION),
    sums=_sums(("orders",), "bigint"),
    key_values=tuple,
    zeros_stay=True,
)
