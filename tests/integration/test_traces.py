"""One order's trace through the real services: from its POST through the log to the room and to the row."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from uuid import uuid4

import asyncpg
import httpx
import pytest

from infra.eventually import eventually
from infra.log_reader import accepted_events
from infra.pos_client import SECRET, order_body, token
from infra.services import Backing
from infra.span_collector import Span, SpanCollector, span_collector
from local_stack.ports import unused_port
from local_stack.program import inherited
from local_stack.services import Plan, Replicas, service_programs
from scanserve_client.room_listener import RoomListener

CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"
QUEUE = 64


@dataclass
class Traced:
    """The services with traces on, and the collector that they send to."""

    backing: Backing
    plan: Plan
    collector: SpanCollector
    names: tuple[str, ...]

    def url(self, kind: str) -> str:
        return self.plan.urls(kind)[0]


@pytest.fixture(scope="module")
def traced(backing: Backing) -> Iterator[Traced]:
    replicas = Replicas(order_apis=1, projectors=1, queries=0, notifiers=1)
    with span_collector() as collector:
        plan = Plan(
            replicas=replicas,
            ports={name: unused_port() for name in replicas.names()},
            kafka=backing.kafka,
            database_url=backing.database(),
            redis_url=None,
            jwt_secret=SECRET,
            guest_keys=backing.run.state.guest_keys(),
            logs=backing.run.state.logs,
            inherited=inherited(),
            environment={
                "ORDERS_TOPIC": backing.topic(),
                "ORDERS_PARTITIONS": "4",
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
                "OTEL_BSP_SCHEDULE_DELAY": "100",
                "OTEL_BSP_MAX_QUEUE_SIZE": str(QUEUE),
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": str(QUEUE // 4),
            },
        )
        programs = [replace(p, name=f"traced-{p.name}", stops_within=60.0) for p in service_programs(plan)]
        backing.run.start(*programs)
        names = tuple(program.name for program in programs)
        yield Traced(backing, plan, collector, names)
        for name in names:
            backing.run.programs[name].stop()


class Venue:
    """One venue with a till and a screen."""

    def __init__(self, traced: Traced, venue_id: str) -> None:
        self.traced, self.id = traced, venue_id
        bearer = token(venue_id)
        self.http = httpx.AsyncClient(headers={"Authorization": f"Bearer {bearer}"}, timeout=30)
        self.screen = RoomListener(bearer, f"venue:{venue_id}")

    async def place(self, **headers: str) -> str:
        key = {"Idempotency-Key": uuid4().hex}
        url = f"{self.traced.url('order-api')}/v1/venues/{self.id}/orders"
        answer = await self.http.post(url, json=order_body(), headers={**key, **headers})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["order_id"])

    async def shown(self, *orders: str) -> None:
        await eventually(lambda: set(orders) <= self.screen.orders.keys(), what="the orders on the screen")


@pytest.fixture
async def venue(traced: Traced) -> AsyncIterator[Venue]:
    fresh = Venue(traced, f"venue-{uuid4().hex[:8]}")
    await fresh.screen.connect(traced.url("notifier"))
    assert "position" in await fresh.screen.subscribe()
    yield fresh
    await fresh.screen.drop()
    await fresh.http.aclose()


async def spans_of(traced: Traced, order_id: str) -> dict[str, Span]:
    """Give an order's append, commit and emit, once all three have come in."""

    def found() -> dict[str, Span] | None:
        by_service = {
            service: traced.collector.named(service, cloudevents__event_subject=order_id)
            for service in ("order-api", "projector", "notifier")
        }
        assert all(by_service.values()), {name: len(spans) for name, spans in by_service.items()}
        return {service: spans[0] for service, spans in by_service.items()}

    return dict(await eventually(found, what="the spans of an order") or {})


def span_at(traced: Traced, context: tuple[str, str]) -> Span:
    return next(span for span in traced.collector.spans if span.context == context)


