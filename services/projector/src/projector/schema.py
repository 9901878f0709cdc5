"""Brings the Postgres schema up to date, from the plain SQL files in migrations/."""

from contextlib import closing
from importlib.resources import as_file, files
from urllib.parse import urlencode

import psycopg
from psycopg import sql
from yoyo import get_backend, read_migrations

MIGRATION_LOCK = 0x5CA115E7  # any number that nobody else uses


def migrate(database_url: str, schema: str) -> list[str]:
    """Apply what is missing and name it. Several processes may do so at once: the first one does the work.

    An advisory lock guards it, since Postgres drops it with its holder. yoyo's own lock is a row: a process that is
    killed leaves it behind, and every later start would wait for it, so it is broken once the true lock is held.
    """
    with closing(psycopg.connect(database_url, autocommit=True, connect_timeout=10)) as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        guard.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        return _apply(database_url, schema)


def _apply(database_url: str, schema: str) -> list[str]:
    _, _, rest = database_url.partition("://")
    joint = "&" if "?" in rest else "?"
    with get_backend(f"postgresql+psycopg://{rest}{joint}{urlencode({'schema': schema})}") as backend:
        backend.break_lock()
        with as_file(files("projector") / "migrations") as folder:
            missing = backend.to_apply(read_migrations(str(folder)))
            with backend.lock():
                backend.apply_migrations(missing)
        return [migration.id for migration in missing]
