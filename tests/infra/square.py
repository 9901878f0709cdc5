"""Square in a test: its webhooks and orders as its public reference shows them, and a server that gives the orders."""

import hmac
import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

LOCATION = "FPYCBCHYMXFK1"
ACCESS_TOKEN = "a-square-token"
SIGNATURE_KEY = "a-square-signature-key"
_NAMES = {
    "order.created": "order_created",
    "order.updated": "order_updated",
    "order.fulfillment.updated": "order_fulfillment_updated",
}


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def line(uid: str, name: str, quantity: str = "1", price: int = 950, **more: Any) -> dict[str, Any]:
    """Give a line item."""
    return {"uid": uid, "name": name, "quantity": quantity, "base_price_money": euros(price), **more}


def square_order(order_id: str, version: int = 1, fulfillment: str | None = "PROPOSED", **more: Any) -> dict[str, Any]:
    """Give an order of two lines as RetrieveOrder does, picked up unless told otherwise."""
    order: dict[str, Any] = {
        "id": order_id,
        "location_id": LOCATION,
        "source": {"name": "Online Store"},
        "line_items": [line("pizza", "Margherita", "2"), line("cola", "Cola", price=300)],
        "created_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
        "state": "OPEN",
        "version": version,
        "total_money": euros(2200),
        "total_tax_money": euros(200),
        "total_discount_money": euros(0),
        "total_tip_money": euros(0),
        "total_service_charge_money": euros(0),
    }
    if fulfillment is not None:
        recipient = {"display_name": "Ada"}
        pickup = {"recipient": recipient, "note": "no napkins", "pickup_at": "2099-01-01T18:45:00Z"}
        order["fulfillments"] = [{"uid": "f1", "type": "PICKUP", "state": fulfillment, "pickup_details": pickup}]
    return {**order, **more}


def webhook(order: dict[str, Any], kind: str = "order.updated", **changes: Any) -> bytes:
    """Give the webhook that tells of an order: its summary, nothing more."""
    names = ("location_id", "created_at", "state", "version")
    summary = {"order_id": order["id"], **{name: order[name] for name in names}, **changes}
    return json.dumps(
        {
            "merchant_id": "5S9MXCS9Y99KK",
            "type": kind,
            "event_id": f"{order['id']}-{summary['version']}-{kind}",
            "created_at": order["created_at"],
            "data": {"type": "order", "id": order["id"], "object": {_NAMES.get(kind, kind): summary}},
        }
    ).encode()


def signature(url: str, body: bytes, key: str = SIGNATURE_KEY) -> str:
    """Sign as Square does."""
    return b64encode(hmac.digest(key.encode(), url.encode() + body, sha256)).decode()


class SquareStub(ThreadingHTTPServer):
    """Square's orders API, as far as it is asked: what is in `orders` is what it has now."""

    daemon_threads = True

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.fetched: list[str] = []
        self.failing = False
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: SquareStub

    def do_GET(self) -> None:
        order_id = self.path.rpartition("/v2/orders/")[2]
        self.server.fetched.append(order_id)
        status, body = self._answer(order_id)
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _answer(self, order_id: str) -> tuple[int, dict[str, Any]]:
        if self.headers["Authorization"] != f"Bearer {ACCESS_TOKEN}":
            return 401, {"errors": [{"code": "UNAUTHORIZED"}]}
        if self.server.failing or order_id not in self.server.orders:
            return 500 if self.server.failing else 404, {"errors": [{"code": "NOT_FOUND"}]}
        return 200, {"order": self.server.orders[order_id]}

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def square_stub() -> Iterator[SquareStub]:
    """Serve until the end of the block."""
    with SquareStub() as stub:
        thread = Thread(target=stub.serve_forever)
        thread.start()
        try:
            yield stub
        finally:
            stub.shutdown()
            thread.join()
