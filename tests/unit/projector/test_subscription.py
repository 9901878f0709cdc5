"""A subscription that is told to end while it starts."""

import asyncio

import pytest

from projector.settings import RunSettings
from projector.subscription import Subscription


async def test_a_start_that_is_cut_off_ends_only_after_the_brokers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    subscription = Subscription(
        RunSettings.model_validate({"kafka_bootstrap_servers": "nowhere:1", "database_url": "postgresql://nowhere/x"})
    )
    begun, answer, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        await answer.wait()  # aiokafka would leak its connection here
        done.set()

    monkeypatch.setattr(subscription._broker, "start", slow)
    starting = asyncio.create_task(subscription.start())
    await begun.wait()
    starting.cancel()
    await asyncio.sleep(0)
    assert not starting.done()
    answer.set()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert done.is_set()
