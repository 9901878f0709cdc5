"""One size of business as Markdown tables and sentences. Pure."""

from collections.abc import Iterable, Sequence

from scanserve_cost.bill import TASK_CPU, TASK_GIB, Bill
from scanserve_cost.measured import Measured, Push
from scanserve_cost.plan import Plan
from scanserve_cost.ways import UNCHANGED_BYTES, Way

INTERVALS = (1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Make a Markdown table."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def sources(plan: Plan) -> str:
    """Say what is measured, what is listed and what is assumed."""
    seen, prices = plan.measured, plan.prices
    unsure = sum("not confirmed" in source for source in prices.sources.values())
    return (
        f"**Measured** ({seen.date}, {seen.where}; {seen.machine}; {seen.screens} screens) by `make bench AREA=cost`, "
        f"with the real services:\n\n{_seen(seen)}\n\n"
        "All polls asked for one venue, whose snapshot the query API then has at hand: its CPU, and Postgres's, are "
        "the least that a poll can cost, which favours polling. CPU is counted in steps of 10 ms: what a screen "
        "that only listens costs is one or two of them over all screens and 16 s.\n\n"
        f"**Listed**: prices of {prices.region} on demand, {prices.date}, each with its source in "
        f"`deploy/cost/src/scanserve_cost/prices.toml`; {unsure} of {len(prices.sources)} are remembered list prices "
        "that no page confirmed.\n\n"
        "**Assumed**: TLS and TCP add 150 B to a poll and 70 B to a frame; a tablet connects anew once an hour; "
        "images are fetched five times a month; half of a database's baseline is free for polls."
    )


def _seen(seen: Measured) -> str:
    unchanged, small = "not served: taken to cost a whole poll's", f"{UNCHANGED_BYTES:.0f} B, its headers"
    if seen.unchanged_cpu is not None and seen.unchanged_bytes is not None:
        unchanged, small = _milliseconds(seen.unchanged_cpu), f"{seen.unchanged_bytes:.0f} B"
    poll = f"{_milliseconds(seen.poll_cpu)}, and {_milliseconds(seen.poll_database_cpu)} of Postgres"
    event = f"{_milliseconds(seen.order_api_event_cpu)} and {_milliseconds(seen.projector_event_cpu)}"
    rows = [
        ("a whole poll", poll, f"{seen.poll_bytes / 1e3:.1f} kB with {seen.open_orders} open orders"),
        ("a poll answered 304", unchanged, small),
        *_pushed("Socket.IO", seen.sockets),
        *_pushed("an event stream", seen.streams),
        ("an event, in order-api and in the projector", event, "at five a second, their idling in it"),
    ]
    return table(("", "CPU", "size"), rows)


def _pushed(way: str, push: Push) -> list[tuple[str, str, str]]:
    batch = f"{push.delivery_bytes:.0f} B, {push.events_a_delivery:.2f} events in it"
    hour = f"{push.connection_cpu * 3600:.3f} s an hour"
    return [
        (f"{way}: a batch to one screen", f"{push.delivery_cpu * 1e6:.0f} us", batch),
        (f"{way}: opened and joined", _milliseconds(push.handshake_cpu), ""),
        (f"{way}: a screen that only listens", hour, _memory(push.connection_bytes)),
    ]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms"


def _memory(size: float) -> str:
    return f"{size / 1e3:.0f} kB of memory"


def lines_of(plan: Plan) -> str:
    """Give all four bills of a size, line by line."""
    bills = list(plan.bills().values())
    rows = [
        _row(line.name, [b.delivery[place].dollars for b in bills], bills[0].delivery[place].how)
        for place, line in enumerate(bills[0].delivery)
    ]
    rows.append(_row("**delivery**", [b.delivery_total for b in bills], f"polling: {_hows(bills[2])}"))
    rows += [_row(line.name, [line.dollars] * len(bills), line.how) for line in bills[0].rest]
    rows.append(_row("**all**", [b.total for b in bills], ""))
    return table(("$ a month", *(b.way for b in bills), "Socket.IO's, or all"), rows)


def _row(name: str, dollars: Iterable[float], how: str) -> tuple[str, ...]:
    return (name, *(f"{amount:,.0f}" for amount in dollars), how)


def _hows(bill: Bill) -> str:
    return "; ".join(line.how for line in bill.delivery if line.dollars)


def business_of(plan: Plan) -> str:
    """Say what a size is."""
    one = plan.business
    return (
        f"{one.restaurants} restaurants with {one.screens} screens each, {one.orders_an_hour:g} orders an hour in "
        f"{one.open_hours:g} open hours a month, {one.events_an_order:g} events an order: {one.events:.1f} events a "
        f"second on average, {one.events * one.peak:.0f} at the peak, {one.deliveries(peak=True):.0f} batches a second "
        f"to {one.connections} screens. Polling: every {plan.poll_seconds:g} s, {plan.poll_bytes / 1e3:.1f} kB."
    )


def savings_of(plan: Plan) -> str:
    """Say what Socket.IO saves at each interval, and where it stops to."""
    rows = []
    for seconds in INTERVALS:
        plain, delta = plan.saving("polling", seconds), plan.saving("304/delta", seconds)
        polled = plan.bill("polling", seconds)
        rows.append(
            (
                f"{seconds:g} s",
                f"{polled.delivery_total:,.0f}",
                f"{plain.dollars:,.0f}",
                f"{plain.of_delivery:.0%}",
                f"{plain.of_bill:.0%}",
                f"{delta.dollars:,.0f}",
                f"{delta.of_delivery:.0%}",
                f"{delta.of_bill:.0%}",
            )
        )
    head = (
        "every",
        "polling's delivery $",
        "saved $",
        "of delivery",
        "of the bill",
        "against 304 $",
        "of delivery",
        "of the bill",
    )
    return table(head, rows)


def break_even_of(plan: Plan) -> str:
    """Say from which interval on polling is as cheap."""
    said = []
    polled: tuple[Way, ...] = ("polling", "304/delta")
    for way in polled:
        half, even = plan.break_even(way, 0.5), plan.break_even(way)
        said.append(
            f"{way}: half of the delivery tier is saved up to {_seconds(half)}, anything up to {_seconds(even)}"
        )
    return "; ".join(said) + ". A poll also waits: half of its interval on average, where a batch waits 0.1 s."


def _seconds(value: float | None) -> str:
    return "any interval" if value is None else f"every {value:.1f} s"


def deploy_of(plan: Plan) -> str:
    """Say what to deploy."""
    pushed, shape = plan.bill("Socket.IO"), plan.shape
    fargate = f"on Fargate (ARM), MSK of 3 x {shape.broker}"
    nodes = f"on {shape.nodes} x {shape.node}, Kafka beside them (`deploy/k8s/overlays/small`)"
    where = nodes if shape.node else fargate
    cap = plan.connections_a_task()
    return (
        f"{pushed.tasks} tasks of the notifier and two each of order-api, projector and query API ({TASK_CPU:g} vCPU, "
        f"{TASK_GIB:g} GiB) {where}; {pushed.database} with {shape.replicas} replicas. By these figures one task of "
        f"the notifier holds {cap:,} screens of this business at 70 % of CPU and memory; scale at "
        f"{min(cap, 1500):,} connections or 70 % CPU, 1 to 5, one step each 300 s "
        "(`deploy/k8s/components`, `deploy/aws/process.yaml`)."
    )
