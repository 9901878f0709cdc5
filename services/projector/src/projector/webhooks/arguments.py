"""How the webhooks' commands are asked for. Their meaning is command.WebhookCommands, a method each."""

import argparse
from typing import Any


def add_webhook_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands' arguments."""
    webhooks = commands.add_parser("webhooks", help="send accepted events to other people's systems")
    actions = webhooks.add_subparsers(dest="action", required=True)
    actions.add_parser("run", help="send, until told to stop")
    added = _command(actions, "add", "send events from now on to a URL; prints its secret, once")
    added.add_argument("url")
    added.add_argument("--organization", required=True)
    added.add_argument("--venues", type=_names, help="some of its venues, separated by commas (all, those to come too)")
    added.add_argument("--types", type=_names, help="types of events, separated by commas (all)")
    _command(actions, "list", "all endpoints")
    for name, help_ in (
        ("show", "one endpoint, and how far it is"),
        ("disable", "send nothing more; its place is kept"),
        ("remove", "forget it"),
        ("rotate", "make a new secret; the old one signs too for 24 hours"),
        ("test", "send a test event now, and print the answer"),
    ):
        _command(actions, name, help_).add_argument("endpoint")
    enabled = _command(actions, "enable", "send on from where it stood")
    enabled.add_argument("endpoint")
    enabled.add_argument("--skip", action="store_true", help="pass over what waits: begin with what comes from now on")
    again = _command(actions, "replay", "send again, in order, from a time or a position on")
    again.add_argument("endpoint")
    since = again.add_mutually_exclusive_group(required=True)
    since.add_argument("--since", help="a time with its zone, such as 2026-11-24T19:05:00Z; by the log's clock")
    since.add_argument("--position", help="a `position` that an event or an answer of this system gave")


def _command(actions: Any, name: str, help_: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=help_)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
