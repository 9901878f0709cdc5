"""Waiting for something to become true, with a deadline, and with the last reason why it was not."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, stop_after_delay, wait_exponential

T = TypeVar("T")


class NotYet(AssertionError):
    """Raised in a condition to say what is still missing."""


@overload
async def eventually(condition: Callable[[], Awaitable[T]], *, within: float = ..., what: str = ...) -> T: ...


@overload
async def eventually(condition: Callable[[], T], *, within: float = ..., what: str = ...) -> T: ...


async def eventually(condition: Callable[[], Any], *, within: float = 60.0, what: str = "") -> Any:
    """Ask `condition` until it gives something true, and give that.

    An AssertionError inside it means "not yet"; any other exception ends the wait at once. At the deadline the test
    fails with the last failure, or the last value.
    """

    async def ask() -> Any:
        answer = condition()
        value = await answer if inspect.isawaitable(answer) else answer
        if not value:
            raise NotYet(f"the last answer was {value!r}")
        return value

    attempts = AsyncRetrying(
        stop=stop_after_delay(within),
        wait=wait_exponential(multiplier=0.01, max=0.25),
        retry=retry_if_exception_type(AssertionError),
    )
    try:
        return await attempts(ask)
    except RetryError as error:
        last = error.last_attempt.exception()
        raise AssertionError(f"{what or 'it'} did not happen within {within:g} s: {last}") from last
