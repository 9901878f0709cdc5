"""The whole system as a test or the demo holds it."""

import asyncio

import psutil
import pytest

from infra.eventually import eventually
from infra.services import state_folder
from local_stack.readiness import answers_ok
from local_stack.stack import Stack, StackOptions
from order_contracts.claims import verify
from order_contracts.keys import keys_of_secret


def test_all_processes_are_up_and_ready(stack: Stack) -> None:
    services = stack.options.replicas.names()
    assert set(services) <= set(stack.processes)
    assert all(answers_ok(stack.plan.ports[name], "/readyz") for name in services)
    assert (len(stack.order_api_urls), len(stack.notifier_urls), len(stack.query_urls)) == (2, 2, 1)


def test_its_tokens_are_those_that_its_services_check(stack: Stack) -> None:
    token = stack.token(sub="pos-7", org="o1", venues=["v1"], scope=["orders:write"])
    claims = verify(token, keys_of_secret(stack.plan.jwt_secret))
    assert (claims.subject, claims.organization_id) == ("pos-7", "o1")
    assert (claims.venues, claims.scopes) == ({"v1"}, {"orders:write"})


async def test_a_killed_service_is_back_and_ready(stack: Stack) -> None:
    supervised = stack.processes["order-api-2"]
    first, restarts = supervised.pid, supervised.restarts
    await stack.kill("order-api-2")
    await eventually(lambda: supervised.pid not in (first, None), what="the restart")
    await stack.ready("order-api-2")
    assert supervised.restarts == restarts + 1


async def test_a_service_that_was_stopped_stays_down_until_it_is_started(stack: Stack) -> None:
    await stack.stop_one("query-1")
    assert not answers_ok(stack.plan.ports["query-1"], "/readyz")
    await stack.start_one("query-1")
    assert answers_ok(stack.plan.ports["query-1"], "/readyz")


async def test_a_start_that_is_cancelled_leaves_nothing_behind() -> None:
    before = psutil.Process().children()
    with state_folder() as folder:
        progress: list[str] = []
        stack = Stack(StackOptions(state_dir=folder), progress.append)
        entering = asyncio.create_task(stack.__aenter__())
        await eventually(lambda: "kafka is ready" in " ".join(progress), within=60)
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering
        await eventually(lambda: set(psutil.Process().children()) <= set(before), what="the end of all")
        assert not stack.state.locked()
