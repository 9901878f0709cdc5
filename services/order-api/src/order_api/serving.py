"""The service as a process: its settings, its logs, and what it says when it can't start."""

import asyncio
import logging
import sys

import structlog
import uvloop
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from order_api.app import run
from order_api.boot import TopicUnfit
from order_api.settings import Settings
from order_contracts.tracing import name_trace

WRONG_SETTINGS = 2


def serve() -> int:
    """Take orders until told to stop. Give the exit code: 0 stopped, 1 failed, 2 the configuration is wrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        for fault in error.errors():
            name = ".".join(map(str, fault["loc"])).upper() or "environment"
            sys.stderr.write(f"{name}: {fault['msg']}. Set it in the environment.\n")
        return WRONG_SETTINGS
    _configure_logs(settings.log_level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run(settings))
    except TopicUnfit as unfit:
        sys.stderr.write(f"order-api does not start: {unfit}\n")
        return WRONG_SETTINGS
    except KafkaError as error:
        sys.stderr.write(f"Kafka at {settings.kafka_bootstrap_servers} does not answer: {error}\n")
        return 1


def _configure_logs(level: str) -> None:
    ours: list[structlog.types.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_trace,
    ]
    structlog.configure(
        processors=[*ours, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level.upper()),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=ours,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[stream])  # what the libraries have to say
