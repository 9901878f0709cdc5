"""Square's RetrieveOrder over HTTP: what fetches the whole order that a webhook only names."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from order_api.problems import Problem
from order_api.settings import SquareVenue

_API_VERSION = "2026-01-22"
_SECONDS = 8.0


class SquareOrders:
    """Asks Square for orders, with each venue's own access token."""

    def __init__(self, http: httpx.AsyncClient, api_url: str, venues: Mapping[str, SquareVenue]) -> None:
        self._http, self._api_url, self._venues = http, api_url.rstrip("/"), venues

    async def fetch_order(self, venue_id: str, order_id: str) -> Mapping[str, Any]:
        """Give the order as Square has it now. Raises Problem 503, on which Square delivers its webhook again."""
        token = self._venues[venue_id].access_token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}", "Square-Version": _API_VERSION}
        try:
            address = f"{self._api_url}/v2/orders/{quote(order_id, safe='')}"
            answer = await self._http.get(address, headers=headers, timeout=_SECONDS)
            order = answer.raise_for_status().json().get("order")
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            raise _unavailable(f"Square did not give the order: {error}") from error
        if not isinstance(order, dict):
            raise _unavailable("Square answered without an order")
        return order


def _unavailable(detail: str) -> Problem:
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "pos_unavailable", detail, headers={"Retry-After": "5"})
