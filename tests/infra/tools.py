"""Programs that come as Python packages, found beside this interpreter: never whatever the machine has of that name."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_tool(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, from the project's root. Raises FileNotFoundError that says how to get it."""
    program = Path(sys.executable).parent / name
    if not program.is_file():
        raise FileNotFoundError(f"{program} is missing: `make setup` installs it from requirements/dev.txt")
    return subprocess.run([program, *arguments], check=False, cwd=ROOT, capture_output=True, text=True, timeout=120)
