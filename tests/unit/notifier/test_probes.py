"""The probes keep apart what is over once (the replay of the log) and what comes and goes."""

import httpx
from starlette.applications import Starlette

from notifier import probes
from notifier.metrics import Metrics


async def answers(*, starting: str | None, unready: str | None) -> dict[str, tuple[int, str]]:
    routes = probes.routes(metrics=Metrics(), dead=lambda: None, starting=lambda: starting, unready=lambda: unready)
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        said = {path: await client.get(f"/{path}") for path in ("livez", "startupz", "readyz")}
    return {path: (answer.status_code, answer.text.strip()) for path, answer in said.items()}


async def test_while_the_log_is_read_it_lives_and_has_not_started() -> None:
    reading = "reading the log: 9 records to go"
    said = await answers(starting=reading, unready=reading)
    assert said == {"livez": (200, "alive"), "startupz": (503, reading), "readyz": (503, reading)}


async def test_going_down_it_has_started_all_the_same() -> None:
    said = await answers(starting=None, unready="going down")
    assert (said["startupz"], said["readyz"]) == ((200, "started"), (503, "going down"))
