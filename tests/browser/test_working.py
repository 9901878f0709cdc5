"""What staff do all evening: tick, bump, recall, rush, look at one station; and two of them at one ticket."""

from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Page, Route, expect

from infra.board import OpenTablet, column, is_in, link, open_board, ticket
from infra.eventually import eventually
from infra.pos_client import PosClient, order_body
from local_stack.stack import Stack


async def placed(stack: Stack, pos: PosClient, label: str, *verbs: str, **body: Any) -> str:
    """Place an order and move it on."""
    answer = await pos.place(stack.order_api_urls[0], order_body(display_number=label, **body))
    order_id = str(answer.json()["order_id"])
    for verb in verbs:
        assert (await pos.act(stack.order_api_urls[0], order_id, verb)).status_code == 200
    return order_id


async def held_up(page: Page, pattern: str) -> list[Route]:
    """Hold up the next request of a kind; the test lets it go on when it wants to."""
    held: list[Route] = []
    await page.route(pattern, lambda route: held.append(route), times=1)  # noqa: PLW0108  # Playwright marks its handler
    return held


async def test_ticking_every_line_makes_the_order_ready_and_a_tick_can_be_taken_back(
    stack: Stack, page: Page, pos: PosClient
) -> None:
    order_id = await placed(stack, pos, "A-1", "accept")
    await open_board(page, link(stack, pos))
    pizza = ticket(page, "A-1").get_by_role("button", name="Margherita")
    await pizza.click()
    await is_in(page, "preparing", "A-1")
    await expect(pizza).to_have_attribute("aria-pressed", "true")
    await pizza.click()
    await expect(pizza).to_have_attribute("aria-pressed", "false")
    await pizza.click()
    await ticket(page, "A-1").get_by_role("button", name="Cola").click()
    await is_in(page, "ready", "A-1")
    await eventually(lambda: _status(stack, pos, order_id, "ready"))


async def test_a_ticket_comes_back_to_its_old_place_when_it_is_recalled(
    stack: Stack, page: Page, pos: PosClient
) -> None:
    for label in ("A-1", "A-2", "A-3"):
        await placed(stack, pos, label, "accept", "start")
    await open_board(page, link(stack, pos))
    await ticket(page, "A-2").get_by_role("button", name="Mark ready").click()
    await ticket(page, "A-2").get_by_role("button", name="Hand over").click()
    await expect(ticket(page, "A-2")).to_have_count(0)
    await page.get_by_role("button", name="Done lately").click()
    await page.get_by_role("complementary").get_by_role("button", name="Recall order A-2").click()
    await is_in(page, "preparing", "A-2")
    await expect(column(page, "preparing").get_by_role("heading", level=3)).to_have_text(["A-1", "A-2", "A-3"])


async def test_what_was_done_before_the_board_was_there_can_be_recalled(
    stack: Stack, page: Page, pos: PosClient
) -> None:
    await placed(stack, pos, "A-9", "accept", "ready", "complete")
    await open_board(page, link(stack, pos))
    await page.get_by_role("button", name="Done lately").click()
    await page.get_by_role("button", name="Recall order A-9").click()
    await is_in(page, "preparing", "A-9")


async def test_an_order_for_later_is_listed_by_its_time_and_can_be_started_now(
    stack: Stack, open_tablet: OpenTablet, pos: PosClient
) -> None:
    url = stack.order_api_urls[0]
    for label, hours in (("A-7", 30), ("A-5", 3), ("A-6", 5)):
        moment = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
        await pos.place(url, order_body(display_number=label, scheduled_for=moment))
    page, other = await open_tablet(), await open_tablet()
    for one in (page, other):
        await open_board(one, link(stack, pos))
    await expect(ticket(page, "A-5")).to_have_count(0)
    await page.get_by_role("button", name="Later").click()
    later = page.get_by_role("complementary")
    await expect(later.get_by_role("listitem").locator("b")).to_have_text(["A-5", "A-6", "A-7"])
    await later.get_by_role("button", name="Start now: order A-6").click()
    await is_in(page, "placed", "A-6")
    await is_in(other, "placed", "A-6")
    await expect(later.get_by_role("listitem").locator("b")).to_have_text(["A-5", "A-7"])


async def test_of_two_screens_at_one_ticket_the_slower_is_told_who_was_first(
    stack: Stack, open_tablet: OpenTablet, pos: PosClient
) -> None:
    await placed(stack, pos, "A-1")
    grill, fry = await open_tablet(), await open_tablet()
    await open_board(grill, link(stack, pos, 0, sub="grill"))
    await open_board(fry, link(stack, pos, 1, sub="fry"))
    await is_in(fry, "placed", "A-1")
    held = await held_up(fry, "**/accept")  # fry's tap is on the way, and slow
    await ticket(fry, "A-1").get_by_role("button", name="Accept").click()
    await is_in(fry, "accepted", "A-1")  # shown at once
    await ticket(grill, "A-1").get_by_role("button", name="Accept").click()
    await is_in(grill, "accepted", "A-1")
    await expect(ticket(grill, "A-1")).not_to_have_attribute("data-pending", "")
    await eventually(lambda: len(held) == 1)
    await held[0].continue_()
    await expect(fry.get_by_text("A-1: already done by grill")).to_be_visible()
    await is_in(fry, "accepted", "A-1")


