"""How the operator's commands are asked for. Their meaning is command.Operations, a method each."""

import argparse
import os
from typing import Any


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands' arguments; `operation` names the method of each."""
    rebuild = _command(commands, "rebuild", "make the read models anew from the log, beside the served ones, and swap")
    rebuild.add_argument("--keep-old", action="store_true", help="keep the old rows, as schema …_retired")
    verify = _command(commands, "verify", "make them again and compare every row: exit code 0 equal, 1 different")
    verify.add_argument("--limit", type=int, default=100, help="how many differing rows to print (100)")
    for one in (rebuild, verify):
        one.add_argument("--processes", type=int, default=max(2, os.cpu_count() or 2), help="how many (one a core)")
        one.add_argument("--anew", action="store_true", help="do not go on with what an earlier run has left")
    _command(commands, "lag", "how far the rows are behind the log")
    keep = _command(commands, "retention", "drop the histories of orders that began before the last months")
    keep.add_argument("--months", type=int, required=True, help="how many to keep beside the present one")
    keep.add_argument("--dry-run", action="store_true", help="only say what would be dropped")
    keep.add_argument("--open-too", action="store_true", help="also where orders are still open")
    letters = commands.add_parser("dead-letters", help="events that could not be projected, and what waits behind them")
    actions = letters.add_subparsers(dest="action", required=True)
    _command(actions, "list", "which orders wait", "dead_letters").add_argument("--limit", type=int, default=100)
    _command(actions, "show", "an order's letters", "dead_letters").add_argument("order")
    again = _command(actions, "replay", "project an order's letters now, all or none", "dead_letters")
    again.add_argument("order", nargs="*")
    again.add_argument("--all", action="store_true", help="all orders that wait")
    away = _command(actions, "discard", "pass over an order's first letter for good", "dead_letters")
    away.add_argument("order")
    away.add_argument("--note", required=True, help="why; it is kept")


def _command(commands: Any, name: str, help_: str, operation: str | None = None) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help_)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(operation=operation or name)
    return parser
