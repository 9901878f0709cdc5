"""Nobody's token opens what is another's: every kind of token, at every address, of every venue and organization."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from infra.query_client import query_api, token
from infra.random_log import Entry, entry_of, order_event
from infra.running_projector import PARTITIONS, World

ORGANIZATIONS = {"org-1": ("bar", "kiosk"), "org-2": ("osteria", "pizzeria"), "org-3": ("cafe",)}
VENUES = [venue for venues in ORGANIZATIONS.values() for venue in venues]
DAYS = "from=2026-11-01&to=2026-12-01"
REPORTS = ("sales", "items", "times", "late-orders", "refunds")
OF_VENUE = ("orders", "snapshot", "board", "counts", "orders/{order}", "orders/{order}/history", "orders/{order}?at=1")
OF_ORGANIZATION = ("orders", "venues", "snapshot")


def placed(venue: str, organization: str) -> Entry:
    change = {"order_id": f"{venue}-1", "status": "placed", "channel": "qr", "venue_id": venue}
    event = order_event(f"{venue}-1", venue, 1, None, f"{venue}-event", change)
    event = msgspec.structs.replace(event, organization_id=organization)
    return entry_of(event, PARTITIONS)


@pytest.fixture
async def tenants(world: World) -> World:
    entries = [placed(venue, organization) for organization, venues in ORGANIZATIONS.items() for venue in venues]
    await world.append(entries)
    async with world.running():
        await world.caught_up(len(entries))
    return world


def addresses() -> Iterator[tuple[str, str, str | None]]:
    """Give each address with the organization and, where it is a venue's, the venue that it is about."""
    for organization, venues in ORGANIZATIONS.items():
        for path in OF_ORGANIZATION:
            yield f"/v1/organizations/{organization}/{path}", organization, None
        for report in REPORTS:
            yield f"/v1/organizations/{organization}/analytics/{report}?{DAYS}", organization, None
        for venue in venues:
            for path in OF_VENUE:
                yield f"/v1/venues/{venue}/{path.format(order=f'{venue}-1')}", organization, venue
            for report in REPORTS:
                yield f"/v1/venues/{venue}/analytics/{report}?{DAYS}", organization, venue


def tokens() -> Iterator[tuple[str, str, Any]]:
    scopes = ("orders:read", "analytics:read")
    for organization, venues in ORGANIZATIONS.items():
        for allowed in ("*", *([venue] for venue in venues), [], list(venues)):
            yield token(allowed, organization_id=organization, scopes=scopes), organization, allowed


async def test_a_token_opens_what_is_its_own_and_nothing_else(tenants: World) -> None:
    async with query_api(tenants.database_url, PARTITIONS) as client:
        for bearer, organization, allowed in tokens():
            headers = {"Authorization": f"Bearer {bearer}"}
            for address, owner, venue in addresses():
                answer = await client.get(address, headers=headers)
                whole = allowed == "*" and organization == owner
                listed = allowed != "*" and venue is not None and venue in allowed
                assert answer.status_code == (200 if whole or listed else 403), (address, organization, allowed)
                others = [name for name in VENUES if name != venue and name not in ORGANIZATIONS[organization]]
                assert not [name for name in others if f'"{name}' in answer.text and answer.status_code == 200]


async def test_an_order_is_found_at_its_own_venue_only(tenants: World) -> None:
    async with query_api(tenants.database_url, PARTITIONS) as client:
        headers = {"Authorization": f"Bearer {token(VENUES)}"}
        for path in ("", "/history", "?at=1"):
            for venue in VENUES:
                for other in VENUES:
                    answer = await client.get(f"/v1/venues/{venue}/orders/{other}-1{path}", headers=headers)
                    assert answer.status_code == (200 if venue == other else 404)


async def test_an_order_is_found_in_its_own_organization_only(tenants: World) -> None:
    async with query_api(tenants.database_url, PARTITIONS) as client:
        for organization, venues in ORGANIZATIONS.items():
            headers = {"Authorization": f"Bearer {token('*', organization_id=organization)}"}
            for venue in VENUES:
                answer = await client.get(f"/v1/organizations/{organization}/orders/{venue}-1", headers=headers)
                assert answer.status_code == (200 if venue in venues else 404)


async def test_a_cursor_of_another_venue_opens_nothing_of_it(tenants: World) -> None:
    async with query_api(tenants.database_url, PARTITIONS) as client:
        headers = {"Authorization": f"Bearer {token('*')}"}
        first = await client.get("/v1/organizations/org-1/orders", params={"limit": 1}, headers=headers)
        cursor = {"cursor": first.json()["next"]}
        kiosk = await client.get("/v1/venues/kiosk/orders", params=cursor)
        assert {order["venue_id"] for order in kiosk.json()["orders"]} <= {"kiosk"}
