"""What goes wrong in a kitchen: the network, a notifier, the log, the token; and what the board says and keeps."""

from playwright.async_api import Page, expect

from infra.board import column, is_in, is_live, link, open_board, ticket
from infra.eventually import eventually
from infra.pos_client import PosClient, order_body
from local_stack.stack import Stack


async def test_cut_off_it_shows_what_it_knows_and_sends_what_was_tapped_when_it_is_back(
    stack: Stack, page: Page, pos: PosClient
) -> None:
    orders = [
        (await pos.place(stack.order_api_urls[0], order_body(display_number=label))).json() for label in ("A-1", "A-2")
    ]
    await open_board(page, link(stack, pos))
    await is_in(page, "placed", "A-2")
    await page.context.set_offline(True)
    await ticket(page, "A-1").get_by_role("button", name="Accept").click()
    await is_in(page, "accepted", "A-1")
    await expect(page.locator(".banner")).to_contain_text("1 tap waits to be sent")
    await expect(page.locator(".banner")).to_contain_text("Offline, reconnecting")
    await expect(page.locator(".banner")).to_contain_text("old")
    await pos.act(stack.order_api_urls[0], orders[1]["order_id"], "accept")
    await pos.place(stack.order_api_urls[0], order_body(display_number="A-3"))
    await page.context.set_offline(False)
    await is_live(page)
    await is_in(page, "placed", "A-3")
    await is_in(page, "accepted", "A-2")
    await is_in(page, "accepted", "A-1")
    await expect(page.locator("[data-pending]")).to_have_count(0)
    assert (await pos.read(stack.order_api_urls[0], orders[0]["order_id"])).json()["status"] == "accepted"


async def test_what_was_tapped_offline_is_sent_even_by_a_page_that_was_loaded_anew(
    stack: Stack, page: Page, pos: PosClient
) -> None:
    order = (await pos.place(stack.order_api_urls[0], order_body(display_number="A-1"))).json()
    await open_board(page, link(stack, pos))
    await page.route("**/accept", lambda route: route.abort())
    await ticket(page, "A-1").get_by_role("button", name="Accept").click()
    await expect(page.locator(".banner")).to_contain_text("1 tap waits to be sent")
    await page.unroute_all()
    await page.reload()
    await is_in(page, "accepted", "A-1")

    async def accepted() -> bool:
        return bool((await pos.read(stack.order_api_urls[0], order["order_id"])).json()["status"] == "accepted")

    await eventually(accepted)


async def test_a_page_whose_notifier_is_killed_says_so_and_misses_nothing(
    stack: Stack, page: Page, pos: PosClient
) -> None:
    await open_board(page, link(stack, pos))
    await stack.stop_one("notifier-1")
    try:
        await expect(page.locator(".banner")).to_contain_text("Offline, reconnecting")
        order = (await pos.place(stack.order_api_urls[0], order_body(display_number="C-3"))).json()
        await pos.act(stack.order_api_urls[0], order["order_id"], "accept")
        # No socket can be had, the query API can: the board asks there, and says that it is slow.
        await is_in(page, "accepted", "C-3")
        await expect(page.locator(".banner")).to_contain_text("updates every few seconds")
    finally:
        await stack.start_one("notifier-1")
    await is_live(page)
    await pos.act(stack.order_api_urls[0], order["order_id"], "start")
    await is_in(page, "preparing", "C-3")


async def test_a_log_that_says_nothing_makes_the_board_say_so(stack: Stack, page: Page, pos: PosClient) -> None:
    await open_board(page, link(stack, pos))
    await stack.pause("kafka")
    try:
        await expect(page.locator(".banner")).to_contain_text("Updates delayed since")
    finally:
        await stack.resume("kafka")
    await is_live(page)
    await pos.place(stack.order_api_urls[0], order_body(display_number="K-1"))
    await is_in(page, "placed", "K-1")


async def test_a_token_that_expires_on_the_way_asks_for_another_and_goes_on(
    stack: Stack, page: Page, pos: PosClient
) -> None:
    await pos.place(stack.order_api_urls[0], order_body(display_number="A-1"))
    await open_board(page, link(stack, pos, seconds=-4))  # the leeway lets it in for six seconds more
    await is_in(page, "placed", "A-1")
    await expect(page.get_by_role("alert")).to_contain_text("Your sign-in has expired")
    await page.get_by_label("Token").fill(link(stack, pos).partition("token=")[2].partition("&")[0])
    await page.get_by_role("button", name="Show orders").click()
    await is_live(page)
    await is_in(page, "placed", "A-1")


async def test_two_hundred_open_orders_are_paged_and_kept_up_with(stack: Stack, page: Page, pos: PosClient) -> None:
    for number in range(60):
        await pos.place(stack.order_api_urls[number % 2], order_body(display_number=f"N-{number}"))
    await open_board(page, link(stack, pos))
    placed = column(page, "placed")
    await expect(placed.locator(".count")).to_have_text("60")
    await expect(placed.locator("article")).to_have_count(24)
    await placed.get_by_role("button", name="Show 36 more").click()
    await expect(placed.locator("article")).to_have_count(48)
    await placed.get_by_role("button", name="Show 12 more").click()
    await expect(placed.locator("article")).to_have_count(60)
