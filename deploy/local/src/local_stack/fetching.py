"""Shows how far the fetching of Apache Kafka is: a bar on a terminal, plain lines elsewhere."""

import os
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from local_stack.kafka_server import fetched
from local_stack.sources import Source, choose, docker_engine_answers


def fetch_if_embedded(console: Console) -> None:
    """Make sure of Kafka's files where Kafka will be embedded; silent when they are there."""
    if choose("kafka", os.environ, docker_engine_answers) is not Source.EMBEDDED:
        return
    if console.is_terminal:
        _with_bar(console)
    else:
        fetched(in_quarters(console.print))


def in_quarters(say: Callable[[str], None]) -> Callable[[int, int], None]:
    """Word the progress in few lines: the first, the last, and one at each quarter."""

    def count(done: int, of: int) -> None:
        if done == 0 or done * 4 // of > (done - 1) * 4 // of:
            say(f"fetching Apache Kafka: {done} of {of} files")

    return count


def _with_bar(console: Console) -> None:
    columns = (TextColumn("fetching Apache Kafka"), BarColumn(), MofNCompleteColumn(), TextColumn("files"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, visible=False)
        fetched(lambda done, of: bar.update(task, completed=done, total=of, visible=True))
