"""The OpenAPI document: what FastAPI finds out from the routes, and what is true of every one of them.

Every error is a problem+json, whatever a route declares; those that the layers around the routes give are named here.
"""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from order_api.problems import MEDIA_TYPE, ProblemBody

_ANYWHERE = (400, 408, 413, 422, 431)
_GUARDED = (401, 403, 429, 503)
_SCHEMA = {"$ref": "#/components/schemas/ProblemBody"}


def install(app: FastAPI) -> None:
    """Let the app give this document at /openapi.json."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(get_openapi(title=app.title, version=app.version, routes=app.routes))
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way to change it


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["ProblemBody"] = ProblemBody.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _complete(operation, guarded=path.startswith("/v1/"))
    return document


def _complete(operation: dict[str, Any], *, guarded: bool) -> None:
    responses = operation["responses"]
    declared = [int(status) for status in responses if status.isdigit()]
    errors = {status for status in declared if status >= HTTPStatus.BAD_REQUEST} | {*_ANYWHERE}
    for status in sorted(errors | ({*_GUARDED} if guarded else set())):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": _SCHEMA}},
        }
    if guarded:
        operation["security"] = [{"token": []}]
