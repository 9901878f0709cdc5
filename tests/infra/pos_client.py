"""A till in a test: places orders and moves them on through order-api's REST face."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from order_contracts.claims import issue

SECRET = "a-secret-for-tests-of-at-least-32-bytes"
ORGANIZATION = "org-1"
SCOPES = ("orders:write", "orders:read", "rooms:join")


def token(*venues: str, secret: str = SECRET, scopes: tuple[str, ...] = SCOPES, lifetime_seconds: int = 3600) -> str:
    """Sign a token for some venues."""
    return issue(
        secret=secret,
        subject="test-pos",
        organization_id=ORGANIZATION,
        venues=venues,
        scopes=scopes,
        now=datetime.now(UTC),
        lifetime_seconds=lifetime_seconds,
    )


def order_body(**changes: Any) -> dict[str, Any]:
    """Give a small order of two lines, at two stations."""
    money = {"amount": 950, "currency": "EUR"}
    body: dict[str, Any] = {
        "business_date": datetime.now(UTC).date().isoformat(),
        "channel": "qr",
        "display_number": "A-1",
        "items": [
            {"line_id": "pizza", "name": "Margherita", "quantity": "2", "unit_price": money, "station": "oven"},
            {"line_id": "cola", "name": "Cola", "quantity": "1", "unit_price": money, "station": "bar"},
        ],
    }
    return {**body, **changes}


class PosClient:
    """One venue's till, on any replica: each call says which address it goes to."""

    def __init__(self, venue_id: str, bearer: str) -> None:
        self.venue_id = venue_id
        self._http = httpx.AsyncClient(headers={"Authorization": f"Bearer {bearer}"}, timeout=15)

    async def __aenter__(self) -> "PosClient":
        """Open."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up."""
        await self._http.aclose()

    async def place(self, url: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """Place an order, with a key of its own where none is given."""
        headers = {"Idempotency-Key": key or uuid4().hex}
        content = order_body() if body is None else body
        return await self._http.post(f"{url}/v1/venues/{self.venue_id}/orders", json=content, headers=headers)

    async def act(
        self, url: str, order_id: str, verb: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> httpx.Response:
        """Do `verb` (accept, items/pizza/ready, …) to an order; headers with _ for -."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        address = f"{url}/v1/venues/{self.venue_id}/orders/{order_id}/{verb}"
        return await self._http.post(address, json=body, headers={"Idempotency-Key": key or uuid4().hex, **named})

    async def read(self, url: str, order_id: str) -> httpx.Response:
        """Read an order."""
        return await self._http.get(f"{url}/v1/venues/{self.venue_id}/orders/{order_id}")

    async def send(self, method: str, address: str, **request: Any) -> httpx.Response:
        """Send anything else."""
        return await self._http.request(method, address, **request)
