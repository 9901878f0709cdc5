"""Compares the tables of two schemas row by row, each seen through its own connection and snapshot.

Postgres hashes every row (64 bits, by content, not by place) and sums the hashes in buckets by key; only buckets that
differ are read. So equal tables cost one pass each, and of different ones only what differs travels.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

_BUCKETS = 4096
_SUMS = ("stays", "milliseconds")  # of analytics_times: what its rows are not named by

_TABLES = """
SELECT held.relname AS name,
       (SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute
        WHERE attrelid = held.oid AND attnum > 0 AND NOT attisdropped AND attname <> 'revision') AS columns,
       (SELECT array_agg(attname::text ORDER BY attname) FROM pg_index JOIN pg_attribute ON attrelid = indrelid
        WHERE indrelid = held.oid AND indisprimary AND attnum = ANY(indkey)) AS key
FROM pg_class AS held
WHERE held.relnamespace = to_regnamespace($1) AND held.relname !~ 'yoyo'
  AND (held.relkind IN ('r', 'p') AND NOT held.relispartition
       AND held.relname NOT IN ('shadow', 'shadow_indexes', 'stage_times')
       OR held.relname = 'analytics_times')  -- stage_times added up: its own rows tell how the log was cut into batches
ORDER BY held.relname
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, or a view, with the columns that name a row."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    compared: str = "true"  # which rows


@dataclass(frozen=True, slots=True)
class RowDifference:
    """One row that is not alike. `columns` has (served, rebuilt) of each column that differs; whole rows have none."""

    table: str
    key: Mapping[str, Any]
    kind: str  # "missing" in the served schema, "unexpected" there, or "different"
    columns: Mapping[str, tuple[Any, Any]]


async def tables_of(connection: asyncpg.Connection, schema: str) -> dict[str, Table]:
    """Describe a schema's tables."""
    rows = await connection.fetch(_TABLES, schema)
    return {row["name"]: _table(row["name"], row["columns"], row["key"]) for row in rows}


def _table(name: str, columns: Sequence[str], key: Sequence[str] | None) -> Table:
    named_by = key or [column for column in columns if column not in _SUMS]
    return Table(name, tuple(columns), tuple(named_by))


async def differences(
    table: Table, served: asyncpg.Connection, rebuilt: asyncpg.Connection
) -> AsyncIterator[RowDifference]:
    """Give the rows of a table that are not alike. The connections' search_path says which schema is which."""
    sums = await asyncio.gather(*(_digests(connection, table) for connection in (served, rebuilt)))
    for bucket in sorted(
        bucket for bucket in sums[0].keys() | sums[1].keys() if sums[0].get(bucket) != sums[1].get(bucket)
    ):
        mine, theirs = await asyncio.gather(*(_rows(connection, table, bucket) for connection in (served, rebuilt)))
        for key in sorted(mine.keys() | theirs.keys()):
            if mine.get(key) != theirs.get(key):
                yield _difference(table, key, mine.get(key), theirs.get(key))


async def _digests(connection: asyncpg.Connection, table: Table) -> dict[int, tuple[int, Any]]:
    rows = await connection.fetch(
        f"SELECT {_bucket(table)} AS bucket, count(*) AS rows, "  # noqa: S608  # names of the catalogue
        f"sum(hashtextextended({_row(table.columns)}, 1)::numeric) AS hashes FROM {table.name} WHERE {table.compared} "
        "GROUP BY 1"
    )
    return {row["bucket"]: (row["rows"], row["hashes"]) for row in rows}


async def _rows(connection: asyncpg.Connection, table: Table, bucket: int) -> dict[str, str]:
    key = f"jsonb_build_array({', '.join(map(_quoted, table.key))})::text"
    rows = await connection.fetch(
        f"SELECT {key} AS key, to_jsonb(one)::text AS row FROM {table.name} AS one "  # noqa: S608
        f"WHERE {_bucket(table)} = $1 AND {table.compared}",
        bucket,
    )
    return {row["key"]: row["row"] for row in rows}


def _difference(table: Table, key: str, mine: str | None, theirs: str | None) -> RowDifference:
    named = dict(zip(table.key, json.loads(key), strict=True))
    if mine is None or theirs is None:
        return RowDifference(table.name, named, "missing" if mine is None else "unexpected", {})
    left, right = json.loads(mine), json.loads(theirs)
    columns = {name: (left[name], right[name]) for name in table.columns if left[name] != right[name]}
    return RowDifference(table.name, named, "different", columns)


def _bucket(table: Table) -> str:
    return f"(hashtextextended({_row(table.key)}, 0) & {_BUCKETS - 1})::int"


def _row(columns: Sequence[str]) -> str:
    return f"ROW({', '.join(map(_quoted, columns))})::text"


def _quoted(name: str) -> str:
    return f'"{name}"'
