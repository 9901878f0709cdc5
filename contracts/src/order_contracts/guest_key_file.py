"""GUEST_KEYS_FILE: the keys of guests' texts as a small JSON file, read again while a service runs.

What must not break: a file is replaced as a whole, so that nobody reads half of one; a reading that fails takes no
key away that was there.
"""

import asyncio
import os
from base64 import b64decode, b64encode
from collections.abc import Callable
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel, Field, FilePath, field_validator

from order_contracts.guest_keys import ARMS, MARK_BYTES, SEED_BYTES, GuestKeys, Tree
from order_contracts.ids import is_name
from order_contracts.reloaded import NotReadable, Reloaded

_DEEPEST = 8 * MARK_BYTES // 2


class GuestKeySettings(BaseModel):
    """A part of a service's settings. Without a file guests' texts are kept as they come, and can't be erased."""

    guest_keys_file: FilePath | None = None
    guest_keys_seconds: float = Field(default=10.0, ge=0.1, le=60)

    @field_validator("guest_keys_file")
    @classmethod
    def _holds_keys(cls, path: Path | None) -> Path | None:
        if path is not None:
            try:
                read_keys(path)
            except NotReadable as error:
                raise ValueError(str(error)) from error
        return path


def read_keys(path: Path) -> GuestKeys:
    """Read a file of keys. Raises NotReadable."""
    try:
        said = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        return parse_keys(said)
    except OSError as error:
        raise NotReadable(f"GUEST_KEYS_FILE {path} can't be read: {error.strerror}") from error
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise NotReadable(f"GUEST_KEYS_FILE {path} holds no guest keys: {error}") from error


def change_keys(path: Path, change: Callable[[GuestKeys], GuestKeys]) -> GuestKeys:
    """Change the keys in a file, one process at a time, and give them.

    Raises NotReadable, OSError, and what `change` raises.
    """
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        flock(folder, LOCK_EX)  # two that read the same file would each write back what the other took out
        keys = change(read_keys(path))
        write_keys(path, keys)
    finally:
        os.close(folder)
    return keys


def write_keys(path: Path, keys: GuestKeys) -> None:
    """Put keys in the place of those in a file; what was there is gone when this returns. Raises OSError."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(dump_keys(keys)))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def dump_keys(keys: GuestKeys) -> dict[str, Any]:
    """Give keys as JSON: a seed as base64, null where all was taken out, a list of four parts otherwise."""
    return {"current": keys.current, "eras": {era: _dumped(tree) for era, tree in keys.eras.items()}}


def parse_keys(said: dict[str, Any]) -> GuestKeys:
    """Read keys from JSON. Raises ValueError that says what is wrong."""
    current, eras = said.get("current"), said.get("eras")
    if not isinstance(eras, dict) or not all(is_name(era) and "." not in era for era in eras):
        raise ValueError("`eras` must be an object, by names without a point in them")
    if not isinstance(current, str) or current not in eras:
        raise ValueError("`current` must be one of the eras")
    return GuestKeys({era: _parsed(tree, _DEEPEST) for era, tree in eras.items()}, current)


def _dumped(tree: Tree) -> Any:
    if isinstance(tree, tuple):
        return [_dumped(part) for part in tree]
    return None if tree is None else b64encode(tree).decode()


def _parsed(said: Any, deepest: int) -> Tree:
    if isinstance(said, list) and len(said) == ARMS and deepest > 0:
        return tuple(_parsed(part, deepest - 1) for part in said)
    if said is None:
        return None
    seed = b64decode(said, validate=True) if isinstance(said, str) else b""
    if len(seed) != SEED_BYTES:
        raise ValueError(f"a part of a tree must be a seed of {SEED_BYTES} bytes in base64, null, or four parts")
    return seed


class KeptGuestKeys:
    """The keys of the moment; None where no file is set. `run` keeps them of the moment."""

    def __init__(self, settings: GuestKeySettings, *, complain: Callable[[str], None]) -> None:
        path = settings.guest_keys_file
        self._path = path
        self._kept = Reloaded(
            lambda: asyncio.to_thread(read_keys, path) if path else _never(),
            every_seconds=settings.guest_keys_seconds,
            complain=complain,
        )

    def now(self) -> GuestKeys | None:
        """Give the keys."""
        return self._kept.value

    async def start(self) -> None:
        """Read the file; it could be read a moment ago, when the settings were."""
        if self._path is not None:
            await self._kept.load()

    async def run(self) -> None:
        """Read it again and again, without end."""
        if self._path is None:
            await asyncio.Event().wait()
        await self._kept.run()


async def _never() -> GuestKeys:
    raise NotReadable("GUEST_KEYS_FILE is not set")
