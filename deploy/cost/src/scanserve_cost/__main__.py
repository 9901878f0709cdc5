"""`python -m scanserve_cost`: what the system costs on AWS, for the seed's three sizes or for yours."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from scanserve_cost.business import Business
from scanserve_cost.measured import Measured, NotMeasured, read_measured
from scanserve_cost.page import page
from scanserve_cost.plan import Plan
from scanserve_cost.prices import NoPrice, Prices, read_prices
from scanserve_cost.shapes import GUARDED, LARGE, MEDIUM, SMALL, Shape, shape_for
from scanserve_cost.tables import break_even_of, business_of, deploy_of, lines_of, savings_of, sources

WRONG = 2
SIZES: tuple[tuple[int, Shape], ...] = ((20, SMALL), (100, MEDIUM), (200, LARGE))


def main(arguments: list[str] | None = None) -> int:
    """Give the exit code: 0 printed, 2 something can't be read, and it says what."""
    asked = _parser().parse_args(arguments)
    try:
        prices, measured = read_prices(asked.prices), read_measured(asked.measured, shipped=asked.write is not None)
        text = _report(asked, prices, measured)
    except (NoPrice, NotMeasured, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG
    if asked.write is not None:
        asked.write.write_text(text)
        sys.stdout.write(f"{asked.write} is written\n")
    else:
        Console(width=None if sys.stdout.isatty() else 150).print(Markdown(text))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scanserve_cost", description="What the system costs on AWS, dollars a month.")
    parser.add_argument("--restaurants", type=int, help="a size of your own; without it the seed's three are shown")
    parser.add_argument("--screens", type=int, default=5, help="of one restaurant")
    parser.add_argument("--orders-an-hour", type=float, default=25.0, help="of one restaurant, while it is open")
    parser.add_argument("--open-hours", type=float, default=360.0, help="a month")
    parser.add_argument("--poll", type=float, default=3.0, help="seconds between polls, to compare with")
    parser.add_argument("--payload-kb", type=float, help="of a whole poll; without it what was measured")
    parser.add_argument("--prices", type=Path, help="a table like prices.toml")
    parser.add_argument("--measured", type=Path, help="figures like build/bench/cost.json")
    parser.add_argument("--write", type=Path, help="write the page there, from the shipped figures")
    return parser


def _report(asked: argparse.Namespace, prices: Prices, measured: Measured) -> str:
    if asked.poll <= 0:
        raise ValueError("--poll must be more than 0 seconds")
    size = measured.poll_bytes if asked.payload_kb is None else asked.payload_kb * 1000

    def plan(restaurants: int, shape: Shape) -> Plan:
        business = Business(
            restaurants=restaurants,
            screens=asked.screens,
            orders_an_hour=asked.orders_an_hour,
            open_hours=asked.open_hours,
        )
        return Plan(replace(business, image_gb=0.2 * restaurants), measured, prices, shape, asked.poll, size)

    if asked.restaurants is None:
        return page([plan(*one) for one in SIZES], plan(200, GUARDED))
    yours = plan(asked.restaurants, shape_for(asked.restaurants))
    parts = [business_of(yours), lines_of(yours), f"**Deploy** {deploy_of(yours)}", savings_of(yours)]
    return "\n\n".join([*parts, break_even_of(yours), sources(yours)]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
