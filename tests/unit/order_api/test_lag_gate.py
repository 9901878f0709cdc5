"""A replica whose tail stands still knows it, and says so before it appends anything."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import TopicPartition

from order_api.bodies import PlaceOrder
from order_api.boot import Start
from order_api.commands import Place
from order_api.lane import Appending, Record
from order_api.metrics import Metrics
from order_api.order_book import OrderBook
from order_api.order_desk import OrderDesk
from order_api.order_log import OrderLog
from order_api.problems import Problem
from order_api.proposing import Request
from order_api.tail import Tail
from order_contracts.channels import partition_of

P = partition_of("v1", 1)
DEADLINE = 5.0


@dataclass
class FrozenFetch:
    """A broker that takes records behind another's, and a tail that gets none of them."""

    appended: list[bytes] = field(default_factory=list)

    def append(self, record: Record, by: Appending) -> None:
        self.appended.append(record.value)
        by.appended(len(self.appended), 1_000)

    async def end_offsets(self, asked: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(asked, len(self.appended) + 1)

    async def getmany(self, *_: Any, **__: Any) -> dict[Any, Any]:
        return {}


class Replica:
    def __init__(self) -> None:
        self.now, self.broker = 0.0, FrozenFetch()
        fake: Any = self.broker
        book, metrics, start = OrderBook(), Metrics(), Start({0: 0}, frozenset({0}))
        log = OrderLog(book=book, metrics=metrics, appender=fake, asker=fake, topic="t", epoch="e", start=start)
        self.tail = Tail(fake, log, window=timedelta(hours=97), clock=lambda: self.now)
        moment = lambda: datetime(2026, 11, 24, 12, tzinfo=UTC)  # noqa: E731
        self.desk = OrderDesk(book=book, log=log, metrics=metrics, lag=self.tail.lag, now=moment, deadline=0.05)

    async def place(self, key: str) -> Problem:
        price = {"amount": 1, "currency": "EUR"}
        body = PlaceOrder.model_validate(
            {
                "business_date": "2026-11-24",
                "channel": "qr",
                "items": [{"name": "x", "quantity": "1", "unit_price": price}],
            }
        ).order()
        command = Place(f"o-{key}", "v1", "org", body)
        with pytest.raises(Problem) as refused:
            await self.desk.carry_out(Request("v1", "org", f"o-{key}", f"e-{key}", "f", "me", command))
        return refused.value


async def test_a_tail_that_stands_still_is_noticed_by_what_was_appended() -> None:
    replica = Replica()
    first = await replica.place("first")  # appended, and never read back: nobody knows
    assert (first.status, first.code, len(replica.broker.appended)) == (503, "try_again", 1)
    await replica.tail._read()
    replica.tail._note_turn()
    replica.now += 60
    second = await replica.place("second")
    assert (second.status, second.headers, len(replica.broker.appended)) == (503, {"Retry-After": "1"}, 1)
    assert "Nothing was done" in second.detail


async def test_the_tail_of_a_quiet_log_does_not_lag() -> None:
    replica = Replica()
    await replica.tail._read()
    replica.tail._note_turn()
    replica.now += 60
    assert replica.tail.lag() == 0
