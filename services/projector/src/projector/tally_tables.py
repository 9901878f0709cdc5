"""The tables that hold sums: how a batch's changes are added to them, and what is no sum of anything any more."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from projector.columns import Column, column, no_rows, numbers, rows_of, values_of
from projector.counting import Occasion, Sums
from projector.sales import ITEM_SUMS, SALES_SUMS, ItemKey, SalesKey
from projector.stage_times import StageKey, bucket_end
from projector.venue_counts import Key

_OCCASION: tuple[Column, ...] = (("venue_id", "text"), ("hour", "hours"), ("business_date", "date"))
_ORGANIZATION = ("organization_id", "text")


@dataclass(frozen=True)
class TallyTable:
    """One table. `extras` follow from the key; where the first `counters` sums, one or two, are 0 the row is deleted.

    With `zeros_stay` it is kept instead, also where a batch went to it and away again: as two batches would leave it.
    Where it `grows`, each batch leaves rows of its own, and whoever reads them adds them up.
    """

    name: str
    keys: tuple[Column, ...]
    sums: tuple[Column, ...]
    written_keys: Callable[[Collection[Any]], list[str]]  # keys and extras, a text a column
    counters: int = 1
    extras: tuple[Column, ...] = ()
    zeros_stay: bool = False
    grows: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in the order of the parameters."""
        return *self.keys, *self.extras, *self.sums

    def adding(self, first: int) -> str:
        """Give the SQL that adds rows; its parameters are `columns`, from number `first` on."""
        names = ", ".join(name for name, _ in self.columns)
        sums = ", ".join(f"{name} = held.{name} + excluded.{name}" for name, _ in self.sums)
        met = f"ON CONFLICT ({', '.join(name for name, _ in self.keys)}) DO UPDATE SET {sums}"
        return (
            f"INSERT INTO {self.name} AS held ({names}) "  # noqa: S608  # our own names
            f"SELECT {values_of(self.columns)} FROM {rows_of(self.columns, first)} {'' if self.grows else met}"
        )

    def clearing(self) -> str:
        """Give the SQL that deletes those of some rows that are nothing; its parameters are the key's columns."""
        same = " AND ".join(f"held.{each[0]} = {values_of([each])}" for each in self.keys)
        nothing = " AND ".join(f"held.{name} = 0" for name, _ in self.sums[: self.counters])
        return f"DELETE FROM {self.name} AS held USING {rows_of(self.keys)} WHERE {same} AND {nothing}"  # noqa: S608

    def written(self, tally: Mapping[Any, Sums]) -> list[str]:
        """Give a batch's sums, a text a column."""
        parts = [part for part in tally.items() if self.zeros_stay or any(part[1])]
        if not parts:
            return no_rows(self.columns)
        keys, sums = zip(*parts, strict=True)
        return [*self.written_keys(keys), *map(numbers, zip(*sums, strict=True))]

    def lessened(self, tally: Mapping[Any, Sums]) -> list[str] | None:
        """Give the keys, a text a column, of rows that may have come to nothing; None where there is none."""
        if self.zeros_stay or self.grows:
            return None
        last = self.counters - 1
        less = [key for key, sums in tally.items() if sums[0] < 0 or sums[last] < 0]
        return self.written_keys(less)[: len(self.keys)] if less else None


def _sums(names: Sequence[str], kind: str = "numeric") -> tuple[Column, ...]:
    return tuple((name, kind) for name in names)


def _sales_keys(keys: Collection[SalesKey]) -> list[str]:
    occasions, currencies = zip(*keys, strict=True)
    *occasion, organizations = _occasions(occasions)
    return [*occasion, column(currencies), organizations]


def _item_keys(keys: Collection[ItemKey]) -> list[str]:
    occasions, *texts = zip(*keys, strict=True)
    *occasion, organizations = _occasions(occasions)
    return [*occasion, *map(column, texts), organizations]


def _stage_keys(keys: Collection[StageKey]) -> list[str]:
    occasions, stages, stations, starts = zip(*keys, strict=True)
    *occasion, organizations = _occasions(occasions)
    ends = numbers(map(bucket_end, starts))
    return [*occasion, column(stages), column(stations), numbers(starts), organizations, ends]


def _count_keys(keys: Collection[Key]) -> list[str]:
    return [column(texts) for texts in zip(*keys, strict=True)]


def _occasions(occasions: Iterable[Occasion]) -> list[str]:
    venues, organizations, hours, days = zip(*occasions, strict=True)
    return [column(venues), numbers(hours), numbers(days), column(organizations)]


SALES = TallyTable(
    "sales_by_hour",
    keys=(*_OCCASION, ("currency", "text"), _ORGANIZATION),
    sums=_sums(SALES_SUMS),
    written_keys=_sales_keys,
    counters=2,
)
ITEM_SALES = TallyTable(
    "item_sales_by_hour",
    keys=(*_OCCASION, ("currency", "text"), ("sku", "text"), ("name", "text"), _ORGANIZATION),
    sums=tuple((name, "hundred thousandths" if "quantity" in name else "numeric") for name in ITEM_SUMS),
    written_keys=_item_keys,
)
STAGE_TIMES = TallyTable(
    "stage_times",
    keys=(*_OCCASION, ("stage", "text"), ("station", "text"), ("from_seconds", "bigint"), _ORGANIZATION),
    extras=(("below_seconds", "bigint"),),
    sums=_sums(("stays", "milliseconds")),
    written_keys=_stage_keys,
    grows=True,
)
COUNTS = TallyTable(
    "venue_status_counts",
    keys=(("venue_id", "text"), ("status", "text"), _ORGANIZATION),
    sums=_sums(("orders",), "bigint"),
    written_keys=_count_keys,
    zeros_stay=True,
)
