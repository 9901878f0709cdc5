"""A Postgres of one test alone, to be killed, filled, demoted; and a standby of it, to be promoted."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from subprocess import Popen

import psycopg

from infra.eventually import eventually
from local_stack.ports import HOST, unused_port
from local_stack.postgres_server import postgres_program, postgres_url
from local_stack.program import Program, inherited

PASSWORD = "secret"


class OwnPostgres:
    """One server and its process."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.port, self.folder = unused_port(), folder
        self._settings = settings
        self._program: Program | None = None
        self._process: Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return postgres_url(self.port, PASSWORD)

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Start it, with the data that there is."""
        log = self.folder.parent / f"{self.folder.name}.log"
        made = postgres_program(folder=self.folder, log=log, port=self.port, password=PASSWORD, environment=inherited())
        words = [word for setting in self._settings for word in ("-c", setting)]
        self._program = Program(
            name=made.name,
            command=(*made.command, *words),
            log=made.log,
            environment=made.environment,
            is_ready=made.is_ready,
            user=made.user,
        )
        self._process = self._program.spawn()
        await eventually(self._program.is_ready, what="Postgres")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT is "fast", SIGQUIT "immediate"."""
        if self._process is not None:
            if self._process.poll() is None:
                os.kill(self._process.pid, how)
            self._process.wait(20)
            self._process = None

    def execute(self, *statements: str) -> None:
        """Do something as its superuser."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def standby(self, folder: Path) -> "OwnPostgres":
        """Copy it: what the copy's start makes is a hot standby that follows this one."""
        assert self._program is not None
        access = self.folder / "pg_hba.conf"
        rule = access.read_text()
        access.write_text(rule + f"host replication all {HOST}/32 scram-sha-256\n")
        self.execute("SELECT pg_reload_conf()")
        folder.mkdir(mode=0o700)
        if self._program.user:
            shutil.chown(folder, self._program.user, self._program.user)
        binary = Path(self._program.command[0]).with_name("pg_basebackup")
        subprocess.run(
            [str(binary), "-D", str(folder), "-R", "-X", "stream", "-c", "fast", "-d", self.url],
            check=True,
            timeout=60,
            user=self._program.user,
            group=self._program.user,
            extra_groups=None if self._program.user is None else [],
            cwd="/",
        )
        (folder / "pg_hba.conf").write_text(rule)
        access.write_text(rule)
        return OwnPostgres(folder, *self._settings)
