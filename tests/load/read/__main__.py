"""The read side, measured section by section: make bench AREA=read ARGS="projecting --rounds 1"; without, all."""

import os
import platform
from argparse import ArgumentParser
from importlib import import_module

from infra.services import backing_servers, state_folder
from load.bench import write

SECTIONS = ("projecting", "live", "rebuilding", "lists", "snapshots")
"""Modules beside this one. Each declares `arguments(parser)`, gives `measure(backing, asked)` and puts it in words."""


def main() -> None:
    """Measure, print, and keep each section's figures as build/bench/read-SECTION.json."""
    sections = {name: import_module(f"load.read.{name}") for name in SECTIONS}
    parser = ArgumentParser(prog="make bench AREA=read", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[[], *SECTIONS], metavar="section", help=", ".join(SECTIONS))
    for section in sections.values():
        section.arguments(parser)
    asked = parser.parse_args()
    machine = {"machine": platform.platform(), "cores": os.cpu_count(), "load": os.getloadavg()}
    for name in asked.sections or SECTIONS:
        with state_folder() as folder, backing_servers(folder) as backing:
            result = sections[name].measure(backing, asked)
        for line in sections[name].table(result):
            print(line)
        print(f"kept in {write(f'read-{name}', {**result, **machine})}")


if __name__ == "__main__":
    main()
