"""uvicorn as one of several tasks of a process: it listens, it stops when told, and it leaves signals alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from projector.http_connection import HttpConnection
from projector.settings import ServerSettings


class HttpServer(uvicorn.Server):
    """uvicorn would end the process by the signal once it has stopped, before the rest is put in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: the composition root does."""
        yield


def http_server(app: ASGIApp, settings: ServerSettings) -> HttpServer:
    """Make the server of a process. Requests in flight get five seconds at the end."""
    http: Any = partial(HttpConnection, seconds=settings.read_timeout_seconds)
    return HttpServer(
        uvicorn.Config(
            app,
            http=http,
            host=settings.http_host,
            port=settings.http_port,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=5,
        )
    )
