import socket
from itertools import count

import pytest

from local_stack.ports import HOST, PortTaken, assign, from_base, unused_port


def ports(*names: str, given=None, kept=None, taken=(), start=100):
    numbers = count(start)
    return assign(
        names,
        given=given or {},
        kept=kept or {},
        is_free=lambda port: port not in taken,
        draw=lambda: next(numbers),
    )


def test_kept_ports_stay_so_that_links_stay_valid() -> None:
    assert ports("kafka", "notifier-1", kept={"notifier-1": 7}) == {"kafka": 100, "notifier-1": 7}


def test_a_kept_port_that_somebody_took_is_replaced() -> None:
    assert ports("kafka", kept={"kafka": 7}, taken={7, 100}) == {"kafka": 101}


def test_a_given_port_wins_over_a_kept_one() -> None:
    assert ports("kafka", given={"kafka": 9092}, kept={"kafka": 7}) == {"kafka": 9092}


def test_a_given_port_in_use_is_named_in_the_failure() -> None:
    with pytest.raises(PortTaken, match="port 9092 for kafka is in use"):
        ports("kafka", given={"kafka": 9092}, taken={9092})


def test_no_two_names_get_the_same_port() -> None:
    chosen = ports("a", "b", "c", given={"c": 100}, kept={"a": 5, "b": 5})
    assert chosen == {"a": 5, "b": 101, "c": 100}


def test_a_base_numbers_upwards_and_none_gives_none() -> None:
    assert from_base(["a", "b"], 8000) == {"a": 8000, "b": 8001}
    assert from_base(["a", "b"], None) == {}


def test_an_unused_port_is_given_once() -> None:
    given = [unused_port() for _ in range(300)]
    assert len(set(given)) == len(given)


def test_a_port_on_which_somebody_listens_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((HOST, 0)) as busy, socket.create_server((HOST, 0)) as freed:
        taken, free = busy.getsockname()[1], freed.getsockname()[1]
        freed.close()
        monkeypatch.setattr("local_stack.ports.CANDIDATES", [taken, free])
        assert unused_port() == free
