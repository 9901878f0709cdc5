"""A diner's link: it shows one order's progress on any replica, and opens nothing else."""

from uuid import UUID, uuid5

import httpx

from infra.pos_client import PosClient, token
from integration.order_api.conftest import Replicas
from order_contracts.positions import Position


async def get(url: str, link: str) -> httpx.Response:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {link}"}) as http:
        return await http.get(url)


async def test_a_link_shows_how_far_the_order_is_and_nothing_more(replicas: Replicas, pos: PosClient) -> None:
    placed = (await pos.place(replicas.urls[0])).json()
    address = f"/v1/venues/{pos.venue_id}/orders/{placed['order_id']}"
    linked = await pos.send("POST", f"{replicas.urls[0]}{address}/link")
    assert linked.status_code == 201, linked.text
    link = linked.json()["token"]
    await pos.act(replicas.urls[0], placed["order_id"], "accept")
    seen = await get(f"{replicas.urls[1]}{address}/progress", link)
    assert (seen.status_code, seen.headers["etag"]) == (200, '"v2"')
    assert seen.json()["status"] == "accepted"
    assert seen.json()["items"]["pizza"] == {"name": "Margherita", "quantity": "2", "state": "new"}
    assert "totals" not in seen.json()
    other = (await pos.place(replicas.urls[0])).json()["order_id"]
    for closed in (address, address.replace(placed["order_id"], other) + "/progress"):
        refused = await get(replicas.urls[0] + closed, link)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed"), refused.text
    elsewhere = await get(f"{replicas.urls[0]}/v1/venues/elsewhere/orders/{placed['order_id']}/progress", link)
    assert elsewhere.status_code == 403
    assert (await get(f"{replicas.urls[0]}{address}/progress", token(pos.venue_id))).json() == seen.json()


async def test_only_who_may_write_orders_makes_links_and_only_to_orders_that_are(
    replicas: Replicas, pos: PosClient
) -> None:
    placed = (await pos.place(replicas.urls[0])).json()
    address = f"{replicas.urls[0]}/v1/venues/{pos.venue_id}/orders/{placed['order_id']}/link"
    async with PosClient(pos.venue_id, token(pos.venue_id, scopes=("orders:read",))) as reader:
        assert (await reader.send("POST", address)).status_code == 403
    unknown = address.replace(placed["order_id"], str(uuid5(UUID(placed["order_id"]), "another")))
    assert (await pos.send("POST", unknown)).json()["code"] == "order_not_found"


async def test_progress_says_how_far_the_venue_had_come_so_that_an_order_can_be_followed_from_there_however_old(
    replicas: Replicas, pos: PosClient
) -> None:
    placed = (await pos.place(replicas.urls[0])).json()
    others = await pos.place(replicas.urls[0])  # the order stands still, its venue does not
    address = f"{replicas.urls[1]}/v1/venues/{pos.venue_id}/orders/{placed['order_id']}/progress"
    seen = await get(address, token(pos.venue_id))
    (held,), (after,) = (Position.parse(answer.headers["position"]).next.values() for answer in (seen, others))
    assert held >= after
