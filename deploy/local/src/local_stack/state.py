"""The state folder of one stack: what outlives its processes (ports, secrets, data, logs), and the lock on it.

One stack a folder: the lock is the kernel's, so it ends with its holder, however that ends.
"""

import fcntl
import json
import os
import secrets
from pathlib import Path
from typing import Any, TextIO

from local_stack.failure import StackFailure
from order_contracts.guest_key_file import write_keys
from order_contracts.guest_keys import GuestKeys, new_seed


class AlreadyUp(StackFailure):
    """Another process runs a stack on this folder."""


class State:
    """Paths and small files below one folder. Secrets are readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.logs = self.folder / "logs"
        self.runs = self.folder / "runs"
        self._lock: TextIO | None = None

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self.folder, self.logs, self.runs):
            folder.mkdir(parents=True, exist_ok=True)

    def lock(self) -> None:
        """Take the folder. Raises AlreadyUp when somebody has it."""
        self.prepare()
        file = (self.folder / "lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise AlreadyUp(f"a stack is up already, with its state in {self.folder}") from error
        self._lock = file

    def unlock(self) -> None:
        """Leave the folder to others; harmless when it is not held."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def locked(self) -> bool:
        """Say whether somebody runs a stack here."""
        if not (self.folder / "lock").exists():
            return False
        probe = State(self.folder)
        try:
            probe.lock()
        except AlreadyUp:
            return True
        probe.unlock()
        return False

    def secret(self, name: str) -> str:
        """Give the secret of that name, made at its first use."""
        path = self.folder / f"{name}.secret"
        if not path.exists():
            replace_text(path, secrets.token_hex(32), mode=0o600)
        return path.read_text()

    def guest_keys(self) -> Path:
        """Give the file of the guests' keys, made at its first use."""
        path = self.folder / "guest-keys.json"
        if not path.exists():
            write_keys(path, GuestKeys({"1": new_seed()}, "1"))
        return path

    def read(self, name: str) -> dict[str, Any]:
        """Read a JSON file; empty when it is not there."""
        try:
            content = json.loads((self.folder / name).read_text())
        except FileNotFoundError:
            return {}
        return dict(content)

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON file, whole or not at all: others read it at any moment."""
        replace_text(self.folder / name, json.dumps(content, indent=1), mode=0o600)

    def forget(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self.folder / name).unlink(missing_ok=True)


def replace_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Put `text` in the place of a file, whole or not at all."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
    aside.replace(path)
