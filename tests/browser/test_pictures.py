"""A ticket shows the picture of an item that is of the board's own host, and asks nobody else for one."""

import re

import pytest
from playwright.async_api import Page, Route, expect

from infra.board import link, open_board, ticket
from infra.picture_store import png
from infra.pos_client import PosClient, order_body
from infra.services import PICTURES
from local_stack.stack import Stack


async def test_a_picture_is_shown_beside_its_item_and_moves_nothing(stack: Stack, page: Page, pos: PosClient) -> None:
    asked: list[str] = []

    async def picture(route: Route) -> None:
        asked.append(route.request.url)
        await route.fulfill(body=png(200), content_type="image/png")

    await page.context.route(re.compile("^https://"), picture)
    pizza, cola = order_body()["items"]
    address = f"{PICTURES}/images/v/a.png"
    items = [{**pizza, "image_url": address}, {**cola, "image_url": "https://watching.test/who.png"}]
    await open_board(page, link(stack, pos))
    await pos.place(stack.order_api_urls[0], order_body(display_number="P-1", items=items))
    shown = ticket(page, "P-1").locator("img")
    await expect(shown).to_have_count(1)
    await expect(shown).to_have_attribute("src", address)
    await expect(shown).to_have_attribute("alt", "")
    await expect(shown).to_have_js_property("complete", value=True)
    await expect(shown).to_have_js_property("naturalWidth", 1)
    box = await shown.bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(box["height"]), "its place is as large as it was before the picture came"
    assert box["width"] > 30
    assert asked == [address]
