"""What the query API answers, and how it says no."""

import asyncio
from pathlib import Path

import pytest

from infra.eventually import eventually
from infra.query_client import query_api, token
from infra.random_log import Entry, entry_of, order_event
from infra.running_projector import PARTITIONS, SCHEMA, World
from local_stack.ports import unused_port
from projector.schema import migrate


def placed(name: str, venue: str = "bar", status: str = "placed") -> Entry:
    change = {"order_id": name, "status": status, "channel": "qr"}
    return entry_of(order_event(name, venue, 1, None, f"{name}-1", change), PARTITIONS)


async def project(world: World, entries: list[Entry]) -> None:
    await world.append(entries)
    async with world.running():
        await world.caught_up(len(entries))


async def test_an_order_carries_its_version_as_etag_and_its_document_as_it_is(world: World) -> None:
    second = entry_of(order_event("o1", "bar", 2, "o1-1", "o1-2", {"status": "ready", "notes": "žižole"}), PARTITIONS)
    await project(world, [placed("o1"), second])
    async with query_api(world.database_url, PARTITIONS) as client:
        answer = await client.get("/v1/venues/bar/orders/o1", headers={"Origin": "https://staff.example"})
        assert answer.headers["ETag"] == '"v2"'
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
        assert answer.json() == {"order_id": "o1", "version": 2, "status": "ready", "channel": "qr", "notes": "žižole"}
        assert (await client.get("/v1/venues/bar/counts")).json() == {"counts": {"ready": 1}}


@pytest.mark.parametrize(
    ("path", "headers", "status", "code", "field"),
    [
        ("/v1/venues/bar/orders", {"Authorization": ""}, 401, "unauthorized", None),
        ("/v1/venues/bar/orders", {"Authorization": "Bearer nonsense"}, 401, "unauthorized", None),
        ("/v1/venues/osteria/orders", {}, 403, "not_allowed", None),
        ("/v1/venues/osteria/snapshot", {}, 403, "not_allowed", None),
        ("/v1/venues/bar/orders?limit=0", {}, 422, "invalid_request", "limit"),
        ("/v1/venues/bar/orders?limit=many", {}, 422, "invalid_request", "limit"),
        ("/v1/venues/bar/orders?cursor=x", {}, 422, "invalid_request", "cursor"),
        ("/v1/venues/bar/orders?status=DROP%20TABLE", {}, 422, "invalid_request", "status"),
        ("/v1/venues/b%00r/orders", {}, 422, "invalid_request", "venue_id"),
        ("/v1/venues/bar/orders/none", {}, 404, "order_not_found", None),
        ("/v1/venues/bar/orders/a%00b", {}, 422, "invalid_request", "order_id"),
        ("/v1/venues/bar/orders/none/history", {}, 404, "order_not_found", None),
        ("/v1/venues/bar/orders/none?at=yesterday", {}, 422, "invalid_request", "at"),
        ("/v1/venues/bar/orders/none?at=2026-11-24T19:05:00", {}, 422, "invalid_request", "at"),
        ("/v1/venues/bar/changes", {}, 422, "invalid_request", "since"),
        ("/v1/venues/bar/changes?since=x", {}, 422, "invalid_request", "since"),
        ("/v1/venues/bar/changes?since=00000000.9-1", {}, 422, "invalid_request", "since"),
        ("/v1/venues/bar/board", {"If-Min-Position": "x"}, 422, "invalid_request", "If-Min-Position"),
        ("/v1/organizations/org-1/orders", {}, 403, "not_allowed", None),
        ("/v1/organizations/org-2/venues", {}, 403, "not_allowed", None),
        ("/v1/nothing", {}, 404, "not_found", None),
        ("/v1/venues/bar/snapshot", {}, 503, "try_again", None),
    ],
)
async def test_every_refusal_is_a_problem(
    world: World, path: str, headers: dict[str, str], status: int, code: str, field: str | None
) -> None:
    await asyncio.to_thread(migrate, world.database_url, SCHEMA)
    async with query_api(world.database_url, PARTITIONS) as client:
        answer = await client.get(path, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"], problem.get("field")) == (
        status,
        status,
        code,
        field,
    )
    assert problem["detail"]
    assert ("Retry-After" in answer.headers) == (status == 503)


async def test_a_token_for_all_venues_opens_those_of_its_organization_only(world: World) -> None:
    await project(world, [placed("o1")])
    async with query_api(world.database_url, PARTITIONS) as client:
        for organization, status in (("org-1", 200), ("org-2", 403)):
            bearer = {"Authorization": f"Bearer {token('*', organization_id=organization)}"}
            for path in ("orders", "orders/o1", "snapshot", "counts"):
                assert (await client.get(f"/v1/venues/bar/{path}", headers=bearer)).status_code == status


async def test_a_token_without_the_scope_or_expired_is_refused(world: World) -> None:
    async with query_api(world.database_url, PARTITIONS) as client:
        no_scope = {"Authorization": f"Bearer {token(['bar'], scopes=('rooms:join',))}"}
        assert (await client.get("/v1/venues/bar/orders", headers=no_scope)).status_code == 403
        expired = {"Authorization": f"Bearer {token(['bar'], lifetime_seconds=-60)}"}
        assert (await client.get("/v1/venues/bar/orders", headers=expired)).status_code == 401


async def test_a_revoked_token_is_refused_soon_and_no_other_is(world: World, tmp_path: Path) -> None:
    revoked = tmp_path / "revoked"
    revoked.touch()
    more = {"revoked_tokens_file": revoked, "revoked_tokens_seconds": 0.1}
    async with query_api(world.database_url, PARTITIONS, **more) as client:

        async def allowed(token_id: str) -> bool:
            bearer = {"Authorization": f"Bearer {token(['bar'], token_id=token_id)}"}
            answer = await client.get("/v1/venues/bar/orders", headers=bearer)
            return answer.status_code != 401

        assert await allowed("lost")
        revoked.write_text("lost\n")

        async def refused() -> bool:
            return not await allowed("lost")

        await eventually(refused)
        assert await allowed("kept")


async def test_before_the_first_migration_every_question_is_503(database_url: str) -> None:
    async with query_api(database_url, PARTITIONS) as client:
        assert (await client.get("/v1/venues/bar/counts")).json()["code"] == "try_again"
        assert (await client.get("/readyz")).status_code == 503


async def test_without_postgres_every_question_is_503_and_not_a_hang() -> None:
    async with query_api(f"postgresql://nobody@127.0.0.1:{unused_port()}/none", PARTITIONS) as client:
        for path in ("orders", "orders/o1", "snapshot", "counts"):
            answer = await client.get(f"/v1/venues/bar/{path}", timeout=5)
            assert (answer.status_code, answer.json()["code"]) == (503, "try_again")
            assert answer.headers["Retry-After"] == "1"
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/livez")).status_code == 200
