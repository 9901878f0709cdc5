"""The pages are served whole, checked by the browser each time, and may talk to nobody else."""

import json
import re
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from notifier import page

_ELSEWHERE = re.compile(r"""(?:src|href|url|import|from|fetch)\W{1,3}https?://(?!www\.w3\.org)""")


@pytest.fixture
def browser() -> httpx.AsyncClient:
    routes = page.routes(order_api_url="http://orders.test/", query_api_url="http://query.test/")
    return httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes)), base_url="http://page.test")


@pytest.mark.parametrize(("page_path", "parts"), [("/", "board"), ("/order", "order"), ("/manager", "manager")])
async def test_a_page_brings_everything_along(browser: httpx.AsyncClient, page_path: str, parts: str) -> None:
    index = await browser.get(page_path)
    assert index.headers["content-type"].startswith("text/html")
    for path, kind in {
        f"/{parts}.css": "text/css",
        f"/{parts}.js": "text/javascript",
        "/icon.svg": "image/svg+xml",
        **({"/manifest.webmanifest": "application/manifest+json"} if page_path == "/" else {}),
    }.items():
        assert path.lstrip("/") in index.text
        answer = await browser.get(path)
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)
        assert not _ELSEWHERE.findall(answer.text), "nothing may come from elsewhere"


async def test_a_page_that_has_not_changed_is_not_sent_again(browser: httpx.AsyncClient) -> None:
    first = await browser.get("/board.js")
    again = await browser.get("/board.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["cache-control"] == "no-cache"


async def test_the_page_is_told_where_the_apis_are_and_may_reach_only_them(browser: httpx.AsyncClient) -> None:
    told = (await browser.get("/config.json")).json()
    assert told == {"order_api_url": "http://orders.test", "query_api_url": "http://query.test", "images_url": None}
    policy = (await browser.get("/")).headers["content-security-policy"]
    assert "connect-src 'self' http://orders.test http://query.test;" in policy
    assert "default-src 'none'" in policy
    assert "img-src 'self';" in policy


async def test_pictures_come_from_the_host_that_was_set_and_no_other() -> None:
    routes = page.routes(order_api_url="http://o.test", query_api_url="http://q.test", images_url="https://pics.test")
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://page.test") as browser:
        assert (await browser.get("/config.json")).json()["images_url"] == "https://pics.test/"
        policy = (await browser.get("/")).headers["content-security-policy"]
    assert "img-src 'self' https://pics.test/;" in policy


async def test_what_the_service_worker_keeps_is_what_is_served(browser: httpx.AsyncClient) -> None:
    worker = (await browser.get("/service_worker.js")).text
    kept = dict(re.findall(r'"([\w./]+)":"([0-9a-f]{64})"', worker))
    assert kept.keys() == {"./", "board.js", "board.css", "icon.svg", "manifest.webmanifest"}
    for name, digest in kept.items():
        assert sha256((await browser.get(f"/{name}")).content).hexdigest() == digest, f"{name}: make page"


async def test_unknown_paths_are_not_found(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/board.py")).status_code == 404


async def test_what_comes_from_others_is_what_its_notice_says() -> None:
    notice = (Path(page.__file__).parents[2] / "THIRD_PARTY.md").read_text()
    lock = json.loads((Path(__file__).parents[3] / "package-lock.json").read_text())["packages"]
    for name in ("socket.io-client", "engine.io-client", "socket.io-parser", "engine.io-parser", "lit-html"):
        assert f"{name} {lock[f'node_modules/{name}']['version']}" in notice
