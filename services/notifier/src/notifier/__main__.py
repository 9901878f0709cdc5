"""`python -m notifier`: show orders."""

import asyncio
import gc
import logging
import sys

import structlog
import uvloop
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from notifier.app import run
from notifier.boot import TopicUnfit
from notifier.settings import Settings

WRONG_SETTINGS = 2
_COLLECT = 50_000, 20, 20  # the rings and thousands of connections live long: looking through them often finds nothing


def main() -> int:
    """Give the exit code: 0 stopped, 1 failed, 2 the configuration is wrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        for fault in error.errors():
            name = ".".join(map(str, fault["loc"])).upper() or "environment"
            sys.stderr.write(f"{name}: {fault['msg']}. Set it in the environment.\n")
        return WRONG_SETTINGS
    _configure_logs(settings.log_level)
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


def _configure_logs(level: str) -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level.upper()),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[stream])  # what the libraries have to say


if __name__ == "__main__":
    sys.exit(main())
