"""Brings the Postgres schema up to date, from the plain SQL files in migrations/."""

import time
from contextlib import closing
from importlib.resources import as_file, files
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql
from yoyo import get_backend, read_migrations

MIGRATION_LOCK = 0x5CA115E7  # any number that nobody else uses
_ASK_SECONDS = 0.2
_OWN = files("projector") / "migrations"


def migrate(database_url: str, schema: str, folder: Path | None = None) -> list[str]:
    """Apply what is missing and name it. Several processes may do so at once: the first one does the work.

    An advisory lock guards it, since Postgres drops it with its holder. yoyo's own lock is a row: a process that is
    killed leaves it behind, and every later start would wait for it, so it is broken once the true lock is held.
    """
    connecting = psycopg.connect(database_url, autocommit=True, connect_timeout=10, target_session_attrs="read-write")
    with closing(connecting) as guard:
        _lock(guard)
        guard.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        address = _one_server(database_url, guard.info)
        if folder is not None:
            return _apply(address, schema, folder)
        with as_file(_OWN) as own:
            return _apply(address, schema, own)


def own_migrations() -> int:
    """Count those of this release: a schema that has had others is not for its projector to write."""
    return sum(name.name.endswith(".sql") and ".rollback." not in name.name for name in _OWN.iterdir())


def _lock(guard: psycopg.Connection) -> None:
    """Ask again and again: who waits inside Postgres holds a snapshot, and CREATE INDEX CONCURRENTLY waits for that."""
    while not guard.execute("SELECT pg_try_advisory_lock(%s)", (MIGRATION_LOCK,)).fetchone()[0]:
        time.sleep(_ASK_SECONDS)


def _one_server(database_url: str, found: psycopg.ConnectionInfo) -> str:
    """Name the server that was found to be the primary: of several hosts yoyo can't read any."""
    parts = urlsplit(database_url)
    if "," not in parts.netloc:
        return database_url
    who = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{who}@{found.host}:{found.port}"))


def _apply(database_url: str, schema: str, folder: Path) -> list[str]:
    _, _, rest = database_url.partition("://")
    joint = "&" if "?" in rest else "?"
    with get_backend(f"postgresql+psycopg://{rest}{joint}{urlencode({'schema': schema})}") as backend:
        backend.break_lock()
        missing = backend.to_apply(read_migrations(str(folder)))
        with backend.lock():
            backend.apply_migrations(missing)
    return [migration.id for migration in missing]
