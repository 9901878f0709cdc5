"""One HTTP connection, as uvicorn's `Config(http=...)` takes it: bounded, with problems for who breaks a bound."""

from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from order_contracts.bounded_requests import BoundedRequests
from order_contracts.problem import MEDIA_TYPE, ProblemFacts

_CODES = {
    HTTPStatus.BAD_REQUEST: "bad_request",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "headers_too_large",
    HTTPStatus.REQUEST_TIMEOUT: "request_too_slow",
}


class HttpConnection(BoundedRequests, HttpToolsProtocol):
    """Answers as this service answers everything."""

    def refusal(self, status: HTTPStatus, detail: str) -> bytes:
        """Write the answer out."""
        body = ProblemFacts(status, _CODES[status], detail).encoded()
        head = f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        return STATUS_LINE[status] + head.encode() + body
