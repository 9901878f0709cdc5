"""A page in a real browser, beside the whole running system. A failed test leaves a screenshot."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from infra.browser import ARGUMENTS, chromium

_SCREENSHOTS = Path("build/screenshots")


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Find the browser once; fails with the remedy where there is none."""
    return chromium()


@pytest.fixture
async def page(browser_path: str, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """Give a fresh tablet."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=list(ARGUMENTS))
        tablet = await browser.new_page(viewport={"width": 1280, "height": 800})
        faults: list[str] = []
        tablet.on("pageerror", lambda error: faults.append(str(error)))
        yield tablet
        _SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())
        await tablet.screenshot(path=_SCREENSHOTS / f"{name}.png")
        await browser.close()
        assert faults == []
