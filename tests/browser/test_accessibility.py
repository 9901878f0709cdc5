"""For everybody: no rule of WCAG 2.2 AA is broken in any state or theme, and all of it works by keyboard."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect

from infra.board import OpenTablet, column, is_in, link, open_board, ticket
from infra.pos_client import PosClient, order_body
from infra.wcag import too_small, violations
from local_stack.stack import Stack

_LATE = {"placed": [0, 0], "accepted": [0, 0], "preparing": [0, 9], "ready": [9, 9]}  # and slow: they have colours


async def busy_venue(stack: Stack, pos: PosClient) -> None:
    """Place an order of every look."""
    url = stack.order_api_urls[0]
    looks: list[tuple[dict[str, Any], tuple[str, ...]]] = [
        ({"allergens": ["peanut"], "table": {"label": "4", "area": "terrace"}, "notes": "birthday"}, ()),
        ({"guest": {"name": "Anna"}, "dining_option": "takeaway"}, ("accept",)),
        ({}, ("accept", "start", "items/pizza/ready")),
        ({}, ("accept", "start", "ready")),
    ]
    for number, (body, verbs) in enumerate(looks):
        placed = await pos.place(url, order_body(display_number=f"A-{number}", **body))
        for verb in verbs:
            await pos.act(url, placed.json()["order_id"], verb)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await pos.place(url, order_body(display_number="A-8", scheduled_for=tomorrow))
    one = (await pos.place(url, order_body(display_number="A-9"))).json()["order_id"]
    await pos.act(url, one, "priority", {"priority": 5})
    await pos.act(url, one, "items/cola/void", {"reason": "sold out"})


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
async def test_no_rule_is_broken_by_the_board_its_panels_and_its_settings(
    stack: Stack, open_tablet: OpenTablet, pos: PosClient, axe: str, theme: str
) -> None:
    await busy_venue(stack, pos)
    page = await open_tablet()
    chosen = {"theme": theme, "thresholds": _LATE}
    await page.add_init_script(f"localStorage.setItem('board:{pos.venue_id}', '{json.dumps(chosen)}')")
    await open_board(page, link(stack, pos))
    await is_in(page, "placed", "A-9")
    assert await violations(page, axe) == []
    await page.get_by_role("button", name="All day").click()
    assert await violations(page, axe) == []
    await page.get_by_role("button", name="Later").click()
    await expect(page.get_by_role("complementary").get_by_role("listitem")).to_have_count(1)
    assert await violations(page, axe) == []
    await page.get_by_role("button", name="Done lately").click()
    assert await violations(page, axe) == []
    await page.get_by_role("button", name="Settings").click()
    assert await violations(page, axe) == []
    assert await too_small(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_rule_is_broken_when_nothing_is_there_when_cut_off_and_when_asked_for_a_token(
    stack: Stack, open_tablet: OpenTablet, pos: PosClient, axe: str, scheme: str
) -> None:
    page = await open_tablet(color_scheme=scheme)
    await open_board(page, link(stack, pos))
    await expect(page.get_by_text("No open orders")).to_be_visible()
    assert await violations(page, axe) == []
    await page.context.set_offline(True)
    await expect(page.locator(".banner[data-mood=bad]")).to_be_visible()
    assert await violations(page, axe) == []
    await page.context.set_offline(False)
    await page.goto("about:blank")
    await page.goto(stack.notifier_urls[0])
    await expect(page.get_by_label("Token")).to_be_visible()
    assert await violations(page, axe) == []
    assert await too_small(page) == []


async def test_no_rule_is_broken_on_a_phone_and_from_right_to_left(
    stack: Stack, open_tablet: OpenTablet, pos: PosClient, axe: str
) -> None:
    await busy_venue(stack, pos)
    page = await open_tablet(viewport={"width": 390, "height": 844}, locale="ar", has_touch=True)
    await open_board(page, link(stack, pos))
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await expect(column(page, "placed").get_by_role("heading", level=2)).to_contain_text("جديد")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    assert await violations(page, axe) == []
    assert await too_small(page) == []


async def test_all_of_it_works_by_keyboard_alone(stack: Stack, page: Page, pos: PosClient) -> None:
    for label in ("A-1", "A-2", "A-3"):
        await pos.place(stack.order_api_urls[0], order_body(display_number=label))
    await open_board(page, link(stack, pos))
    await is_in(page, "placed", "A-3")
    await page.keyboard.press("ArrowDown")
    await expect(ticket(page, "A-1")).to_be_focused()
    await page.keyboard.press("Enter")
    await is_in(page, "accepted", "A-1")
    await expect(ticket(page, "A-2")).to_be_focused()  # what is next is where the work is
    await page.keyboard.press("u")
    await expect(ticket(page, "A-2").locator(".rush")).to_be_visible()
    await page.keyboard.press("2")
    await is_in(page, "accepted", "A-3")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await is_in(page, "preparing", "A-1")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Tab")  # into the ticket: its first line, by number
    await page.keyboard.press("Enter")
    await expect(ticket(page, "A-1").get_by_role("button", name="Cola")).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("a")
    await expect(page.get_by_role("heading", name="All day")).to_be_visible()


async def test_keys_that_staff_have_turned_off_do_nothing(stack: Stack, page: Page, pos: PosClient) -> None:
    await pos.place(stack.order_api_urls[0], order_body(display_number="A-1"))
    await open_board(page, link(stack, pos))
    await is_in(page, "placed", "A-1")
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("Keys of a keyboard or bump bar").uncheck()
    await page.get_by_role("button", name="Close").click()
    await page.keyboard.press("1")
    await page.keyboard.press("a")
    await expect(page.get_by_role("heading", name="All day")).to_have_count(0)
    await is_in(page, "placed", "A-1")


async def test_what_comes_is_read_out_and_makes_a_sound_once_it_may(stack: Stack, page: Page, pos: PosClient) -> None:
    await page.add_init_script(
        "window.tones = 0; const begin = OscillatorNode.prototype.start;"
        "OscillatorNode.prototype.start = function (...when) { window.tones += 1; return begin.apply(this, when); };"
    )
    await open_board(page, link(stack, pos))
    await pos.place(stack.order_api_urls[0], order_body(display_number="A-1", table={"label": "7"}))
    await expect(page.locator("[aria-live=polite]")).to_have_text("New order: A-1, Table 7")
    assert await page.evaluate("tones") == 0
    await page.get_by_role("button", name="Sound off").click()
    await expect(page.get_by_role("button", name="Sound on")).to_have_attribute("aria-pressed", "true")
    heard = await page.evaluate("tones")
    await pos.place(stack.order_api_urls[0], order_body(display_number="A-2"))
    await is_in(page, "placed", "A-2")
    assert await page.evaluate("tones") == heard + 2  # a new order is two tones


async def test_nothing_moves_where_less_motion_is_wanted(stack: Stack, open_tablet: OpenTablet, pos: PosClient) -> None:
    page = await open_tablet(reduced_motion="reduce")
    await pos.place(stack.order_api_urls[0], order_body(display_number="A-1"))
    await open_board(page, link(stack, pos))
    await is_in(page, "placed", "A-1")
    assert await page.evaluate("document.getAnimations().length") == 0
