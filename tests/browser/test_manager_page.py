"""The manager's page beside the whole system: all venues of an organization live, what is late, and ways onward."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from infra.board import OpenTablet, is_in
from infra.pos_client import PosClient, order_body
from infra.wcag import too_small, violations
from local_stack.stack import Stack


def _figure(page: Page, name: str) -> Locator:
    return page.locator(".figures div", has_text=name).locator("dd")


@pytest.mark.parametrize("look", [{}, {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}])
async def test_all_venues_are_counted_live_and_what_is_late_is_named(
    stack: Stack, open_tablet: OpenTablet, axe: str, look: dict[str, object]
) -> None:
    name = uuid4().hex[:8]
    organization, venues, url = f"org-{name}", [f"bar-{name}", f"osteria-{name}"], stack.order_api_urls[0]
    async with AsyncExitStack() as tills:
        bar, osteria = [
            await tills.enter_async_context(PosClient(venue, stack.token(org=organization, venues=[venue])))
            for venue in venues
        ]
        before = (datetime.now(UTC) - timedelta(minutes=9)).isoformat()
        late = (await bar.place(url, order_body(display_number="L-1", promised_at=before))).json()["order_id"]
        page = await open_tablet(**look)
        await page.goto(f"{stack.notifier_urls[0]}/manager#token={stack.token(org=organization, venues='*')}")
        await expect(page.locator("#status[data-mood=live]")).to_be_visible()
        await expect(_figure(page, "Open")).to_have_text("1")
        await expect(page.locator(".late li")).to_contain_text("L-1")
        await expect(page.locator(".late li")).to_contain_text("min past the promised time")
        await osteria.place(url, order_body(display_number="O-1"))  # a venue that nobody had heard of
        await expect(_figure(page, "New")).to_have_text("2")
        assert await violations(page, axe) == []
        assert await too_small(page) == []
        await bar.act(url, late, "accept")
        await bar.act(url, late, "ready")
        await expect(page.get_by_text("Nothing is late.")).to_be_visible()
        cells = page.get_by_role("row", name=venues[0]).get_by_role("cell")
        await expect(cells).to_contain_text(["0", "0", "0", "1", "0"])
        await bar.act(url, late, "complete")
        await expect(_figure(page, "Open")).to_have_text("1")
        assert await violations(page, axe) == []
        charts = await page.get_by_role("link", name=f"Reports of {venues[0]}").get_attribute("href") or ""
        assert charts.startswith(f"{stack.query_urls[0]}/charts#token=")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
        await page.get_by_role("link", name=f"Board of {venues[1]}").click()
        await is_in(page, "placed", "O-1")


async def test_a_token_for_some_venues_is_told_what_is_needed(stack: Stack, page: Page, axe: str) -> None:
    await page.goto(f"{stack.notifier_urls[0]}/manager#token={stack.token(org='org-1', venues=['bar'])}")
    await expect(page.get_by_role("alert")).to_contain_text("get a token for all venues")
    assert await violations(page, axe) == []
