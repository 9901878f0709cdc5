"""Tablets in a real browser, beside the whole running system. A failed test leaves a screenshot of each."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from infra import node
from infra.board import OpenTablet
from infra.browser import ARGUMENTS, chromium
from infra.pos_client import ORGANIZATION, PosClient
from local_stack.stack import Stack

_SCREENSHOTS = Path("build/screenshots")
expect.set_options(timeout=60_000)  # its own five seconds are short where browser and system share two cores


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Find the browser once; fails with the remedy where there is none."""
    return chromium()


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, the accessibility rules, as a script."""
    node.install()
    return (node.ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Let the tablets know how their test went."""
    report = yield
    item.stash.setdefault(_FAILED, False)
    item.stash[_FAILED] |= report.failed
    return report


_FAILED = pytest.StashKey[bool]()


@pytest.fixture
async def open_tablet(browser_path: str, request: pytest.FixtureRequest) -> AsyncIterator[OpenTablet]:
    """Open fresh tablets, each a device of its own. A script that breaks on one fails the test."""
    faults: list[str] = []
    tablets: list[Page] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=list(ARGUMENTS))

        async def tablet(**options: Any) -> Page:
            context: BrowserContext = await browser.new_context(
                **{"viewport": {"width": 1280, "height": 800}, "service_workers": "block", **options}
            )
            page = await context.new_page()
            page.on("pageerror", lambda error: faults.append(str(error)))
            tablets.append(page)
            return page

        yield tablet
        if request.node.stash.get(_FAILED, False):
            _SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            for number, page in enumerate(tablets):
                name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())
                await page.screenshot(path=_SCREENSHOTS / f"{name}-{number}.png")
        await browser.close()
    assert faults == []


@pytest.fixture
async def page(open_tablet: OpenTablet) -> Page:
    """Give a fresh tablet."""
    return await open_tablet()


@pytest.fixture
async def pos(stack: Stack) -> AsyncIterator[PosClient]:
    """A till at a venue of this test alone."""
    venue = f"venue-{uuid4().hex[:8]}"
    async with PosClient(venue, stack.token(org=ORGANIZATION, venues=[venue])) as client:
        yield client
