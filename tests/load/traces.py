"""`make bench AREA=traces`: what an order costs order-api with traces off, with one in a hundred, and with all of them.

Interleaved rounds, medians, ratios within one run, as in `load.write`; the collector is real and on the client's core.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.services import backing_servers, state_folder
from infra.span_collector import SpanCollector, span_collector
from load.bench import CLIENT_CORE, medians, pin, write
from load.write_subjects import Subject, measure, subjects

_SAMPLER = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio"}


def _variants(plain: Subject, collector: SpanCollector, before: Path | None) -> list[Subject]:
    on = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **_SAMPLER}
    shares = {"1 in 100": "0.01", "all": "1"}
    found = [replace(plain, name="off")]
    for name, share in shares.items():
        environment = {**plain.environment, **on, "OTEL_TRACES_SAMPLER_ARG": share}
        found.append(replace(plain, name=name, environment=environment))
    if before is not None:
        paths = ":".join(str(before / path / "src") for path in ("contracts", "services/order-api"))
        found.insert(0, replace(plain, name="before", environment={**plain.environment, "PYTHONPATH": paths}))
    return found


def run(rounds: int, seconds: float, before: Path | None, console: Console) -> dict[str, Any]:
    """Measure all, interleaved."""
    with state_folder() as folder, backing_servers(folder) as backing, span_collector() as collector:
        pin(backing.run.programs["kafka"].pid, CLIENT_CORE)
        variants = _variants(subjects(backing)[0], collector, before)
        found: dict[str, list[dict[str, float]]] = {variant.name: [] for variant in variants}
        for number in range(rounds):
            for place, variant in enumerate(variants):
                first = (number * 10 + place) * 10_000_000
                found[variant.name].append(measure(variant, backing, seconds, first, None))
                console.print(f"  round {number + 1} of {rounds}: {variant.name} {found[variant.name][-1]}")
        console.print(f"{len(collector.spans):,} spans came in")
    return {name: medians(figures) for name, figures in found.items()}


def show(results: dict[str, Any], console: Console) -> None:
    """Print the table, each beside the first."""
    first = next(iter(results.values()))
    table = Table("traces", *first, "service us / first")
    for name, found in results.items():
        ratio = f"{found['service us'] / first['service us']:.3f}"
        table.add_row(name, *(f"{value:,.1f}" for value in found.values()), ratio)
    console.print(table)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="make bench AREA=traces")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--before", type=Path, help="another checkout, to measure beside this one")
    arguments = parser.parse_args()
    console = Console(highlight=False, width=160)
    results = run(arguments.rounds, arguments.seconds, arguments.before, console)
    show(results, console)
    console.print(f"kept in {write('traces', results)}")


if __name__ == "__main__":
    main()
