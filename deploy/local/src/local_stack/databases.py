"""Databases beside one another on one Postgres: the system's own, and a fresh one for each test."""

from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import errors, sql


def create_database(server_url: str, name: str) -> str:
    """Make the database unless it is there, and give its address."""
    connecting = psycopg.connect(server_url, autocommit=True, connect_timeout=10)
    with connecting as connection, suppress(errors.DuplicateDatabase):
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


def drop_database(server_url: str, name: str) -> None:
    """Remove the database, with whoever is still connected to it."""
    with psycopg.connect(server_url, autocommit=True, connect_timeout=10) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
