"""How often one token may ask: a moving window in the memory of this replica.

limits' own asyncio storage walks all its keys on every request; its plain one costs 2 µs, and waits for nothing.
"""

from http import HTTPStatus
from math import ceil
from time import time

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from order_api.problems import Problem
from order_contracts.claims import Claims


class Rates:
    """Counts the requests of each token, by its subject and its id. Each replica counts for itself."""

    def __init__(self, limit: RateLimitItem | None) -> None:
        self._limit = limit
        self._window = None if limit is None else MovingWindowRateLimiter(MemoryStorage())

    def charge(self, claims: Claims, requests: int = 1) -> None:
        """Count requests of a token. Raises Problem 429, or 413 for more at once than ever may come.

        Those refused are not counted.
        """
        if self._limit is None or self._window is None:
            return
        if requests >= self._limit.amount > 1:  # beside the one that brought them
            raise _too_many_at_once(self._limit)
        name = (claims.organization_id, claims.subject, claims.token_id or "-")
        if self._window.hit(self._limit, *name, cost=requests):
            return
        reset, remaining = self._window.get_window_stats(self._limit, *name)
        raise _too_many(self._limit, max(1, ceil(reset - time())), remaining)


def _too_many_at_once(limit: RateLimitItem) -> Problem:
    most = f"this token may send {limit.amount} in {limit.get_expiry()} s"
    detail = f"each event of a batch counts as a request, and {most}: send it in parts"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "batch_too_large", detail)


def _too_many(limit: RateLimitItem, seconds: int, remaining: int) -> Problem:
    amount, window = limit.amount, limit.get_expiry()
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "rate_limited",
        f"over {amount} requests in {window} s with this token: wait {seconds} s, then send it again. Nothing was done",
        headers={
            "Retry-After": str(seconds),
            "RateLimit-Policy": f'"token";q={amount};w={window}',
            "RateLimit": f'"token";r={max(0, remaining)};t={seconds}',
        },
    )
