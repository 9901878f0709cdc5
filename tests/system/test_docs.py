"""The page for integrators: its commands are run just as they stand there, against the whole system."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from local_stack.stack import Stack

PAGE = Path(__file__).parents[2] / "docs" / "integrate-a-pos.md"


@pytest.fixture(scope="module")
def environment(stack: Stack) -> dict[str, str]:
    """What a reader of the page has exported."""
    venue = f"venue-{uuid4().hex[:8]}"
    token = stack.token(venues=[venue])
    return {**os.environ, "ORDER_API": stack.order_api_urls[0], "TOKEN": token, "VENUE": venue}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def run(command: list[str], script: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, input=script, cwd=folder, env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path, environment: dict[str, str]) -> None:
    assert shutil.which("curl"), "the page speaks curl: install it"
    script = "set -euo pipefail\n" + "\n".join(blocks("bash"))
    printed = run(["bash"], script, tmp_path, environment)
    for line in ("2 accepted", "3 preparing", "4 preparing", "5 ready", "6 completed"):
        assert f"\n{line}\n" in f"\n{printed}"
    assert '"code":"transition_not_allowed"' in printed


def test_the_python_of_the_page_does_what_it_says(tmp_path: Path, environment: dict[str, str]) -> None:
    (script,) = blocks("python")
    printed = run([sys.executable, "-"], script, tmp_path, environment)
    assert printed.startswith("accepted 2 ")
    assert "transition_not_allowed the order is completed" in printed
