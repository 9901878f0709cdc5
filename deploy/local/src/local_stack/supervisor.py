"""The process behind `up`: holds one stack until it is told to end, and says in up.json how far it is."""

import os
import signal
import sys
import threading
from datetime import datetime
from typing import Any

import psutil

from local_stack.failure import StackFailure
from local_stack.stack import Stack, StackOptions

STATUS = "up.json"


def supervise(options: StackOptions) -> int:
    """Run a stack until SIGTERM or SIGINT. Its output is its log."""
    stack = Stack(options, on_progress=_log)
    status: dict[str, Any] = {"pid": os.getpid(), "started_at": psutil.Process().create_time(), "phase": "starting"}
    told_to_end = threading.Event()

    def end(*_: object) -> None:
        told_to_end.set()
        stack.state.write(STATUS, status | {"phase": "stopping"})
        # from another thread, because it must also interrupt a start that waits in this one
        threading.Thread(target=stack.stop).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    stack.begin()  # before anything is written: two may have been started at once
    stack.state.write(STATUS, status)
    try:
        stack.start()
        stack.state.write(STATUS, status | {"phase": "ready", **_addresses(stack)})
        _log("ready")
        told_to_end.wait()
    except StackFailure as failure:
        if not told_to_end.is_set():
            _log(str(failure))
            stack.state.write(STATUS, status | {"phase": "failed"})
            return 1
    finally:
        stack.stop()
    stack.state.forget(STATUS)
    _log("stopped")
    return 0


def _addresses(stack: Stack) -> dict[str, Any]:
    return {
        "order_api": stack.order_api_urls,
        "query": stack.query_urls,
        "notifier": stack.notifier_urls,
        "kafka": stack.kafka,
        "database": stack.database_url,
        "redis": stack.redis_url,
        "sources": {server: source.value for server, source in stack.backing.sources.items()},
        "jwt_secret": stack.jwt_secret,  # which may have come from this process's environment
    }


def _log(text: str) -> None:
    sys.stdout.write(f"{datetime.now().astimezone():%H:%M:%S} {text}\n")
    sys.stdout.flush()
