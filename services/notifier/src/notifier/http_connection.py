"""One HTTP connection, as uvicorn's `Config(http=...)` takes it: bounded, with plain words for who breaks a bound."""

from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from notifier.handshake import refusal
from order_contracts.bounded_requests import BoundedRequests

REQUEST_SECONDS = 10.0


class HttpConnection(BoundedRequests, HttpToolsProtocol):
    """Answers in plain text."""

    def refusal(self, status: HTTPStatus, detail: str) -> bytes:
        """Write the answer out."""
        return refusal(status, [], detail.encode() + b"\n")
