"""The staff board in a test: its link, its columns and tickets."""

from collections.abc import Awaitable, Callable

from playwright.async_api import Locator, Page, expect

from infra.pos_client import ORGANIZATION, PosClient
from local_stack.stack import Stack

OpenTablet = Callable[..., Awaitable[Page]]
"""Opens a fresh tablet; keyword arguments are those of a browser context."""


def link(stack: Stack, pos: PosClient, replica: int = 0, *, sub: str = "grill", seconds: int = 600) -> str:
    """Give the page's link as `make up` prints it, for one of the staff."""
    token = stack.token(sub=sub, org=ORGANIZATION, venues=[pos.venue_id], lifetime_seconds=seconds)
    return f"{stack.notifier_urls[replica]}/#token={token}&venue={pos.venue_id}"


async def open_board(page: Page, address: str) -> None:
    """Open the board and wait until it is live."""
    await page.goto(address)
    await is_live(page)


async def is_live(page: Page) -> None:
    """Wait until the board says that it is live."""
    await expect(page.locator("#status[data-mood=live]")).to_be_visible()


def column(page: Page, stage: str) -> Locator:
    """Give a column: placed, accepted, preparing, ready."""
    return page.locator(f"section[data-stage={stage}]")


def ticket(page: Page, label: str) -> Locator:
    """Give a ticket by what is written on it."""
    return page.locator("article", has=page.get_by_role("heading", name=label, exact=True))


async def is_in(page: Page, stage: str, label: str) -> None:
    """Wait until a ticket is in a column."""
    heading = column(page, stage).get_by_role("heading", name=label, exact=True)
    await expect(heading).to_be_visible()
