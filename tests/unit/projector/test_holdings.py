"""Records are projected once each, from the position on, and only from the log that the rows were made of."""

from dataclasses import dataclass

import pytest

from projector.holdings import Holding, Holdings, LineageBroken, digest


@dataclass
class Record:
    offset: int
    timestamp: int = 1
    key: bytes | None = b"k"
    value: bytes | None = b"v"


def offsets(records: object) -> list[int]:
    return [record.offset for record in records]  # type: ignore[attr-defined]


def test_records_of_a_partition_that_is_not_held_are_left() -> None:
    assert Holdings().admit(0, [Record(4)]) == ()


def test_the_record_before_the_position_proves_the_log_and_is_not_projected_again() -> None:
    holdings = Holdings({0: Holding(next=5, lineage=digest(Record(4)))})
    assert holdings[0].fetch_from == 4
    assert offsets(holdings.admit(0, [Record(4), Record(5), Record(6)])) == [5, 6]
    assert holdings[0].fetch_from == 5
    assert offsets(holdings.admit(0, [Record(5)])) == [5]


@pytest.mark.parametrize("other", [Record(4, timestamp=2), Record(4, value=b"w"), Record(4, key=None)])
def test_another_log_under_the_same_name_halts(other: Record) -> None:
    holdings = Holdings({0: Holding(next=5, lineage=digest(Record(4)))})
    with pytest.raises(LineageBroken, match="partition 0: the record at offset 4"):
        holdings.admit(0, [other, Record(5)])


@pytest.mark.parametrize("first", [3, 6])
def test_records_from_an_unexpected_offset_ask_for_a_new_claim(first: int) -> None:
    assert Holdings({0: Holding(next=5, lineage=None)}).admit(0, [Record(first)]) is None


def test_records_fetched_before_a_seek_are_no_broken_lineage() -> None:
    assert Holdings({0: Holding(next=5, lineage="anything")}).admit(0, [Record(5)]) is None


def test_a_partition_without_history_starts_at_its_first_record() -> None:
    holdings = Holdings({0: Holding(next=0, lineage=None)})
    assert offsets(holdings.admit(0, [Record(0), Record(1)])) == [0, 1]
