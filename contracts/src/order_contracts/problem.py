"""The form of an error over HTTP, for all services alike: problem+json (RFC 9457) with a stable code."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec

MEDIA_TYPE = "application/problem+json"


class ProblemFacts(Exception):
    """An answer that is an error: what is wrong and what to do about it, a code for programs, the field at fault."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.field, self.headers = status, code, detail, field, headers

    def body(self) -> dict[str, Any]:
        """Give what the answer holds."""
        body: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            "code": self.code,
        }
        if self.field is not None:
            body["field"] = self.field
        return body

    def encoded(self) -> bytes:
        """Give the answer's body as JSON."""
        return msgspec.json.encode(self.body())
