"""The query API put together: what its routes ask, and what surrounds them."""

import asyncpg
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis
from starlette.middleware.cors import CORSMiddleware

from order_contracts.guest_texts import GuestTexts
from order_contracts.tokens import Tokens
from projector.database import UNAVAILABLE
from projector.probes import probe_routes
from projector.queries import openapi
from projector.queries.access import Access
from projector.queries.analytics.export import Exports
from projector.queries.analytics.freshness import Freshness
from projector.queries.analytics.routes import Analytics, analytics_routes
from projector.queries.asked import of_organization, of_venue
from projector.queries.changes import VenueChanges
from projector.queries.charts import chart_routes
from projector.queries.kept_in_redis import KeptInRedis
from projector.queries.order_lists import list_of_organization, list_of_venue
from projector.queries.order_routes import order_routes
from projector.queries.organization_routes import organization_routes
from projector.queries.outlines import Outlines
from projector.queries.poll_hint import PollBounds
from projector.queries.problems import install
from projector.queries.rates import Rates
from projector.queries.reached import Reached
from projector.queries.rows import Rows
from projector.queries.single_flight import SingleFlight
from projector.queries.snapshots import Snapshot, Snapshots
from projector.queries.timing import Timing
from projector.queries.venue_routes import VenueReads, venue_routes
from projector.settings import ServeSettings

_SNAPSHOT_SECONDS = 1.0


def query_api(
    settings: ServeSettings,
    pool: asyncpg.Pool,
    tokens: Tokens,
    guests: GuestTexts,
    *,
    analytics_pool: asyncpg.Pool,
    redis: "Redis | None" = None,
) -> FastAPI:
    """Put the app together. No documentation pages: they would load scripts from elsewhere; /openapi.json is there."""
    registry = CollectorRegistry()
    rows = Rows(pool, acquire_seconds=settings.database_acquire_seconds)
    access = Access(tokens, rows)
    reached = Reached(rows, settings.orders_partitions, within_seconds=settings.min_position_seconds)
    venue, organization = of_venue(access, reached), of_organization(access, reached)
    app = FastAPI(title="ScanServe query API", version="1", docs_url=None, redoc_url=None)
    install(app)
    openapi.describe(app)
    app.include_router(venue_routes(_venue_reads(settings, rows, redis, registry, guests), venue))
    app.include_router(order_routes(rows, venue, guests))
    outlines = SingleFlight(Outlines(rows, settings.orders_partitions).load, seconds=_SNAPSHOT_SECONDS)
    app.include_router(organization_routes(rows, list_of_organization(rows), outlines, guests, organization))
    app.include_router(analytics_routes(_analytics(settings, access, rows, analytics_pool)))

    async def ready() -> str | None:
        try:
            await rows.first("SELECT 1 FROM positions LIMIT 1")
        except (*UNAVAILABLE, asyncpg.UndefinedTableError) as error:
            return f"Postgres can't be asked: {error!r}"
        return tokens.missing()

    app.router.routes.extend(chart_routes())
    # It replays nothing: it has started when it answers.
    app.router.routes.extend(probe_routes(live=lambda: None, started=lambda: None, ready=ready, registry=registry))
    app.add_middleware(Timing, registry=registry)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET"],
        allow_headers=["Authorization", "If-None-Match", "If-Min-Position"],
        expose_headers=["ETag", "Retry-After", "Position", "Poll-After-Ms"],
    )
    return app


def _analytics(settings: ServeSettings, access: Access, primary: Rows, pool: asyncpg.Pool) -> Analytics:
    rows = Rows(pool, acquire_seconds=settings.database_acquire_seconds)
    return Analytics(
        access=access,
        rows=rows,
        freshness=Freshness(rows, primary, most_seconds=settings.analytics_lag_seconds),
        exports=Exports(rows, at_once=max(1, settings.analytics_connections // 2)),
    )


def _venue_reads(
    settings: ServeSettings, rows: Rows, redis: "Redis | None", registry: CollectorRegistry, guests: GuestTexts
) -> VenueReads:
    loads = Counter("query_api_snapshot_loads", "Snapshots asked of Postgres", registry=registry)
    snapshots = Snapshots(rows, settings.orders_partitions)

    async def load(venue_id: str) -> Snapshot:
        loads.inc()
        return await snapshots.load(venue_id)

    milliseconds = int(_SNAPSHOT_SECONDS * 1000)
    prefix = f"scanserve:{settings.database_schema}:snapshot"
    shared = KeptInRedis(redis, load, prefix=prefix, milliseconds=milliseconds).load if redis else load

    async def load_opened(venue_id: str) -> Snapshot:  # once for all who share it, and Redis holds sealed texts only
        return (await shared(venue_id)).opened(guests)

    return VenueReads(
        rows=rows,
        orders=list_of_venue(rows),
        snapshots=SingleFlight(load_opened, seconds=_SNAPSHOT_SECONDS),
        changes=VenueChanges(rows, settings.orders_partitions),
        rates=Rates(rows),
        bounds=PollBounds(settings.poll_least_ms, settings.poll_most_ms),
        guests=guests,
    )
