"""What can come of a request: an answer, a refusal, or no answer. There is no fourth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from order_contracts.order import Order


@dataclass(frozen=True, slots=True)
class Answer:
    """An order as the request left it: checked, and as it came with what this release does not know.

    `position` has seen it; `replayed`: the request had been carried out before.
    """

    order: Order
    document: Mapping[str, Any]
    version: int
    position: str
    replayed: bool

    @classmethod
    def read(cls, document: Any, headers: Mapping[str, str]) -> "Answer":
        """Read a 200 or 201."""
        order, replayed = Order.model_validate(document), headers.get("idempotent-replayed") == "true"
        return cls(order, document, order.version, headers.get("position", ""), replayed)


class Refused(Exception):
    """The request will not be carried out, and sending it again would not change that (problem+json, RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title") or f"refused with {status}"))
        self.status = status
        self.code = str(problem.get("code", "unknown"))
        self.field = problem.get("field")


class NoAnswer(Exception):
    """Nobody answered in time: the request may have been carried out or not. With `key` it is safe to send again."""

    def __init__(self, key: str, last: str) -> None:
        super().__init__(f"no answer; the last try ended with: {last}. Send it again with the key {key!r}")
        self.key = key
