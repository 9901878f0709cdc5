"""A diner's page in a test: the link that a till makes, and what the page says."""

from playwright.async_api import Locator, Page, expect

from infra.pos_client import PosClient
from local_stack.stack import Stack


async def order_link(stack: Stack, pos: PosClient, order_id: str) -> str:
    """Have a link to an order made; gives its token."""
    address = f"{stack.order_api_urls[0]}/v1/venues/{pos.venue_id}/orders/{order_id}/link"
    answer = await pos.send("POST", address)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


async def open_order(page: Page, stack: Stack, token: str, replica: int = 0) -> None:
    """Open a diner's page and wait until it is live."""
    await page.goto(f"{stack.notifier_urls[replica]}/order#{token}")
    await follows(page)


async def follows(page: Page) -> None:
    """Wait until the page says that it is live."""
    await expect(page.locator(".connection[data-mood=live]")).to_be_visible()


def step_now(page: Page) -> Locator:
    """Give the step that the order is in."""
    return page.locator("[aria-current=step]")
