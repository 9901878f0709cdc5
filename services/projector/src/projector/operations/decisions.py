"""What people have decided and the log does not know: discarded events, removed trails. Rebuilt rows keep to it."""

import asyncpg

_THERE = "SELECT to_regclass(format('%I.trail_removed', $1::text)) IS NOT NULL"
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
        OR EXISTS (SELECT * FROM "{served}".trail_removed EXCEPT SELECT * FROM "{shadow}".trail_removed)
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
    await connection.execute(f'INSERT INTO "{shadow}".trail_removed SELECT * FROM "{served}".trail_removed')  # noqa: S608


async def remove_trails(connection: asyncpg.Connection, schema: str) -> None:
    """Remove what was filled in again of trails that retention had removed."""
    await connection.execute(
        f'DELETE FROM "{schema}".order_events AS event USING "{schema}".trail_removed AS gone '  # noqa: S608
        "WHERE event.order_id = gone.order_id AND event.version <= gone.through_version"
    )
