"""Sends entries to the running order-api, a batch at a time, and waits out whatever passes.

Invariant: an entry counts as done only when order-api has answered for it; until then it is sent again, as it was.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx
import msgspec

from order_api.history_import.entries import Entry, Fault

MOST_EVENTS = 250
MOST_BYTES = 200_000  # under order-api's limit of a body
_PASSING = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
_LONGEST_PAUSE = 10.0


class Stopped(Exception):
    """order-api can't be reached, or does not let us in; the text says which. What was done stays done."""


@dataclass(slots=True)
class Tally:
    """What a batch came to."""

    imported: int
    already: int
    faults: list[Fault]


def in_batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Part entries into batches that order-api takes."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        more = len(msgspec.json.encode(entry.event)) + 1
        if more > MOST_BYTES:
            yield [Entry(entry.line, fault=Fault(entry.line, f"is over {MOST_BYTES} bytes: leave out what is long"))]
            continue
        if batch and (len(batch) == MOST_EVENTS or size + more > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += more
    if batch:
        yield batch


class Sender:
    """Posts batches to one address. `patience` is for how many seconds it waits for an order-api that is away."""

    def __init__(
        self, http: httpx.Client, url: str, *, sleep: Callable[[float], None], patience: float = 120.0
    ) -> None:
        self._http, self._url, self._sleep, self._patience = http, f"{url.rstrip('/')}/v1/events", sleep, patience

    def send(self, batch: Sequence[Entry]) -> Tally:
        """Have a batch imported. Raises Stopped."""
        tally = Tally(0, 0, [entry.fault for entry in batch if entry.fault is not None])
        left = [entry for entry in batch if entry.fault is None]
        waited, pause = 0.0, 0.2
        while left:
            left = self._count(left, self._post(left), tally)
            if not left:
                break
            if waited > self._patience:
                raise Stopped(f"order-api has not taken orders for {waited:.0f} s: run the same again to go on")
            self._sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # jitter
            waited, pause = waited + pause, min(pause * 2, _LONGEST_PAUSE)
        return tally

    def _post(self, entries: Sequence[Entry]) -> list[dict[str, Any]] | None:
        """Post once; give the results, None where it is worth trying again."""
        content = msgspec.json.encode([entry.event for entry in entries])
        headers = {"Content-Type": "application/cloudevents-batch+json"}
        try:
            answer = self._http.post(self._url, content=content, headers=headers)
        except httpx.TransportError:
            return None
        if answer.status_code in _PASSING:
            return None
        if not answer.is_success:
            raise Stopped(f"order-api answers {answer.status_code}: {_detail(answer)}")
        results: list[dict[str, Any]] = answer.json()["results"]
        return results

    def _count(self, entries: Sequence[Entry], results: Sequence[dict[str, Any]] | None, tally: Tally) -> list[Entry]:
        """Count what was done, and give what is to be sent again."""
        if results is None:
            return [*entries]
        again = []
        for entry, result in zip(entries, results, strict=True):
            if result["status"] in _PASSING:
                again.append(entry)
            elif "problem" in result:
                problem = result["problem"]
                if problem["code"] == "not_allowed":
                    raise Stopped(f"order-api does not allow it: {problem['detail']}")
                tally.faults.append(Fault(entry.line, problem["detail"], problem.get("field")))
            elif result.get("replayed"):
                tally.already += 1
            else:
                tally.imported += 1
        return again


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]
