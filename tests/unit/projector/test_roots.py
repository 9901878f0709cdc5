"""Each process of the projector loads what it is made of, and nothing of what another is."""

import subprocess
import sys

import pytest

ANSWERING = ("fastapi", "redis", "projector.queries.api")
SENDING = ("httpx", "projector.webhooks.dispatcher")
PROJECTING = ("faststream", "projector.order_feed")
OPERATING = ("projector.operations.command", "projector.webhooks.command")


@pytest.mark.parametrize(
    ("root", "not_its_own"),
    [
        ("projector.__main__", (*ANSWERING, *SENDING, *PROJECTING, *OPERATING)),
        ("projector.app", (*ANSWERING, *SENDING, *OPERATING)),
        ("projector.serving", (*PROJECTING, *OPERATING, "projector.webhooks.dispatcher")),
        ("projector.webhook_sending", (*ANSWERING, *PROJECTING, *OPERATING)),
    ],
)
def test_a_process_loads_nothing_that_only_another_needs(root: str, not_its_own: tuple[str, ...]) -> None:
    script = f"import sys, {root}; print([name for name in {not_its_own} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
