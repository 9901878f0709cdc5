"""Connections to Postgres: every one with deadlines, and which of its errors mean what."""

import asyncio

import asyncpg

from projector.settings import DatabaseSettings

UNAVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # restarting, shut down, a statement's deadline
    asyncpg.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.TransactionRollbackError,  # deadlock, serialization
    asyncpg.InvalidTransactionStateError,  # idle in transaction for too long, after a stopped process went on
    asyncpg.ReadOnlySQLTransactionError,  # a demoted primary
    asyncpg.LockNotAvailableError,
    asyncpg.InternalClientError,  # no primary among the hosts; a connection cut off in the middle of a COPY
    asyncpg.InternalServerError,
)
"""Nothing was learned about the data: whatever was asked may be asked again, on a new connection."""

UNWRITABLE = (
    asyncpg.DataError,  # text with U+0000, a number out of range
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,  # nested too deeply, a value too large
    UnicodeEncodeError,
    RecursionError,  # from our own encoder
)
"""The data is at fault: the same rows would be refused for ever. No plain ValueError: that would be our own fault."""


class WrongSchema(Exception):
    """The connection leads to other tables than those that were asked for."""


async def open_pool(
    settings: DatabaseSettings, *, connections: int, acquire_seconds: float, writes: bool, at_once: bool = True
) -> asyncpg.Pool:
    """Make a pool that connects when first used, so that a database that is down delays nobody's start.

    Without `at_once`, COMMIT does not wait for the disk: after a crash of Postgres its last ones may never have been.
    """
    milliseconds = str(int(settings.database_command_seconds * 1000))

    async def check_schema(connection: asyncpg.Connection) -> None:
        found = await connection.fetchval("SHOW search_path")
        if found != settings.database_schema:
            raise WrongSchema(
                f"search_path is {found!r} where {settings.database_schema!r} was asked for: a pooler dropped it. Set "
                f"it on the role: ALTER ROLE … IN DATABASE … SET search_path = {settings.database_schema}"
            )

    return await asyncpg.create_pool(
        settings.database_url.get_secret_value(),
        min_size=0,
        max_size=connections,
        timeout=acquire_seconds,
        init=check_schema,
        reset=_leave_as_it_is if writes else None,
        command_timeout=settings.database_command_seconds,
        max_inactive_connection_lifetime=60,
        statement_cache_size=100 if settings.database_prepared_statements else 0,
        target_session_attrs="read-write" if writes else "any",
        server_settings={
            "application_name": "projector",
            "search_path": settings.database_schema,
            **({} if at_once else {"synchronous_commit": "off"}),
            "statement_timeout": milliseconds,
            # A process that is stopped inside a transaction keeps its row locks: its successor must not wait for it.
            "idle_in_transaction_session_timeout": milliseconds,
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
            "tcp_user_timeout": milliseconds,
        },
    )


async def _leave_as_it_is(connection: asyncpg.Connection) -> None:
    """Save a round trip a batch: who writes sets nothing on a session, and locks for a transaction at most."""


async def close_pool(pool: asyncpg.Pool) -> None:
    """Hang up; without goodbye where the server says nothing any more."""
    try:
        async with asyncio.timeout(5):
            await pool.close()
    except UNAVAILABLE:
        pool.terminate()


async def connect_directly(settings: DatabaseSettings, *, schema: str | None = None) -> asyncpg.Connection:
    """Connect past any pooler, for an operator's long work: no deadline a statement, a dead server noticed."""
    return await asyncpg.connect(
        settings.direct_address,
        timeout=10,
        target_session_attrs="read-write",
        server_settings={
            "application_name": "projector operation",
            "search_path": schema or settings.database_schema,
            "maintenance_work_mem": "256MB",
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
        },
    )
