"""The page of charts in a real browser, beside the whole system: what was sold shows, as charts and as numbers."""

from http import HTTPStatus

import httpx
from playwright.async_api import Page, expect

from infra.eventually import eventually
from infra.pos_client import ORGANIZATION, PosClient, order_body
from local_stack.stack import Stack


async def until_projected(stack: Stack, token: str, path: str, position: str) -> None:
    """Wait until the rows have seen a position: the page asks once."""
    headers = {"Authorization": f"Bearer {token}", "If-Min-Position": position}

    async def projected() -> bool:
        async with httpx.AsyncClient(base_url=stack.query_urls[0], headers=headers) as client:
            return (await client.get(path)).status_code == HTTPStatus.OK

    await eventually(projected)


async def test_what_was_sold_shows_and_a_token_that_may_not_is_told_so(
    stack: Stack, page: Page, pos: PosClient
) -> None:
    for number in range(3):
        placed = await pos.place(stack.order_api_urls[0], order_body(display_number=f"A-{number}"))
        assert placed.status_code == 201, placed.text
    token = stack.token(org=ORGANIZATION, venues=[pos.venue_id])
    await until_projected(stack, token, f"/v1/venues/{pos.venue_id}/orders", placed.headers["Position"])
    await page.goto(f"{stack.query_urls[0]}/charts#token={token}")
    await expect(page.get_by_role("heading", name=pos.venue_id)).to_be_visible()
    figures = page.get_by_label("In the whole period")
    await expect(figures.locator("div", has_text="Orders").last).to_contain_text("3")
    sales = page.locator("#sales")
    await expect(sales.locator("canvas")).to_be_visible()
    await sales.get_by_text("Numbers").click()
    await expect(sales.get_by_role("row")).to_have_count(2)
    await expect(page.locator("#items").get_by_role("row", name="Margherita")).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Best-selling items as CSV").click()
    assert (await download.value).suggested_filename == "items.csv"
    await page.goto("about:blank")
    stranger = stack.token(org="stranger", venues=["elsewhere"])
    await page.goto(f"{stack.query_urls[0]}/charts#token={stranger}&venue={pos.venue_id}")
    await expect(page.get_by_role("alert")).to_contain_text("not for venue")
