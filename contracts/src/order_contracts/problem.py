"""The form of an error over HTTP, for all services alike: problem+json (RFC 9457) with a stable code.

And how their OpenAPI documents tell of it.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"
_LATER = HTTPStatus.SERVICE_UNAVAILABLE


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


class ProblemBody(BaseModel):
    """What an error answer holds."""

    type: str = Field(examples=["/problems/transition_not_allowed"])
    title: str
    status: int
    detail: str = Field(description="what is wrong and what to do about it")
    code: str = Field(description="stable, for programs")
    field: str | None = Field(default=None, description="the field that is wrong, such as items.0.unit_price.amount")


def described(text: str, example: ProblemFacts) -> dict[str, Any]:
    """Describe an error answer for an OpenAPI document."""
    content = {"schema": {"$ref": "#/components/schemas/ProblemBody"}, "example": example.body()}
    later = {"headers": header_texts({"Retry-After": "seconds"})} if example.status == _LATER else {}
    return {"description": text, "content": {MEDIA_TYPE: content}, **later}


def header_texts(texts: Mapping[str, str]) -> dict[str, Any]:
    """Describe an answer's headers."""
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in texts.items()}


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """Let an OpenAPI document know of tokens and of the shape of problems."""
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["ProblemBody"] = ProblemBody.model_json_schema()
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    return {**document, "security": [{"token": []}]}
