"""The live view in the terminal, and a plain line now and then where there is none."""

import asyncio
from collections.abc import Callable
from time import monotonic

from rich.console import Console
from rich.live import Live
from rich.table import Table

Figures = dict[str, str]
_REFRESH_SECONDS = 0.5
_PLAIN_EVERY_SECONDS = 5.0


def milliseconds(seconds: list[float], share: float) -> str:
    """Give a percentile of durations, as text in ms; a dash where there is none."""
    if not seconds:
        return "-"
    ordered = sorted(seconds)
    return f"{ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000:.0f} ms"


def table(title: str, figures: Figures) -> Table:
    """Lay figures out as a table of two columns."""
    grid = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2))
    for name, figure in figures.items():
        grid.add_row(name, f"[bold]{figure}[/bold]")
    return grid


async def show(console: Console, title: str, figures: Callable[[], Figures], seconds: float) -> None:
    """Show figures for so many seconds, as they change."""
    ends = monotonic() + seconds
    if not console.is_terminal:
        while monotonic() < ends:
            await asyncio.sleep(min(_PLAIN_EVERY_SECONDS, max(0.1, ends - monotonic())))
            console.print(" · ".join(f"{name} {figure}" for name, figure in figures().items()), soft_wrap=True)
        return
    with Live(table(title, figures()), console=console, transient=True) as live:
        while monotonic() < ends:
            await asyncio.sleep(_REFRESH_SECONDS)
            live.update(table(title, figures()))
