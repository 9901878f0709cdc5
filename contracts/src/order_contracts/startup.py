"""How a service begins to speak: what is wrong with its settings, and its log, one JSON object a line on stderr.

structlog is the services' own dependency: who only sends orders or reads events needs neither it nor this module.
"""

import logging
import sys

import structlog
from pydantic import ValidationError

from order_contracts.tracing import name_trace


def tell_faults(error: ValidationError) -> None:
    """Name each variable that is wrong, and why, on stderr."""
    for fault in error.errors():
        name = ".".join(map(str, fault["loc"])).upper() or "environment"
        sys.stderr.write(f"{name}: {fault['msg']}. Set it in the environment.\n")


def configure_logs(level: str) -> None:
    """Write our lines from `level` on, and the libraries' warnings, alike: with their traces and their tracebacks."""
    shared: list[structlog.types.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_trace,
    ]
    rendered: list[structlog.types.Processor] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[*shared, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level.upper()),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
    )
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[stream])  # what the libraries have to say
