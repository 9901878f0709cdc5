"""What people have decided and the log does not know: discarded events, kept trails. Rebuilt rows keep to it."""

import asyncpg

_THERE = "SELECT to_regclass(format('%I.trail_retention', $1::text)) IS NOT NULL"
_LETTERS = (
    "partition, order_id, version, event_id, type, venue_id, organization_id, log_offset, appended_at, fingerprint, "
    "value, reason, discarded_at, discard_note"
)


async def same_decisions(connection: asyncpg.Connection, served: str, shadow: str) -> bool:
    """Say whether `shadow` was filled by the decisions that stand in `served` now."""
    if not await connection.fetchval(_THERE, served):
        return True
    changed = f"""
        SELECT EXISTS (
            SELECT order_id, version, discard_note FROM "{served}".dead_letters WHERE discarded_at IS NOT NULL
            EXCEPT
            SELECT order_id, version, discard_note FROM "{shadow}".dead_letters WHERE discarded_at IS NOT NULL)
        OR EXISTS (SELECT * FROM "{served}".trail_retention EXCEPT SELECT * FROM "{shadow}".trail_retention)
    """  # noqa: S608  # schema names are checked by the settings
    return not await connection.fetchval(changed)


async def copy_decisions(connection: asyncpg.Connection, served: str, shadow: str) -> None:
    """Bring them into a schema that is about to be filled."""
    if not await connection.fetchval(_THERE, served):
        return
    await connection.execute(
        f'INSERT INTO "{shadow}".dead_letters ({_LETTERS}) '  # noqa: S608
        f'SELECT {_LETTERS} FROM "{served}".dead_letters WHERE discarded_at IS NOT NULL'
    )
    await connection.execute(f'INSERT INTO "{shadow}".trail_retention SELECT * FROM "{served}".trail_retention')  # noqa: S608
