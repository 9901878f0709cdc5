"""A replica loads what it serves with: what only some need, and what the other commands need, waits until it is."""

import subprocess
import sys

import pytest

COMMANDS = ("order_api.history_import", "order_api.guest_command")


@pytest.mark.parametrize(
    ("root", "not_yet"),
    [
        ("order_api.__main__", ("pydantic", "fastapi", "aiokafka", *COMMANDS)),
        ("order_api.serving", ("httpx", "botocore", *COMMANDS)),
    ],
)
def test_a_start_loads_nothing_that_it_may_do_without(root: str, not_yet: tuple[str, ...]) -> None:
    script = f"import sys, {root}; print([name for name in {not_yet} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
