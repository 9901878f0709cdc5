"""Tablets in a real browser, beside the whole running system. A failed test leaves a screenshot of each.

One browser serves all tests, which therefore share an event loop; a tablet has storage, cache and network of its own.
"""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from infra import node
from infra.board import OpenTablet
from infra.browser import ARGUMENTS, chromium
from infra.pos_client import ORGANIZATION, PosClient
from local_stack.stack import Stack

_HERE = Path(__file__).parent
_SCREENSHOTS = Path("build/screenshots")
expect.set_options(timeout=60_000)  # its own five seconds are short where browser and system share two cores


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all on the browser's event loop."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Start the browser once; fails with the remedy where there is none."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        yield running
        await running.close()


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


@pytest_asyncio.fixture(loop_scope="session")
async def open_tablet(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[OpenTablet]:
    """Open fresh tablets, each a device of its own. A script that breaks on one fails the test."""
    faults: list[str] = []
    tablets: list[Page] = []

    async def tablet(**options: Any) -> Page:
        context = await browser.new_context(
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
    for page in tablets:
        await page.context.close()
    assert faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(open_tablet: OpenTablet) -> Page:
    """Give a fresh tablet."""
    return await open_tablet()


@pytest_asyncio.fixture(loop_scope="session")
async def pos(stack: Stack) -> AsyncIterator[PosClient]:
    """A till at a venue of this test alone."""
    venue = f"venue-{uuid4().hex[:8]}"
    async with PosClient(venue, stack.token(org=ORGANIZATION, venues=[venue])) as client:
        yield client
