"""What a device does by itself: two tabs share what was tapped, and the page opens where there is no notifier."""

from playwright.async_api import Page, Request, Route, expect

from infra.board import OpenTablet, is_in, is_live, link, open_board, ticket
from infra.eventually import eventually
from infra.pos_client import PosClient, order_body
from local_stack.stack import Stack

_KEPT = """async () => {
  await navigator.serviceWorker.ready;
  for (const name of await caches.keys()) if (await (await caches.open(name)).match("config.json")) return true;
  return false;
}"""
_POISON = """async () => {
  const stale = () => new Response("window.stale = true", {headers: {"content-type": "text/javascript"}});
  for (const name of await caches.keys()) await (await caches.open(name)).put("board.js", stale());
}"""


async def test_what_is_tapped_in_one_tab_shows_in_the_other_and_is_not_sent_by_it_too(
    stack: Stack, page: Page, pos: PosClient
) -> None:
    for label in ("A-1", "A-2"):
        await pos.place(stack.order_api_urls[0], order_body(display_number=label))
    other = await page.context.new_page()
    held: list[Route] = []
    sent_by_the_other: list[Request] = []
    other.on("request", lambda request: request.method == "POST" and sent_by_the_other.append(request))
    for tab in (page, other):
        await open_board(tab, link(stack, pos))
        await is_in(tab, "placed", "A-2")

    async def hold(route: Route) -> None:
        held.append(route)

    await page.route("**/accept", hold)
    await ticket(page, "A-1").get_by_role("button", name="Accept").click()
    await eventually(lambda: len(held) == 1)
    await is_in(other, "accepted", "A-1")
    await expect(ticket(other, "A-1")).to_have_attribute("data-pending", "")
    await ticket(other, "A-2").get_by_role("button", name="Accept").click()  # which asks it to send whatever is due
    await is_in(page, "accepted", "A-2")
    await expect(ticket(other, "A-2")).not_to_have_attribute("data-pending", "")
    accepted = (
        await pos.send("GET", f"{stack.order_api_urls[0]}/v1/venues/{pos.venue_id}/orders/{_order(held[0])}")
    ).json()
    assert accepted["status"] == "placed", "the other tab has sent it"
    assert [_order(request) for request in sent_by_the_other] != [_order(held[0])]
    await held[0].continue_()
    for tab in (page, other):
        await expect(tab.locator("[data-pending]")).to_have_count(0)
        await is_in(tab, "accepted", "A-1")


async def test_a_board_opens_without_its_notifier_and_never_from_memory_where_there_is_one(
    stack: Stack, open_tablet: OpenTablet, pos: PosClient
) -> None:
    page = await open_tablet(service_workers="allow")
    await pos.place(stack.order_api_urls[0], order_body(display_number="A-1"))
    await open_board(page, link(stack, pos))

    async def kept() -> bool:
        return bool(await page.evaluate(_KEPT))

    await eventually(kept)
    await stack.stop_one("notifier-1")
    try:
        await page.reload()
        await is_in(page, "placed", "A-1")  # by the query API
        await expect(page.locator(".banner")).to_be_visible()
    finally:
        await stack.start_one("notifier-1")
    await is_live(page)
    await page.evaluate(_POISON)
    await page.reload()
    await is_live(page)
    assert await page.evaluate("window.stale") is None


def _order(asked: Route | Request) -> str:
    address = (asked if isinstance(asked, Request) else asked.request).url
    return address.split("/orders/")[1].split("/")[0]
