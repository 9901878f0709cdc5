"""`python -m projector run | serve | migrate | webhooks run`, and the operator's commands.

Those are in operations/command.py and webhooks/command.py. Each loads what it is made of and no more.
"""

import argparse
import gc
import sys
from collections.abc import Callable
from typing import TypeVar

import structlog
import uvloop
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from projector.checkpoints import EpochMismatch
from projector.database import WrongSchema
from projector.holdings import LineageBroken
from projector.log_contract import TopicUnfit
from projector.logs import configure_logs
from projector.operations.arguments import add_commands
from projector.settings import (
    DatabaseSettings,
    LogSettings,
    RunSettings,
    ServeSettings,
    WebhookRunSettings,
    WebhookSettings,
)
from projector.webhooks.arguments import add_webhook_commands

S = TypeVar("S", bound=BaseSettings)
COLLECT = (50_000, 20, 50)  # the usual 700 walk all of a batch several times while it is being made
log = structlog.get_logger("projector")


def main() -> int:
    """Run one command and give the exit code: 0 stopped as told, 1 halted, the log says why, 2 bad settings.

    Those of the operator's commands are told where the commands are.
    """
    processes: dict[str, Callable[[], None]] = {
        "run": _run,
        "serve": _serve,
        "migrate": _migrate,
        "webhooks run": _send_webhooks,
    }
    parser = argparse.ArgumentParser("projector", description="Keeps the read models in Postgres and serves them.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="keep the read models up to date")
    commands.add_parser("serve", help="answer queries")
    commands.add_parser("migrate", help="bring the schema up to date")
    add_commands(commands)
    add_webhook_commands(commands)
    arguments = parser.parse_args()
    webhooks = arguments.command == "webhooks"
    process = processes.get(f"webhooks {arguments.action}" if webhooks else arguments.command)
    if process is None and webhooks:
        from projector.webhooks.command import operate_webhooks  # noqa: PLC0415  # see above, as the others

        return operate_webhooks(_settings(WebhookSettings), arguments)
    if process is None:
        from projector.operations.command import operate  # noqa: PLC0415

        return operate(_settings(LogSettings), arguments)
    try:
        process()
    except (TopicUnfit, EpochMismatch, LineageBroken, WrongSchema) as halt:
        log.critical("halted", reason=type(halt).__name__, detail=str(halt))
        return 1
    return 0


def _run() -> None:
    gc.set_threshold(*COLLECT)
    from projector.app import run  # noqa: PLC0415

    settings = _settings(RunSettings)
    configure_logs(settings.log_level)
    uvloop.run(run(settings))


def _serve() -> None:
    from projector.serving import serve  # noqa: PLC0415

    settings = _settings(ServeSettings)
    configure_logs(settings.log_level)
    uvloop.run(serve(settings))


def _send_webhooks() -> None:
    from projector.webhook_sending import send_webhooks  # noqa: PLC0415

    settings = _settings(WebhookRunSettings)
    configure_logs(settings.log_level)
    uvloop.run(send_webhooks(settings))


def _migrate() -> None:
    from projector.schema import migrate  # noqa: PLC0415

    settings = _settings(DatabaseSettings)
    configure_logs(settings.log_level)
    applied = migrate(settings.direct_address, settings.database_schema)
    log.info("the schema is up to date", schema=settings.database_schema, applied=applied)


def _settings(kind: type[S]) -> S:
    """Read the environment, or end the process with a line for each variable that is wrong."""
    try:
        return kind()
    except ValidationError as error:
        for fault in error.errors():
            name = str(fault["loc"][0]).upper() if fault["loc"] else "the environment"
            missing = fault["type"] == "missing"
            sys.stderr.write(f"{name}: {'is not set; set it' if missing else fault['msg']}\n")
        sys.exit(2)


if __name__ == "__main__":
    sys.exit(main())
