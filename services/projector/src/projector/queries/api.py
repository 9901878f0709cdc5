"""The query API: paths, parameters and bodies. Documents go out as Postgres gives them, not decoded on the way."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

import asyncpg
import msgspec
from fastapi import APIRouter, FastAPI, Path, Query, Request, Response
from prometheus_client import CollectorRegistry
from pydantic import StringConstraints
from starlette.middleware.cors import CORSMiddleware

from order_contracts.channels import partition_of
from order_contracts.events import timestamp
from order_contracts.ids import NAME_PATTERN
from order_contracts.tokens import Tokens
from projector.database import UNAVAILABLE
from projector.probes import probe_routes
from projector.queries.access import Access
from projector.queries.cursor import Cursor
from projector.queries.problems import Problem, install, unavailable
from projector.queries.reads import NotProjectedYet, Reads
from projector.queries.timing import Timing
from projector.settings import ServeSettings

VenueId = Annotated[str, Path(pattern=NAME_PATTERN)]
OrderId = Annotated[str, Path(pattern=r"^[!-~]{1,64}$")]
StatusName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Statuses = Annotated[list[StatusName] | None, Query(max_length=20, description="may be given several times")]
CursorText = Annotated[str | None, Query(max_length=200, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]


def query_api(settings: ServeSettings, pool: asyncpg.Pool, tokens: Tokens) -> FastAPI:
    """Put the app together. No documentation pages: they would load scripts from elsewhere; /openapi.json is there."""
    registry = CollectorRegistry()
    reads = Reads(pool, acquire_seconds=settings.database_acquire_seconds)
    app = FastAPI(title="ScanServe query API", version="1", docs_url=None, redoc_url=None)
    install(app)
    app.include_router(_routes(reads, Access(tokens, reads), settings.orders_partitions))

    async def ready() -> str | None:
        try:
            await reads.reachable()
        except (*UNAVAILABLE, asyncpg.UndefinedTableError) as error:
            return f"Postgres can't be asked: {error!r}"
        return tokens.missing()

    app.router.routes.extend(probe_routes(live=lambda: None, ready=ready, registry=registry))
    app.add_middleware(Timing, registry=registry)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET"],
        allow_headers=["Authorization", "If-None-Match"],
        expose_headers=["ETag", "Retry-After"],
    )
    return app


def _routes(reads: Reads, access: Access, partitions: int) -> APIRouter:
    router = APIRouter(prefix="/v1/venues/{venue_id}")

    @router.get("/orders", summary="A venue's orders, newest first")
    async def orders(
        request: Request,
        venue_id: VenueId,
        status: Statuses = None,
        limit: Limit = 50,
        cursor: CursorText = None,
    ) -> Response:
        await access.reading(request, venue_id)
        page = await reads.page(venue_id, status or (), _cursor(cursor), limit)
        return _json({"orders": list(map(_raw, page.documents)), "next": str(page.next) if page.next else None})

    @router.get("/snapshot", summary="Open orders and the position at which they are true")
    async def snapshot(request: Request, venue_id: VenueId) -> Response:
        await access.reading(request, venue_id)
        partition = partition_of(venue_id, partitions)
        try:
            position, documents = await reads.snapshot(venue_id, partition)
        except NotProjectedYet as error:
            raise unavailable("no projector has run yet: ask again") from error
        now = timestamp(datetime.now(UTC))
        return _json({"position": str(position), "server_time": now, "orders": list(map(_raw, documents))})

    @router.get("/orders/{order_id}", summary="One order")
    async def order(request: Request, venue_id: VenueId, order_id: OrderId) -> Response:
        await access.reading(request, venue_id)
        found = await reads.order(order_id, venue_id)
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, "order_not_found", "there is no such order at this venue")
        version, document = found
        return Response(document, headers={"ETag": f'"v{version}"'}, media_type="application/json")

    @router.get("/counts", summary="How many orders a venue has in each status")
    async def counts(request: Request, venue_id: VenueId) -> Response:
        await access.reading(request, venue_id)
        return _json({"counts": await reads.counts(venue_id)})

    return router


def _cursor(text: str | None) -> Cursor | None:
    try:
        return None if text is None else Cursor.parse(text)
    except ValueError as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", str(error), field="cursor") from error


def _raw(document: str) -> msgspec.Raw:
    return msgspec.Raw(document.encode())


def _json(body: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")
