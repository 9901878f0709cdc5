"""The service as a process: its settings, its logs, and what it says when it can't start."""

import asyncio
import sys

import uvloop
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from order_api.app import run
from order_api.boot import TopicUnfit
from order_api.settings import Settings
from order_contracts.startup import configure_logs, tell_faults

WRONG_SETTINGS = 2


def serve() -> int:
    """Take orders until told to stop. Give the exit code: 0 stopped, 1 failed, 2 the configuration is wrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        tell_faults(error)
        return WRONG_SETTINGS
    configure_logs(settings.log_level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run(settings))
    except TopicUnfit as unfit:
        sys.stderr.write(f"order-api does not start: {unfit}\n")
        return WRONG_SETTINGS
    except KafkaError as error:
        sys.stderr.write(f"Kafka at {settings.kafka_bootstrap_servers} does not answer: {error}\n")
        return 1
