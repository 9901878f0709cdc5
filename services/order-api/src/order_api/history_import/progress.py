"""How an import tells of itself: a bar where there is a terminal, plain lines where there is none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

_EVERY_SECONDS = 2.0
Advance = Callable[[int, str], None]


@contextmanager
def shown(console: Console, total: int) -> Iterator[Advance]:
    """Show how many of `total` bytes are behind, with a text beside."""
    if not console.is_terminal:
        yield _plain(console, total)
        return
    columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=total)
        yield lambda done, text: bar.update(task, completed=done, description=text)


def _plain(console: Console, total: int) -> Advance:
    told_at = monotonic()

    def advance(done: int, text: str) -> None:
        nonlocal told_at
        if monotonic() - told_at >= _EVERY_SECONDS:
            told_at = monotonic()
            console.print(f"{100 * done // max(1, total)} %: {text}", markup=False, highlight=False)

    return advance