async def test_a_bump_of_a_ticket_that_has_changed_is_taken_back_and_says_so(
    stack: Stack, page: Page, pos: PosClient
) -> None:
    order_id = await placed(stack, pos, "A-1", "accept", "start")
    await open_board(page, link(stack, pos))
    await is_in(page, "preparing", "A-1")
    held = await held_up(page, "**/ready")
    await ticket(page, "A-1").get_by_role("button", name="Mark ready").click()
    await is_in(page, "ready", "A-1")
    more = {"items": [{"name": "Tiramisù", "quantity": "1", "unit_price": {"amount": 600, "currency": "EUR"}}]}
    await pos.act(stack.order_api_urls[0], order_id, "items", more)
    await eventually(lambda: len(held) == 1)
    await held[0].continue_()
    await expect(page.get_by_text("A-1 was changed by developer: look again")).to_be_visible()
    await is_in(page, "preparing", "A-1")
    await expect(ticket(page, "A-1").get_by_text("added")).to_be_visible()
    await eventually(lambda: _status(stack, pos, order_id, "preparing"))


async def test_a_payment_meanwhile_is_no_reason_to_take_a_bump_back(stack: Stack, page: Page, pos: PosClient) -> None:
    total = {"total": {"amount": 2850, "currency": "EUR"}}
    order_id = await placed(stack, pos, "A-1", "accept", "start", totals=total)
    await open_board(page, link(stack, pos))
    held = await held_up(page, "**/ready")
    await ticket(page, "A-1").get_by_role("button", name="Mark ready").click()
    paid = await pos.act(stack.order_api_urls[0], order_id, "payments/capture", {"amount": total["total"]})
    assert paid.status_code == 200, paid.text
    await eventually(lambda: len(held) == 1)
    await held[0].continue_()
    await eventually(lambda: _status(stack, pos, order_id, "ready"))
    await is_in(page, "ready", "A-1")
    await expect(page.locator("#notices p")).to_have_count(0)


async def test_a_voided_line_is_struck_through_until_somebody_has_seen_it(
    stack: Stack, page: Page, pos: PosClient
) -> None:
    order_id = await placed(stack, pos, "A-1", "accept", "start")
    await open_board(page, link(stack, pos))
    await pos.act(stack.order_api_urls[0], order_id, "items/cola/void", {"reason": "sold out"})
    line = ticket(page, "A-1").locator("[data-voided]", has_text="Cola")
    await expect(line).to_be_visible()
    await expect(line.get_by_text("voided")).to_be_visible()
    await ticket(page, "A-1").get_by_role("button", name="Seen").click()
    await expect(line).to_have_count(0)
    await expect(ticket(page, "A-1").get_by_text("Margherita")).to_be_visible()


async def test_an_order_that_is_called_off_stays_until_somebody_has_seen_it(
    stack: Stack, page: Page, pos: PosClient
) -> None:
    order_id = await placed(stack, pos, "A-1", "accept", "start")
    await open_board(page, link(stack, pos))
    await is_in(page, "preparing", "A-1")
    await pos.act(stack.order_api_urls[0], order_id, "cancel", {"reason": "the guests have left"})
    await expect(ticket(page, "A-1").get_by_text("Cancelled: stop")).to_be_visible()
    await ticket(page, "A-1").get_by_role("button", name="Seen").click()
    await expect(ticket(page, "A-1")).to_have_count(0)


async def test_a_rushed_order_goes_before_the_others(stack: Stack, page: Page, pos: PosClient) -> None:
    for label in ("A-1", "A-2"):
        await placed(stack, pos, label)
    await open_board(page, link(stack, pos))
    await ticket(page, "A-2").get_by_role("button", name="Rush order A-2").click()
    await expect(column(page, "placed").get_by_role("heading", level=3)).to_have_text(["A-2", "A-1"])
    await expect(ticket(page, "A-2").get_by_role("button", name="Rush order A-2")).to_have_attribute(
        "aria-pressed", "true"
    )


async def test_a_station_sees_and_bumps_its_own_lines_and_expo_sees_how_far_all_are(
    stack: Stack, open_tablet: OpenTablet, pos: PosClient
) -> None:
    order_id = await placed(stack, pos, "A-1", "accept")
    oven, expo = await open_tablet(), await open_tablet()
    for tablet, view in ((oven, "Station oven"), (expo, "Expo")):
        await open_board(tablet, link(stack, pos))
        await tablet.get_by_label("View").select_option(view)
    await expect(ticket(oven, "A-1").get_by_text("Cola")).to_have_count(0)
    await expect(ticket(oven, "A-1").get_by_text("Also at: bar 0/1")).to_be_visible()
    await ticket(oven, "A-1").get_by_role("button", name="Mark ready").click()
    await is_in(oven, "ready", "A-1")
    await expect(ticket(expo, "A-1").get_by_text("oven ✔")).to_be_visible()
    await is_in(expo, "preparing", "A-1")
    await pos.act(stack.order_api_urls[0], order_id, "stations/bar/ready")
    await ticket(expo, "A-1").get_by_role("button", name="Hand over").click()
    await expect(ticket(oven, "A-1")).to_have_count(0)


async def test_all_day_counts_what_is_left_to_make(stack: Stack, page: Page, pos: PosClient) -> None:
    await placed(stack, pos, "A-1", "accept")
    await placed(stack, pos, "A-2")
    await open_board(page, link(stack, pos))
    await page.get_by_role("button", name="All day").click()
    counts = page.get_by_role("complementary").get_by_role("listitem")
    await expect(counts).to_have_text(["Margherita4", "Cola2"])
    await ticket(page, "A-1").get_by_role("button", name="Margherita").click()
    await expect(counts).to_have_text(["Cola2", "Margherita2"])


async def _status(stack: Stack, pos: PosClient, order_id: str, status: str) -> bool:
    return bool((await pos.read(stack.order_api_urls[0], order_id)).json()["status"] == status)
