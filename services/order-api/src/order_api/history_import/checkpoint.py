"""How far an import has come, in a file beside the work: written whole after each batch, removed at the end.

What it loses, when the process dies between the answer and the write, is a batch's worth of counting: those orders are
sent again and answered as done before.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import msgspec

_HEAD = 65_536
_MOST_FAULTS = 1_000


@dataclass(slots=True)
class Checkpoint:
    """Entries that are behind us, and what they came to. `file` names the content, so that another is not skipped."""

    file: str
    entries: int = 0
    imported: int = 0
    already: int = 0
    failed: int = 0
    faults: list[str] = field(default_factory=list)

    def fail(self, faults: list[str]) -> None:
        """Count faults; the first thousand are kept for the summary."""
        self.failed += len(faults)
        self.faults = (self.faults + faults)[:_MOST_FAULTS]


def name_of(path: Path) -> str:
    """Name a file by its size and how it begins."""
    with path.open("rb") as file:
        return f"{path.stat().st_size}-{sha256(file.read(_HEAD)).hexdigest()[:16]}"


def load(state: Path, file: str) -> Checkpoint:
    """Take up an import of this file, or begin one."""
    try:
        held = msgspec.json.decode(state.read_bytes(), type=Checkpoint)
    except (FileNotFoundError, msgspec.MsgspecError):
        return Checkpoint(file)
    return held if held.file == file else Checkpoint(file)


def save(state: Path, checkpoint: Checkpoint) -> None:
    """Write it whole or not at all."""
    part = state.with_name(f"{state.name}.part")
    part.write_bytes(msgspec.json.encode(checkpoint))
    part.replace(state)
