"""The staff board beside the whole system: live orders, its buttons, and what it says to those who may not see them."""

from playwright.async_api import Page, expect

from infra.board import is_in, link, open_board, ticket
from infra.pos_client import ORGANIZATION, PosClient, order_body
from local_stack.stack import Stack


async def test_an_order_appears_is_moved_on_and_leaves(stack: Stack, page: Page, pos: PosClient) -> None:
    await open_board(page, link(stack, pos))
    await expect(page.get_by_text("No open orders")).to_be_visible()
    body = order_body(display_number="A-42", allergens=["peanut"], table={"label": "12"})
    order_id = (await pos.place(stack.order_api_urls[0], body)).json()["order_id"]
    await is_in(page, "placed", "A-42")
    for words in ("Margherita", "Allergens: peanut", "Table 12"):
        await expect(ticket(page, "A-42").get_by_text(words)).to_be_visible()
    for button, status in (("Accept", "accepted"), ("Start", "preparing"), ("Mark ready", "ready")):
        await ticket(page, "A-42").get_by_role("button", name=f"{button} A-42").click()
        await is_in(page, status, "A-42")
        await expect(ticket(page, "A-42")).not_to_have_attribute("data-pending", "")
        assert (await pos.read(stack.order_api_urls[1], order_id)).json()["status"] == status
    await ticket(page, "A-42").get_by_role("button", name="Hand over").click()
    await expect(ticket(page, "A-42")).to_have_count(0)
    await expect(page.get_by_text("No open orders")).to_be_visible()


async def test_an_order_from_before_is_there_when_the_page_opens(stack: Stack, page: Page, pos: PosClient) -> None:
    await pos.place(stack.order_api_urls[0], order_body(display_number="B-7"))
    await page.goto(link(stack, pos, replica=1))
    await is_in(page, "placed", "B-7")


async def test_without_a_token_the_page_asks_for_one(stack: Stack, page: Page, pos: PosClient) -> None:
    await page.goto(stack.notifier_urls[0])
    await page.get_by_label("Token").fill(stack.token(org=ORGANIZATION, venues=[pos.venue_id]))
    await page.get_by_role("button", name="Show orders").click()
    await expect(page.get_by_role("heading", name=pos.venue_id)).to_be_visible()
    await expect(page.get_by_text("No open orders")).to_be_visible()


async def test_a_token_for_another_venue_is_told_so(stack: Stack, page: Page, pos: PosClient) -> None:
    token = stack.token(org="stranger", venues=["elsewhere"])
    await page.goto(f"{stack.notifier_urls[0]}/#token={token}&venue={pos.venue_id}")
    await expect(page.get_by_role("alert")).to_contain_text("not for venue")


async def test_the_page_can_be_installed(stack: Stack, page: Page, pos: PosClient) -> None:
    await open_board(page, link(stack, pos))
    devtools = await page.context.new_cdp_session(page)
    manifest = await devtools.send("Page.getAppManifest")
    assert (manifest["errors"], '"standalone"' in manifest["data"]) == ([], True)
    told = (await devtools.send("Page.getInstallabilityErrors"))["installabilityErrors"]
    assert [error for error in told if error["errorId"] != "in-incognito"] == []  # every test's tablet is
