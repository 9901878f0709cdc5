"""A diner's page beside the whole system: its order live, through every trouble; nothing to those without a link."""

from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import pytest
from playwright.async_api import Page, expect

from infra.board import OpenTablet
from infra.diner import follows, open_order, order_link, step_now
from infra.pos_client import ORGANIZATION, PosClient, order_body
from infra.wcag import too_small, violations
from local_stack.stack import Stack
from order_contracts.order_links import sign_order_link

_PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


async def _placed(stack: Stack, pos: PosClient, *verbs: str, **changes: object) -> str:
    answer = await pos.place(stack.order_api_urls[0], order_body(display_number="A-42", **changes))
    order_id = str(answer.json()["order_id"])
    for verb in verbs:
        await pos.act(stack.order_api_urls[0], order_id, verb)
    return order_id


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_an_order_is_followed_from_being_sent_to_being_handed_over(
    stack: Stack, open_tablet: OpenTablet, pos: PosClient, axe: str, scheme: str
) -> None:
    page = await open_tablet(**_PHONE, color_scheme=scheme)
    promised = (datetime.now(UTC) + timedelta(minutes=20)).isoformat()
    guest = {"guest": {"name": "Anna Rossi"}, "notes": "birthday", "table": {"label": "7"}}
    order_id = await _placed(stack, pos, promised_at=promised, **guest)
    await open_order(page, stack, await order_link(stack, pos, order_id))
    await expect(page.get_by_text("A-42")).to_be_visible()
    await expect(step_now(page)).to_contain_text("Sent")
    await expect(page.get_by_text("Ready about")).to_be_visible()
    assert await violations(page, axe) == []
    url = stack.order_api_urls[1]
    await pos.act(url, order_id, "accept")
    await expect(step_now(page)).to_contain_text("Accepted")
    await pos.act(url, order_id, "start")
    await pos.act(url, order_id, "items/cola/ready")
    await expect(page.get_by_role("listitem").filter(has_text="Cola")).to_contain_text("ready")
    await expect(page.get_by_text("1 of 2 ready")).to_be_visible()
    await expect(page.locator("[aria-live=polite]")).to_contain_text("Cola: ready")
    assert await violations(page, axe) == []
    await pos.act(url, order_id, "ready")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your order is ready")
    await expect(page.locator("[aria-live=polite]")).to_have_text("Your order is ready")
    await expect(page).to_have_title("A-42 · Your order is ready")
    assert await violations(page, axe) == []
    assert await too_small(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    for private in ("Anna", "birthday", "950"):
        assert private not in await page.content(), "that is the venue's business"
    await pos.act(url, order_id, "complete")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Enjoy!")
    assert await violations(page, axe) == []


async def test_a_page_whose_notifier_is_killed_reads_on_and_misses_nothing(
    stack: Stack, page: Page, pos: PosClient
) -> None:
    order_id = await _placed(stack, pos)
    await open_order(page, stack, await order_link(stack, pos, order_id))
    await stack.stop_one("notifier-1")
    try:
        await expect(page.locator(".connection[data-mood=bad]")).to_contain_text("No connection")
        await pos.act(stack.order_api_urls[0], order_id, "accept")
        await expect(step_now(page)).to_contain_text("Accepted")  # asked of order-api, now and then
        await expect(page.locator(".connection")).to_contain_text("checked every few seconds")
        await pos.act(stack.order_api_urls[0], order_id, "start")
    finally:
        await stack.start_one("notifier-1")
    await follows(page)
    await expect(step_now(page)).to_contain_text("Being made")
    await pos.act(stack.order_api_urls[0], order_id, "items/cola/ready")
    await expect(page.get_by_role("listitem").filter(has_text="Cola")).to_contain_text("ready")


async def test_a_phone_without_a_network_says_how_old_this_is_and_catches_up(
    stack: Stack, page: Page, pos: PosClient, axe: str
) -> None:
    order_id = await _placed(stack, pos)
    await open_order(page, stack, await order_link(stack, pos, order_id))
    await page.context.set_offline(True)
    await expect(page.locator(".connection[data-mood=bad]")).to_contain_text("This was true")
    await expect(page.locator(".connection[data-mood=bad]")).to_contain_text("s ago.")
    assert await violations(page, axe) == []
    await pos.act(stack.order_api_urls[0], order_id, "cancel", {"reason": "sold out"})
    await page.context.set_offline(False)
    await follows(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your order was cancelled")
    assert await violations(page, axe) == []


async def test_what_is_no_order_s_link_opens_nothing_and_says_why(
    stack: Stack, open_tablet: OpenTablet, pos: PosClient, axe: str
) -> None:
    order = {"order_id": await _placed(stack, pos), "venue_id": pos.venue_id, "organization_id": ORGANIZATION}
    now = datetime.now(UTC)

    def signed(age_seconds: int, **changes: str) -> str:
        return sign_order_link(
            {**order, **changes},
            secret=stack.jwt_secret,
            token_id="t",
            now=now - timedelta(seconds=age_seconds),
            lifetime_seconds=600,
        )

    links = {
        "This link has expired": signed(3600),
        "This order is not here any more": signed(0, order_id=str(uuid5(NAMESPACE_URL, pos.venue_id))),
        "This link does not work": signed(0)[:-6] + "AAAAAA",
        "Follow your order": "",
    }
    for scheme in ("light", "dark"):
        page = await open_tablet(**_PHONE, color_scheme=scheme)
        for title, link in links.items():
            await page.goto("about:blank")
            await page.goto(f"{stack.notifier_urls[0]}/order#{link}")
            await expect(page.get_by_role("heading", level=1)).to_have_text(title)
            assert await violations(page, axe) == []


async def test_a_link_that_expires_while_it_is_followed_says_so(stack: Stack, page: Page, pos: PosClient) -> None:
    order = {"order_id": await _placed(stack, pos), "venue_id": pos.venue_id, "organization_id": ORGANIZATION}
    link = sign_order_link(order, secret=stack.jwt_secret, token_id="t", now=datetime.now(UTC), lifetime_seconds=8)
    await open_order(page, stack, link)
    await expect(page.get_by_role("heading", level=1)).to_have_text("This link has expired")


async def test_it_speaks_the_phone_s_language_and_the_chosen_one(
    stack: Stack, open_tablet: OpenTablet, pos: PosClient, axe: str
) -> None:
    page = await open_tablet(**_PHONE, locale="ar")
    order_id = await _placed(stack, pos, "accept", "ready")
    await open_order(page, stack, await order_link(stack, pos, order_id))
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await expect(page.get_by_role("heading", level=1)).to_have_text("طلبك جاهز")
    assert await violations(page, axe) == []
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your order is ready")
    await expect(page.locator("html")).to_have_attribute("dir", "ltr")
