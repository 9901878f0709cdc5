"""The pages of staff, of managers and of diners: files of this package, and the addresses that they have to know.

Scripts and styles are built from services/notifier/board by `make page`, and a test compares them.
"""

from hashlib import sha256
from importlib.resources import files
from pathlib import PurePath

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_PAGES = {"/": "index.html", "/order": "order.html", "/manager": "manager.html"}
_PARTS = (
    *("board.css", "board.js", "order.css", "order.js", "manager.css", "manager.js"),
    *("service_worker.js", "icon.svg", "manifest.webmanifest"),
)
_FILES = {**_PAGES, **{f"/{name}": name for name in _PARTS}}


def routes(*, order_api_url: str, query_api_url: str, images_url: str = "") -> list[Route]:
    """Give the page's routes. Files are read once; a browser asks again each time and gets 304 if nothing changed.

    Pictures of items come from `images_url` alone: elsewhere, whoever places an order could watch who looks at it.
    """
    apis = {"order_api_url": order_api_url.rstrip("/"), "query_api_url": query_api_url.rstrip("/")}
    pictures = f"{images_url.rstrip('/')}/" if images_url else None
    addresses = {**apis, "images_url": pictures}
    headers = _headers(list(apis.values()), pictures)

    async def config(_: Request) -> Response:
        return JSONResponse(addresses, headers=headers)

    return [_file(path, name, headers) for path, name in _FILES.items()] + [Route("/config.json", config)]


def _file(path: str, name: str, headers: dict[str, str]) -> Route:
    content, media_type = files("notifier").joinpath("static", name).read_bytes(), _TYPES[PurePath(name).suffix]
    etag = f'"{sha256(content).hexdigest()[:20]}"'
    tagged = {**headers, "etag": etag}

    async def serve(request: Request) -> Response:
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=tagged)
        return Response(content, media_type=media_type, headers=tagged)

    return Route(path, serve)


def _headers(apis: list[str], pictures: str | None) -> dict[str, str]:
    shown = f"'self' {pictures}" if pictures else "'self'"
    policy = (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; manifest-src 'self'; "
        f"img-src {shown}; connect-src 'self' {' '.join(apis)}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {
        "cache-control": "no-cache",
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
