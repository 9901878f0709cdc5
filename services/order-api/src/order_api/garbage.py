"""When the collector walks this process's memory: rarely, for a book of a million events is no garbage."""

import gc

_SERVING = (50_000, 20, 50)  # the usual 700 walk a growing book again and again: 30 % of the CPU of filling it
# Neither imports nor a book make garbage while they grow; bounded, should that take long.
_FILLING = (5_000_000, 20, 50)


def while_filling() -> None:
    """Let the collector rest until the book is full."""
    gc.set_threshold(*_FILLING)


def once_filled() -> None:
    """Take the book, which outlives every request, out of all later walks."""
    gc.freeze()
    gc.set_threshold(*_SERVING)
