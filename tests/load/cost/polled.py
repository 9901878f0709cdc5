"""What polls cost: whole ones, and those that are answered 304."""

import asyncio

import httpx

from load.bench import load
from load.cost.clients import VENUE
from load.cost.meter import Meter
from load.http_load import Task
from local_stack.ports import HOST
from local_stack.stack import Stack


async def polls(stack: Stack, meter: Meter, token: str, seconds: float) -> dict[str, float]:
    """Count whole polls and, where the service gives an ETag, polls that are answered 304."""
    path = f"/v1/venues/{VENUE}/snapshot"
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=stack.query_urls[0], headers=headers) as http:
        answer = await http.get(path)
        etag = answer.headers.get("etag")
        seen = {"poll_bytes": _size(answer), "poll_request_bytes": _request_size(answer)}
        if etag is not None:
            seen["unchanged_bytes"] = _size(await http.get(path, headers={"If-None-Match": etag}))
    port = stack.plan.ports["query-1"]
    head = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nAuthorization: Bearer {token}"
    for name, more in [("poll", ""), *([("unchanged", f"\r\nIf-None-Match: {etag}")] if etag else [])]:
        task = Task(HOST, [port], head + more, "", connections=8, seconds=seconds)
        await asyncio.to_thread(load, Task(HOST, [port], head + more, "", connections=8, seconds=1.0))
        meter.start()
        outcome = await asyncio.to_thread(load, task)
        spent = meter.spent()
        seen[f"{name}_cpu"] = spent["query-1"] / outcome.requests
        seen[f"{name}_database_cpu"] = spent["postgres"] / outcome.requests
        seen[f"{name}s_a_second"] = outcome.requests / outcome.seconds
    return seen


def _size(answer: httpx.Response) -> float:
    return len(answer.content) + sum(len(name) + len(value) + 4 for name, value in answer.headers.raw) + 19


def _request_size(answer: httpx.Response) -> float:
    return sum(len(n) + len(v) + 4 for n, v in answer.request.headers.raw) + len(answer.request.url.raw_path) + 16
