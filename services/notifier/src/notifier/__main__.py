"""`python -m notifier`: show orders."""

import asyncio
import gc
import sys

import uvloop
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from notifier.app import run
from notifier.boot import TopicUnfit
from notifier.settings import Settings
from order_contracts.startup import configure_logs, tell_faults

WRONG_SETTINGS = 2
_COLLECT = 50_000, 20, 20  # the rings and thousands of connections live long: looking through them often finds nothing


def main() -> int:
    """Give the exit code: 0 stopped, 1 failed, 2 the configuration is wrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        tell_faults(error)
        return WRONG_SETTINGS
    configure_logs(settings.log_level)
    gc.freeze()  # what was imported stays: nothing to look through
    gc.set_threshold(*_COLLECT)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run(settings))
    except TopicUnfit as unfit:
        sys.stderr.write(f"notifier does not start: {unfit}\n")
        return WRONG_SETTINGS
    except KafkaError as error:
        sys.stderr.write(f"Kafka at {settings.kafka_bootstrap_servers} does not answer: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(
            f"{settings.http_host}:{settings.http_port} can't be used: {error}. Set HTTP_HOST, HTTP_PORT.\n"
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
