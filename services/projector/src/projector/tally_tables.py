"""The SQL of the tables that hold sums: what a batch adds, and the rows that then stand for nothing any more."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import asyncpg

from projector.counting import Occasion
from projector.sales import ITEM_SUMS, SALES_SUMS, ItemKey, SalesKey
from projector.stage_times import StageKey, bucket_end
from projector.venue_counts import Key

_OCCASION = (("venue_id", "text"), ("hour", "bigint"), ("business_date", "date"))
_STORED = {"hour": "to_timestamp(3600 * part.hour)", "quantity": "0.00001 * part.quantity",
           "refunded_quantity": "0.00001 * part.refunded_quantity"}  # fmt: skip


@dataclass(frozen=True)
class TallyTable:
    """One table. `keys` and `extras` are (column, type); the first `counters` sums are 0 in a row that is nothing."""

    name: str
    keys: Sequence[tuple[str, str]]
    sums: Sequence[str]
    key_values: Callable[[Any], tuple[Any, ...]]
    counters: int = 1
    extras: Sequence[tuple[str, str]] = ()

    @cached_property
    def adding(self) -> str:
        """Add a batch's sums; parameters are one array a column."""
        columns = [*self.keys, *self.extras, *((name, "bigint") for name in self.sums)]
        names = ", ".join(name for name, _ in columns)
        sums = ", ".join(f"{name} = held.{name} + excluded.{name}" for name in self.sums)
        return (
            f"INSERT INTO {self.name} AS held ({names}) "  # noqa: S608  # our own names
            f"SELECT {', '.join(_STORED.get(name, f'part.{name}') for name, _ in columns)} FROM {_unnested(columns)} "
            f"ON CONFLICT ({', '.join(name for name, _ in self.keys)}) DO UPDATE SET {sums}"
        )

    @cached_property
    def clearing(self) -> str:
        """Delete those of some rows that stand for nothing; parameters are one array a key column."""
        same = " AND ".join(f"held.{name} = {_STORED.get(name, f'part.{name}')}" for name, _ in self.keys)
        nothing = " AND ".join(f"held.{name} = 0" for name in self.sums[: self.counters])
        return f"DELETE FROM {self.name} AS held USING {_unnested(self.keys)} WHERE {same} AND {nothing}"  # noqa: S608

    async def write(self, connection: asyncpg.Connection, tally: Mapping[Any, Sequence[int]]) -> None:
        """Add a batch's sums."""
        parts = {key: sums for key, sums in tally.items() if any(sums)}
        if parts:
            keys = list(map(self.key_values, parts))
            await connection.execute(self.adding, *_columns(keys), *_columns(parts.values()))
            less = [key for key, sums in zip(keys, parts.values(), strict=True) if min(sums[: self.counters]) < 0]
            if less:
                await connection.execute(self.clearing, *_columns(less)[: len(self.keys)])


def _unnested(columns: Sequence[tuple[str, str]]) -> str:
    arrays = ", ".join(f"${place}::{kind}[]" for place, (_, kind) in enumerate(columns, 1))
    return f"unnest({arrays}) AS part({', '.join(name for name, _ in columns)})"


def _columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _occasion(occasion: Occasion) -> tuple[Any, ...]:
    return occasion.venue_id, occasion.hour, occasion.business_date


def _sales_key(key: SalesKey) -> tuple[Any, ...]:
    return *_occasion(key.occasion), key.currency, key.occasion.organization_id


def _item_key(key: ItemKey) -> tuple[Any, ...]:
    return *_occasion(key.occasion), key.currency, key.sku, key.name, key.occasion.organization_id


def _stage_key(key: StageKey) -> tuple[Any, ...]:
    parts = *_occasion(key.occasion), key.stage, key.station, key.from_seconds, key.occasion.organization_id
    return *parts, bucket_end(key.from_seconds)


_ORGANIZATION = ("organization_id", "text")
SALES = TallyTable(
    "sales_by_hour",
    keys=(*_OCCASION, ("currency", "text"), _ORGANIZATION),
    sums=SALES_SUMS,
    key_values=_sales_key,
    counters=2,
)
ITEM_SALES = TallyTable(
    "item_sales_by_hour",
    keys=(*_OCCASION, ("currency", "text"), ("sku", "text"), ("name", "text"), _ORGANIZATION),
    sums=ITEM_SUMS,
    key_values=_item_key,
)
STAGE_TIMES = TallyTable(
    "stage_times",
    keys=(*_OCCASION, ("stage", "text"), ("station", "text"), ("from_seconds", "bigint"), _ORGANIZATION),
    extras=(("below_seconds", "bigint"),),
    sums=("stays", "milliseconds"),
    key_values=_stage_key,
)

_ADD_COUNTS = """
INSERT INTO venue_status_counts AS held (venue_id, status, organization_id, orders)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
ON CONFLICT (venue_id, status, organization_id) DO UPDATE SET orders = held.orders + excluded.orders
"""


async def add_counts(connection: asyncpg.Connection, counts: Mapping[Key, int]) -> None:
    """Add to the venues' counts. Rows at 0 stay: a venue is in and out of each status all day."""
    if counts:
        venues, statuses, organizations = zip(*counts, strict=True)
        await connection.execute(_ADD_COUNTS, list(venues), list(statuses), list(organizations), list(counts.values()))
