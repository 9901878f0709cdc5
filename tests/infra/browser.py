"""A real browser for the tests: one that is there, or one that can be had; never a silent skip."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_REMEDY = "no browser: set CHROMIUM to one, install chromium, or let `playwright install chromium` fetch one"
# The machine's network may be closed: nothing that a browser asks of its maker's hosts.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str:
    """Give a browser's path: CHROMIUM, the PATH's, Playwright's own, Debian's package. Raises LookupError."""
    for find in (_given, _on_the_path, _playwrights, _debians):
        found = find()
        if found is not None:
            return found
    raise LookupError(_REMEDY)


def _given() -> str | None:
    return os.environ.get("CHROMIUM")


def _on_the_path() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _playwrights() -> str | None:
    """Let Playwright fetch its own browser, where the network lets it; ask it where that is."""
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, timeout=300)
    script = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    asked = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=60)
    path = asked.stdout.strip()
    return path if path and Path(path).exists() else None


def _debians() -> str | None:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return None
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "chromium"]):
        subprocess.run(command, check=False, timeout=600)
    return _on_the_path()