async def test_one_trace_leads_from_the_callers_post_to_the_room_and_the_row(traced: Traced, venue: Venue) -> None:
    order_id = await venue.place(traceparent=f"00-{CALLER}-00f067aa0ba902b7-01")
    await venue.shown(order_id)
    spans = await spans_of(traced, order_id)
    send, commit, emit = spans["order-api"], spans["projector"], spans["notifier"]
    (post,) = traced.collector.named("order-api", http__route="/v1/venues/{venue_id}/orders")
    assert {span.trace_id for span in (post, send, commit, emit)} == {CALLER}
    assert (post.parent, send.parent) == ("00f067aa0ba902b7", post.span_id)
    assert (commit.parent, emit.parent) == (send.span_id, send.span_id)
    assert [span.kind for span in (post, send, commit, emit)] == ["SERVER", "PRODUCER", "CONSUMER", "PRODUCER"]
    assert post.attributes["http.response.status_code"] == 201
    assert post.name == "POST /v1/venues/{venue_id}/orders"
    topic = traced.plan.topic[0]
    assert (send.name, commit.name, emit.name) == (f"send {topic}", f"process {topic}", "emit batchOrderUpdates")
    assert emit.attributes["messaging.destination.name"] == f"venue:{venue.id}"
    assert commit.attributes["messaging.kafka.offset"] == send.attributes["messaging.kafka.offset"]
    assert emit.end >= emit.start


async def test_orders_of_one_batch_keep_their_own_traces_and_are_linked_with_the_batch(
    traced: Traced, venue: Venue
) -> None:
    orders = await asyncio.gather(*(venue.place() for _ in range(8)))
    await venue.shown(*orders)
    spans = [await spans_of(traced, order_id) for order_id in orders]
    assert len({of_order["order-api"].trace_id for of_order in spans}) == len(orders)
    for of_order in spans:
        send = of_order["order-api"]
        for service in ("projector", "notifier"):
            own = of_order[service]
            assert (own.trace_id, own.parent) == (send.trace_id, send.span_id)
            (to_batch,) = own.links
            batch = await eventually(lambda to=to_batch: span_at(traced, to))
            assert (batch.service, batch.name, batch.parent) == (service, own.name, "")
            assert send.context in batch.links
            assert len(batch.links) <= batch.attributes["messaging.batch.message_count"]


@pytest.mark.parametrize(
    "said",
    [
        {"traceparent": "00-0-0-01"},
        {"traceparent": "ff-" + CALLER + "-00f067aa0ba902b7-01"},
        {"traceparent": "x" * 600, "tracestate": "=,="},
        {"tracestate": "a=b"},
    ],
)
async def test_garbage_in_the_callers_headers_begins_a_trace_of_its_own(
    traced: Traced, venue: Venue, said: dict[str, str]
) -> None:
    spans = await spans_of(traced, await venue.place(**said))
    assert spans["order-api"].trace_id == spans["projector"].trace_id != CALLER
    post = span_at(traced, (spans["order-api"].trace_id, spans["order-api"].parent))
    assert post.parent == ""


async def test_what_the_caller_does_not_sample_leaves_nothing_in_the_log_and_at_the_collector(
    traced: Traced, venue: Venue
) -> None:
    unsampled = await venue.place(traceparent=f"00-{uuid4().hex}-00f067aa0ba902b7-00")
    sampled = await venue.place()  # comes later in every queue
    await spans_of(traced, sampled)
    assert traced.collector.named("order-api", cloudevents__event_subject=unsampled) == []
    topic, partitions = traced.plan.topic
    logged = await accepted_events(traced.backing.kafka, topic, partitions, venue.id)
    assert [(e.order_id, e.traceparent is not None) for e in logged] == [(unsampled, False), (sampled, True)]


@pytest.mark.parametrize("gone", [False, True], ids=["silent", "gone"])
async def test_orders_are_taken_shown_and_written_while_the_collector_is_of_no_use(
    traced: Traced, venue: Venue, gone: bool
) -> None:
    before = traced.collector.requests
    traced.collector.silent.set()
    if gone:
        traced.collector.close()
    orders = [order for _ in range(4) for order in await asyncio.gather(*(venue.place() for _ in range(QUEUE // 2)))]
    await venue.shown(*orders)

    async def written() -> bool:
        rows = await rows_of(traced, venue.id)
        return rows == set(orders)

    await eventually(written, what="the orders in the rows")
    assert gone or traced.collector.requests > before, "nobody has met the silent collector"
    assert traced.collector.named("order-api", cloudevents__event_subject=orders[-1]) == []


async def test_services_end_in_order_while_their_collector_is_gone(traced: Traced) -> None:
    programs = [traced.backing.run.programs[name] for name in traced.names]
    await asyncio.gather(*(asyncio.to_thread(program.stop) for program in programs))
    assert [program._last_code for program in programs] == [0, 0, 0]


async def rows_of(traced: Traced, venue_id: str) -> set[str]:
    connection = await asyncpg.connect(traced.plan.database_url, server_settings={"search_path": "read_models"})
    try:
        return {
            row["order_id"]
            for row in await connection.fetch("SELECT order_id FROM orders WHERE venue_id = $1", venue_id)
        }
    finally:
        await connection.close()
