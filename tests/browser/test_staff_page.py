"""The staff page in a real browser, beside the whole system: live orders, its buttons, and what it says cut off."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from infra.pos_client import ORGANIZATION, PosClient, order_body
from local_stack.stack import Stack


@pytest.fixture
async def pos(stack: Stack) -> AsyncIterator[PosClient]:
    """A till at a venue of this test alone."""
    venue = f"venue-{uuid4().hex[:8]}"
    async with PosClient(venue, stack.token(org=ORGANIZATION, venues=[venue])) as client:
        yield client


def link(stack: Stack, pos: PosClient, replica: int = 0) -> str:
    """Give the page's link as `make up` prints it."""
    token = stack.token(org=ORGANIZATION, venues=[pos.venue_id])
    return f"{stack.notifier_urls[replica]}/#token={token}&venue={pos.venue_id}"


async def test_an_order_appears_is_moved_on_and_leaves(stack: Stack, page: Page, pos: PosClient) -> None:
    await page.goto(link(stack, pos))
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await expect(page.get_by_text("No open orders")).to_be_visible()
    placed = await pos.place(stack.order_api_urls[0], order_body(display_number="A-42", allergens=["peanut"]))
    order_id = placed.json()["order_id"]
    ticket = page.locator(".ticket", has_text="A-42")
    await expect(page.locator("section[data-status=placed]").get_by_text("A-42")).to_be_visible()
    await expect(ticket.get_by_text("Margherita")).to_be_visible()
    await expect(ticket.get_by_text("peanut")).to_be_visible()
    for button, status in (("Accept", "accepted"), ("Start", "preparing"), ("Mark ready", "ready")):
        await ticket.get_by_role("button", name=button).click()
        await expect(page.locator(f"section[data-status={status}]").get_by_text("A-42")).to_be_visible()
        assert (await pos.read(stack.order_api_urls[1], order_id)).json()["status"] == status
    await ticket.get_by_role("button", name="Hand over").click()
    await expect(ticket).to_have_count(0)
    assert (await pos.read(stack.order_api_urls[0], order_id)).json()["status"] == "completed"


async def test_an_order_from_before_is_there_when_the_page_opens(stack: Stack, page: Page, pos: PosClient) -> None:
    await pos.place(stack.order_api_urls[0], order_body(display_number="B-7"))
    await page.goto(link(stack, pos, replica=1))
    await expect(page.locator("section[data-status=placed]").get_by_text("B-7")).to_be_visible()


async def test_a_page_whose_notifier_is_killed_says_so_and_misses_nothing(
    stack: Stack, page: Page, pos: PosClient
) -> None:
    await page.goto(link(stack, pos))
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await stack.stop_one("notifier-1")
    try:
        await expect(page.get_by_text("Offline, reconnecting")).to_be_visible()
        order = (await pos.place(stack.order_api_urls[0], order_body(display_number="C-3"))).json()
        await pos.act(stack.order_api_urls[0], order["order_id"], "accept")
    finally:
        await stack.start_one("notifier-1")
    await expect(page.locator("section[data-status=accepted]").get_by_text("C-3")).to_be_visible(timeout=20_000)
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()


async def test_without_a_token_the_page_asks_for_one(stack: Stack, page: Page, pos: PosClient) -> None:
    await page.goto(stack.notifier_urls[0])
    await page.get_by_label("Token").fill(stack.token(org=ORGANIZATION, venues=[pos.venue_id]))
    await page.get_by_role("button", name="Show orders").click()
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await expect(page.get_by_role("heading", name=pos.venue_id)).to_be_visible()


async def test_a_token_for_another_venue_is_told_so(stack: Stack, page: Page, pos: PosClient) -> None:
    token = stack.token(org="stranger", venues=["elsewhere"])
    await page.goto(f"{stack.notifier_urls[0]}/#token={token}&venue={pos.venue_id}")
    await expect(page.get_by_text("not for venue")).to_be_visible()
