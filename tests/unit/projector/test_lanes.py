"""Partitions are shared out whole, each to one lane, and only where there is much to do."""

from hypothesis import given
from hypothesis import strategies as st

from projector.lanes import lanes_of


@given(st.dictionaries(st.integers(0, 23), st.integers(1, 500).map(range), min_size=1))
def test_each_partition_is_in_one_lane_and_no_lane_is_empty(batch: dict[int, range]) -> None:
    lanes = lanes_of(batch)
    assert all(lanes)
    assert sorted((number, records) for lane in lanes for number, records in lane.items()) == sorted(batch.items())


def test_few_records_share_a_transaction() -> None:
    assert lanes_of({1: range(200), 2: range(199)}) == [{1: range(200), 2: range(199)}]


def test_many_are_shared_out_evenly() -> None:
    lanes = lanes_of({number: range(100) for number in range(6)})
    assert [sum(map(len, lane.values())) for lane in lanes] == [300, 300]
