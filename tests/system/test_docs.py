"""The page for integrators: its commands are run just as they stand there, against the whole system."""

import os
import shutil
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from infra.doc_page import blocks, run
from local_stack.stack import Stack

PAGE = "integrate-a-pos.md"


@pytest.fixture(scope="module")
def environment(stack: Stack) -> dict[str, str]:
    """What a reader of the page has exported."""
    venue = f"venue-{uuid4().hex[:8]}"
    token = stack.token(venues=[venue])
    return {**os.environ, "ORDER_API": stack.order_api_urls[0], "TOKEN": token, "VENUE": venue}


def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path, environment: dict[str, str]) -> None:
    assert shutil.which("curl"), "the page speaks curl: install it"
    script = "set -euo pipefail\n" + "\n".join(blocks(PAGE, "bash"))
    printed = run(["bash"], script, tmp_path, environment)
    for line in ("2 accepted", "3 preparing", "4 preparing", "5 ready", "6 completed"):
        assert f"\n{line}\n" in f"\n{printed}"
    assert '"code":"transition_not_allowed"' in printed


def test_the_python_of_the_page_does_what_it_says(tmp_path: Path, environment: dict[str, str]) -> None:
    (script,) = blocks(PAGE, "python")
    printed = run([sys.executable, "-"], script, tmp_path, environment)
    assert printed.startswith("accepted 2 ")
    assert "transition_not_allowed the order is completed" in printed
    assert run([sys.executable, "-"], script, tmp_path, environment) == printed, "who runs it again is answered alike"
