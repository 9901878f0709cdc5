"""A roll-out with the drain time of the manifests, while orders flow: every replica is replaced, nothing is lost."""

import asyncio
import os
import subprocess
import sys

from infra.manifests import container, pod_specs, render

QUICK_SECONDS = 2.0


def drain_seconds() -> float:
    """What the manifests say; in `make test` not longer than it takes to see that it works."""
    environment = container(pod_specs(render("production-eks"))["notifier"])["env"]
    said = next(float(variable["value"]) for variable in environment if variable["name"] == "DRAIN_SECONDS")
    return said if "CHAOS_KILLS" in os.environ else min(said, QUICK_SECONDS)


async def test_replacing_every_replica_in_turn_loses_nothing_and_no_screen_misses_anything() -> None:
    drain = drain_seconds()
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local_stack", "demo", "--roll", "--drain-seconds", str(drain),
        "--seconds", str(20 + 2 * drain), "--orders", "120",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await demo.communicate()
    assert demo.returncode == 0, output.decode()
    said = output.decode()
    for name in ("order-api-1", "order-api-2", "projector-1", "query-1", "notifier-1", "notifier-2"):
        assert f"replaced {name}" in said
    assert "all checks passed" in said
