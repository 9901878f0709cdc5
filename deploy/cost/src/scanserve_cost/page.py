"""The whole report as Markdown: docs/cost.md is this, word for word, and a terminal shows it rendered. Pure."""

from collections.abc import Sequence

from scanserve_cost import seed
from scanserve_cost.bill import TASK_CPU, TASK_GIB
from scanserve_cost.plan import Plan
from scanserve_cost.tables import (
    INTERVALS,
    break_even_of,
    business_of,
    deploy_of,
    lines_of,
    savings_of,
    sources,
    table,
)
from scanserve_cost.ways import WAYS


def seed_of(plans: Sequence[Plan]) -> str:
    """Put the seed's totals beside ours, and say where its own do not add up."""
    rows = []
    for size, plan in zip(seed.SIZES, plans, strict=True):
        low, high = size.total
        count = size.restaurants
        many = f"{count[0]}-{count[1]}" if count[0] != count[1] else f"{count[0]}+"
        ours = plan.bill("Socket.IO").total
        rows.append(
            (
                size.name,
                many,
                f"{low:.0f}-{high:.0f}",
                f"{plan.business.restaurants}",
                f"{ours:.0f}",
                _place(ours, size.total),
            )
        )
    prices = plans[0].prices
    task = TASK_CPU * prices.hourly("fargate.vcpu.arm") + TASK_GIB * prices.hourly("fargate.gib.arm")
    odd = seed.quarrels(prices.hourly("t3.large"), prices.hourly("t3.medium"), task)
    listed = "\n".join(f"- {line}" for line in odd)
    return table(("", "restaurants", "seed $", "ours for", "ours $", ""), rows) + f"\n\n{listed}"


def _place(ours: float, theirs: tuple[float, float]) -> str:
    if ours < theirs[0]:
        return "below"
    return "within" if ours <= theirs[1] else "above"


def plot_of(plan: Plan) -> str:
    """Draw the delivery tier over the interval, as a chart that GitHub renders."""
    ways = {way: [plan.bill(way, seconds).delivery_total for seconds in INTERVALS] for way in WAYS if way != "SSE"}
    top = max(max(values) for values in ways.values())
    drawn = "\n".join(f"  line [{', '.join(f'{value:.0f}' for value in values)}]" for values in ways.values())
    return (
        "```mermaid\nxychart-beta\n"
        f'  title "Delivery, $ a month, {plan.business.restaurants} restaurants: {", ".join(ways)}"\n'
        f'  x-axis "polling every … s" [{", ".join(f"{s:g}" for s in INTERVALS)}]\n'
        f'  y-axis "$" 0 --> {top * 1.05:.0f}\n{drawn}\n```'
    )


def page(plans: Sequence[Plan], guarded: Plan) -> str:
    """Put the whole report together: the seed's three sizes, and the largest one with everything doubled."""
    parts = [
        "# What it costs",
        'Written by `make cost ARGS="--write docs/cost.md"`; `make cost` prints it, and takes your own figures '
        "(`--restaurants 40 --screens 3 --poll 5 …`, `make cost ARGS=--help`).",
        sources(plans[0]),
        "## Beside the seed's figures",
        seed_of(plans),
    ]
    for plan in plans:
        parts += [
            f"## {plan.shape.name.capitalize()}",
            business_of(plan),
            lines_of(plan),
            f"**Deploy** {deploy_of(plan)}",
        ]
        parts += [savings_of(plan), break_even_of(plan)]
    total = guarded.bill("Socket.IO").total
    parts += [
        "## How it moves with the interval",
        plot_of(plans[1]),
        f"The large size with EKS, Multi-AZ RDS and a NAT gateway in each zone, "
        f"which the seed has not priced: ${total:,.0f}.",
    ]
    return "\n\n".join(parts) + "\n"
