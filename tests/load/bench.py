"""What the benches share: servers pinned to cores, CPU seconds counted process by process, results as JSON."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from load.http_load import Outcome, Task

SERVER_CORE, CLIENT_CORE = 0, 1
RESULTS = Path("build/bench")


def pin(pid: int, core: int) -> None:
    """Keep a process and its threads on one core."""
    process = psutil.Process(pid)
    for one in (process, *process.children(recursive=True)):
        one.cpu_affinity([core])


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """Give user + system time of each process, its children included."""
    return {name: sum(sum(_times(pid), ())) for name, pid in pids.items()}


def kernel_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """Give the system time alone."""
    return {name: sum(system for _, system in _times(pid)) for name, pid in pids.items()}


def _times(pid: int) -> list[tuple[float, float]]:
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return [(time.user, time.system) for time in times]


def load(task: Task) -> Outcome:
    """Run a load client as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "load.http_load"],
        input=json.dumps(asdict(task)),
        capture_output=True,
        text=True,
        check=False,
        timeout=task.seconds + 60,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Outcome(**json.loads(done.stdout))


def percentile(values: list[float], share: float) -> float:
    """Give a percentile; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Give the median of each figure over interleaved rounds."""
    return {name: round(median(one[name] for one in rounds), 4) for name in rounds[0]}


def write(area: str, results: Any) -> Path:
    """Keep results as JSON under build/bench/."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{area}.json"
    path.write_text(json.dumps(results, indent=1))
    return path
