"""How the staff board keeps up in a real browser: 200 open tickets, 20 updates a second, as it is and slowed down.

make bench AREA=page: the longest tasks of the page's main thread; one over 50 ms is felt as a stutter.
"""

import argparse
import asyncio
import json
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from playwright.async_api import Browser, async_playwright

from infra.board import link, open_board
from infra.browser import ARGUMENTS, chromium
from infra.pos_client import ORGANIZATION, PosClient, order_body
from infra.services import state_folder, whole_stack
from load.bench import RESULTS, percentile
from local_stack.stack import Stack

_WATCH = """
window.tasks = []; window.frames = [];
new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration)))
  .observe({ type: 'longtask', buffered: true });
let last = performance.now();
const frame = (now) => { frames.push(now - last); last = now; requestAnimationFrame(frame); };
requestAnimationFrame(frame);
"""
_STATIONS = ("oven", "bar", "wok", "cold")


@dataclass(frozen=True)
class Kept:
    """How one run went. Times in milliseconds; tasks are those over 50 ms, the load of the page itself apart."""

    slowed: int
    open_orders: int
    updates: int
    seconds: float
    opening_longest: float
    long_tasks: int
    longest: float
    frame_p50: float
    frame_p99: float


def _body(number: int) -> dict[str, Any]:
    lines = [
        {"line_id": str(line), "name": f"Dish {(number + line) % 12}", "quantity": "1", "station": _STATIONS[line % 4],
         "unit_price": {"amount": 900, "currency": "EUR"}, "modifiers": [{"name": "onions", "action": "remove"}]}
        for line in range(1, 4)
    ]  # fmt: skip
    return order_body(display_number=f"N-{number}", items=lines, table={"label": str(number % 30)})


async def _fill(stack: Stack, pos: PosClient, orders: int) -> list[str]:
    ids: list[str] = []
    for number in range(orders):
        placed = (await pos.place(stack.order_api_urls[number % 2], _body(number))).json()["order_id"]
        for verb in ("accept", "start", "ready")[: number % 4]:
            await pos.act(stack.order_api_urls[number % 2], placed, verb)
        ids.append(placed)
    return ids


async def _update(stack: Stack, pos: PosClient, ids: list[str], seconds: float, rate: int) -> int:
    """Ask for `rate` changes a second; every tenth is a new order, for one that is handed over."""
    random, loop = Random(7), asyncio.get_running_loop()
    began, sent, asked = loop.time(), 0, set[asyncio.Task[Any]]()
    while loop.time() - began < seconds:
        url, place = stack.order_api_urls[sent % 2], random.randrange(len(ids))
        verb = "priority" if sent % 3 else f"items/{random.randrange(1, 4)}/ready"
        body = {"priority": random.randrange(2)} if sent % 3 else None
        work = pos.place(url, _body(1000 + sent)) if sent % 10 == 0 else pos.act(url, ids[place], verb, body)
        asked.add(asyncio.ensure_future(work))
        sent += 1
        await asyncio.sleep(max(0.0, began + sent / rate - loop.time()))
    answers = await asyncio.gather(*asked)
    return sum(answer.is_success for answer in answers)


async def _measure(stack: Stack, browser: Browser, slowed: int, arguments: argparse.Namespace) -> Kept:
    venue = f"page-{slowed}"
    async with PosClient(venue, stack.token(org=ORGANIZATION, venues=[venue])) as pos:
        ids = await _fill(stack, pos, arguments.orders)
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
        await page.add_init_script(_WATCH)
        await open_board(page, link(stack, pos))
        await page.wait_for_timeout(3000)
        opening = await page.evaluate("const opened = tasks.splice(0); frames.length = 0; Math.max(0, ...opened)")
        updates = await _update(stack, pos, ids, arguments.seconds, arguments.rate)
        tasks, frames = await page.evaluate("[tasks, frames]")
        shown = await page.locator(".count").all_inner_texts()
        await page.close()
    return Kept(
        slowed=slowed,
        open_orders=sum(map(int, shown)),
        updates=updates,
        seconds=arguments.seconds,
        opening_longest=opening,
        long_tasks=len(tasks),
        longest=max(tasks, default=0.0),
        frame_p50=percentile(frames, 0.5),
        frame_p99=percentile(frames, 0.99),
    )


async def _run(stack: Stack, arguments: argparse.Namespace) -> list[Kept]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        kept = [await _measure(stack, browser, slowed, arguments) for slowed in arguments.slowed]
        await browser.close()
    return kept


def main() -> None:
    """Measure, print, write build/bench/page.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--rate", type=int, default=20, help="updates a second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--slowed", type=int, nargs="+", default=[1, 4], help="times slower than this machine")
    arguments = parser.parse_args()
    with state_folder() as folder, whole_stack(folder) as stack:
        kept = asyncio.run(_run(stack, arguments))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "page.json").write_text(json.dumps([asdict(one) for one in kept], indent=2) + "\n")
    print("slowed  open orders  updates  longest opening  tasks > 50 ms  longest  frame p50  frame p99")
    for one in kept:
        print(
            f"{one.slowed:>5}x  {one.open_orders:>11}  {one.updates:>7}  {one.opening_longest:>12.0f} ms  "
            f"{one.long_tasks:>13}  {one.longest:>4.0f} ms  {one.frame_p50:>6.1f} ms  {one.frame_p99:>6.1f} ms"
        )


if __name__ == "__main__":
    main()
