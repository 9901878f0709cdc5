"""The probes keep apart what is over once (the replay of the log) and what comes and goes."""

import httpx
from fastapi import FastAPI

from order_api import probes
from order_api.metrics import Metrics


async def answers(*, started: str | None, ready: str | None, stuck: float = 0.0) -> dict[str, tuple[int, str]]:
    app = FastAPI()
    router = probes.router(metrics=Metrics(), stuck=lambda: stuck, started=lambda: started, ready=lambda: ready)
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        said = {path: await client.get(f"/{path}") for path in ("livez", "startupz", "readyz")}
    return {path: (answer.status_code, answer.text.strip()) for path, answer in said.items()}


async def test_while_the_log_is_read_it_lives_and_has_not_started() -> None:
    reading = "reading the log: 7 orders, 9 records to go"
    said = await answers(started=reading, ready=reading)
    assert said == {"livez": (200, "alive"), "startupz": (503, reading), "readyz": (503, reading)}


async def test_once_the_log_is_read_it_has_started_even_while_it_is_not_ready() -> None:
    said = await answers(started=None, ready="no keys")
    assert (said["startupz"], said["readyz"]) == ((200, "started"), (503, "no keys"))
    assert (await answers(started=None, ready=None))["readyz"] == (200, "ready")


async def test_a_reading_loop_that_stands_still_is_dead_whatever_else_is_well() -> None:
    said = await answers(started=None, ready=None, stuck=31.0)
    assert said["livez"][0] == 503
    assert said["startupz"][0] == 200
