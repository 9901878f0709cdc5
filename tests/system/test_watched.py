"""What CloudWatch is asked for is what the running services say, each by its own name."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from infra.cloudformation import collector_on_eks, kept, watched
from local_stack.stack import Stack


async def test_each_metric_that_is_shown_or_alarmed_is_one_of_the_running_service(stack: Stack) -> None:
    processes = {
        "order-api": "order-api-1",
        "query-api": "query-1",
        "projector": "projector-1",
        "notifier": "notifier-1",
    }
    said: dict[str, set[str]] = {}
    async with httpx.AsyncClient(timeout=30) as http:
        for service, process in processes.items():
            text = (await http.get(f"{stack.plan.url(process)}/metrics")).raise_for_status().text
            families = list(text_string_to_metric_families(text))
            said[service] = {sample.name for family in families for sample in family.samples}
    assert {(name, service) for name, service in watched() if name not in said[service]} == set()
    assert kept(collector_on_eks()) <= set.union(*said.values())
