"""`python -m local_stack COMMAND`: the one-machine stack on the command line."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from local_stack import commands
from local_stack.announcement import DEFAULT_ORGANIZATION, DEFAULT_VENUE
from local_stack.failure import StackFailure

Command = Callable[[argparse.Namespace], int]
STATE = Path("build/local")


def main() -> int:
    """Run one command; what it gives is the exit code."""
    arguments = _parser().parse_args()
    try:
        return int(arguments.run(arguments))
    except StackFailure as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What was started in the background goes on: `make down` ends it.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_stack", description="ScanServe Orders on one machine.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        added = subparsers.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        added.add_argument("--state", type=Path, default=STATE, help=f"folder of its state (default {STATE})")
        return added

    for name, run, text in (
        ("up", commands.up, "start the whole system and leave it running"),
        ("supervise", commands.supervise_here, "the same, in this process"),
    ):
        starting = command(name, run, text)
        starting.add_argument("--port-base", type=int, help="first of its ports, instead of free ones")
        starting.add_argument("--redis", action="store_true", help="with Redis")
    command("down", commands.down, "stop it; its data stays")
    command("status", commands.status, "say what runs, and where")
    command("fetch", commands.fetch, "fetch Apache Kafka now, where a start would")
    command("lock", commands.lock, "resolve Apache Kafka's jars anew and write kafka.lock.json")
    demo = subparsers.add_parser("demo", help=commands.demo.__doc__, description=commands.demo.__doc__)
    demo.set_defaults(run=commands.demo)
    demo.add_argument("--seconds", type=float, default=60, help="how long the evening is (default 60)")
    demo.add_argument("--venues", type=int, default=20, help="how many venues (default 20)")
    demo.add_argument("--orders", type=int, help="how many orders (default 6 a second)")
    demo.add_argument("--seed", type=int, default=2026, help="another number is another evening")
    demo.add_argument("--kill", action="store_true", help="kill one of each service on the way")
    demo.add_argument("--roll", action="store_true", help="replace every replica in turn, as a roll-out does")
    demo.add_argument("--drain-seconds", type=float, default=1.0, help="how long screens are sent away for (default 1)")
    demo.add_argument(
        "--transport", choices=("socketio", "polling", "sse"), default="socketio", help="how screens follow (socketio)"
    )
    signing = command("token", commands.token, "sign a token for development")
    signing.add_argument("--venue", action="append", help=f"repeatable; '*' for all (default {DEFAULT_VENUE})")
    signing.add_argument("--org", default=DEFAULT_ORGANIZATION)
    signing.add_argument("--scope", action="append", help="repeatable (default: all but admin)")
    signing.add_argument("--sub", default="developer")
    lasting = signing.add_mutually_exclusive_group()
    lasting.add_argument("--hours", type=float, default=12, help="how long it lasts (default 12)")
    lasting.add_argument("--days", type=float, help="instead of hours: for a POS, revocable by its jti")
    return parser


if __name__ == "__main__":
    sys.exit(main())
