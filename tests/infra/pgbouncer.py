"""A real PgBouncer in transaction mode: one that is there, or Debian's package; never a silent skip."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from local_stack.ports import HOST, unused_port
from local_stack.program import Program, inherited
from local_stack.readiness import accepts_queries

_REMEDY = "no PgBouncer: install it (Debian: apt-get install pgbouncer), or set PGBOUNCER to its path"

# As docs/operating-postgres.md has it: what PgBouncer would refuse at a connection's start is set on the role instead.
_SETTINGS = """
[databases]
* = host={host} port={port} user={user} password={password}
[pgbouncer]
listen_addr = {host}
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
ignore_startup_parameters = search_path, statement_timeout, idle_in_transaction_session_timeout, tcp_keepalives_idle, \
tcp_keepalives_interval, tcp_keepalives_count, tcp_user_timeout, default_transaction_read_only
"""


def pgbouncer() -> str:
    """Give its path: PGBOUNCER, the PATH's, Debian's package. Raises LookupError."""
    found = os.environ.get("PGBOUNCER") or _there()
    if found is None and shutil.which("apt-get") is not None and os.geteuid() == 0:
        for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "pgbouncer"]):
            subprocess.run(command, check=False, timeout=300)
        found = _there()
    if found is None:
        raise LookupError(_REMEDY)
    return found


def _there() -> str | None:
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def pooled(database_url: str, folder: Path) -> Iterator[tuple[str, Program]]:
    """Run one before a database; give the pooled address and the program, to be started again by whoever kills it."""
    server, listen = urlsplit(database_url), unused_port()
    folder.chmod(0o755)
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        _SETTINGS.format(host=HOST, port=server.port, user=server.username, password=server.password, listen=listen)
    )
    url = urlunsplit(server._replace(netloc=f"{server.username}:{server.password}@{HOST}:{listen}"))
    program = Program(
        name="pgbouncer",
        command=(pgbouncer(), str(settings)),
        log=folder / "pgbouncer.log",
        environment=inherited(),
        is_ready=lambda: accepts_queries(url),
        user="daemon" if os.geteuid() == 0 else None,  # it refuses to run as root
    )
    yield url, program
