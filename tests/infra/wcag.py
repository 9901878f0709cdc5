"""What a page breaks of WCAG 2.2 AA, as far as a machine can see it."""

from typing import Any

from playwright.async_api import Page

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_SETTLED = """Promise.allSettled(document.getAnimations()
  .filter((one) => one.effect.getComputedTiming().endTime < Infinity).map((one) => one.finished))"""
_TOO_SMALL = """() => [...document.querySelectorAll('button, select, input, textarea')]
  .filter((one) => one.checkVisibility()).map((one) => one.closest('label.check') ?? one)
  .filter((one) => Math.min(one.getBoundingClientRect().width, one.getBoundingClientRect().height) < 44)
  .map((one) => one.outerHTML)"""


async def violations(page: Page, axe: str) -> list[str]:
    """Ask axe-core, once nothing moves any more but what moves for ever."""
    await page.evaluate(_SETTLED)
    await page.evaluate(axe)
    found: dict[str, Any] = await page.evaluate("(tags) => axe.run({runOnly: tags})", _RULES)
    return [f"{rule['id']}: {[node['html'] for node in rule['nodes']]}" for rule in found["violations"]]


async def too_small(page: Page) -> list[str]:
    """Give the controls that a finger would miss: under 44 px."""
    return list(await page.evaluate(_TOO_SMALL))
