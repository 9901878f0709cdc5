"""The page of charts: files of this package, which ask the reports with the reader's own token."""

from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FILES = {
    "/charts": ("charts.html", "text/html; charset=utf-8"),
    "/charts.css": ("charts.css", "text/css; charset=utf-8"),
    "/charts.js": ("charts.js", "text/javascript; charset=utf-8"),
    "/chart_drawing.js": ("chart_drawing.js", "text/javascript; charset=utf-8"),
    "/report_texts.js": ("report_texts.js", "text/javascript; charset=utf-8"),
    "/uPlot.iife.min.js": ("uPlot.iife.min.js", "text/javascript; charset=utf-8"),
    "/uPlot.min.css": ("uPlot.min.css", "text/css; charset=utf-8"),
}
_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def chart_routes() -> list[Route]:
    """Give the page's routes. Files are read once; a browser asks again each time and gets 304 if nothing changed."""
    return [_file(path, *kind) for path, kind in _FILES.items()]


def _file(path: str, name: str, media_type: str) -> Route:
    content = files("projector").joinpath("static", name).read_bytes()
    tagged = {**_HEADERS, "etag": f'"{sha256(content).hexdigest()[:20]}"'}

    async def serve(request: Request) -> Response:
        if tagged["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=tagged)
        return Response(content, media_type=media_type, headers=tagged)

    return Route(path, serve)
