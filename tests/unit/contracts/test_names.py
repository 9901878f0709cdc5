"""Ids, partitions, rooms, positions and the topic's contract."""

import json
import re
from uuid import UUID, uuid5

import pytest
from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from order_contracts.channels import PARTITIONS, TOPIC_CONFIG, Room, partition_of, rooms_of, topic_faults
from order_contracts.ids import array_of_texts, event_id_for, is_name, order_id_for
from order_contracts.positions import Position, epoch_of

NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")


def test_the_same_request_names_the_same_order_and_event() -> None:
    order = order_id_for("v1", "pos", "k1", "2026-11-20")
    assert order == order_id_for("v1", "pos", "k1", "2026-11-20")
    assert event_id_for(order, "k2") == event_id_for(order, "k2")


@given(st.lists(st.text(), min_size=4, max_size=4), st.lists(st.text(), min_size=4, max_size=4))
def test_other_requests_name_other_orders(one: list[str], other: list[str]) -> None:
    assert (order_id_for(*one) == order_id_for(*other)) == (one == other)


@given(st.uuids(), st.text())
def test_an_event_is_named_as_rfc_9562_says(order: UUID, key: str) -> None:
    assert event_id_for(str(order), key) == str(uuid5(order, key))


@given(st.lists(st.text(st.characters(exclude_categories=()))))
def test_texts_are_joined_as_json_does_it(texts: list[str]) -> None:
    assert array_of_texts(*texts) == json.dumps(texts)


@given(NAMES)
def test_partition_is_that_of_kafkas_default_partitioner(venue: str) -> None:
    assert partition_of(venue, PARTITIONS) == (murmur2(venue.encode()) & 0x7FFFFFFF) % PARTITIONS


@given(NAMES, NAMES)
def test_rooms_read_back(venue: str, station: str) -> None:
    for name in rooms_of(venue, "org", "order-1", (station,)):
        assert str(Room.parse(name)) == name


@pytest.mark.parametrize("text", ["", "venue", "venue:", "venue:a:b", "venue:a:station:", "venue:a/b", "x:y"])
def test_what_is_no_room_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(ValueError, match="use venue:"):
        Room.parse(text)


@given(st.dictionaries(st.integers(0, 9999), st.integers(0, 10**17), min_size=1, max_size=30))
def test_positions_read_back(offsets: dict[int, int]) -> None:
    position = Position(epoch_of("cluster", "topic", 24, 1), offsets)
    assert Position.parse(str(position)) == position


@given(st.text(max_size=30).filter(lambda text: not re.fullmatch(r"[0-9a-f]{8}(\.[0-9]+-[0-9]+)+", text)))
def test_no_other_text_is_a_position(text: str) -> None:
    with pytest.raises(ValueError, match="unchanged"):
        Position.parse(text)


def test_another_life_of_the_topic_has_another_epoch() -> None:
    epochs = {
        epoch_of("c", "t", 24, 1),
        epoch_of("c", "t", 24, 2),
        epoch_of("c", "t", 25, 1),
        epoch_of("d", "t", 24, 1),
    }
    assert len(epochs) == 4


@pytest.mark.parametrize("name", ["", "-a", "a b", "a:b", "a/b", "ü", "a" * 65, "a\n"])
def test_what_would_break_a_room_or_a_url_is_no_name(name: str) -> None:
    assert not is_name(name)


def test_a_topic_that_keeps_its_contract_has_no_faults() -> None:
    assert topic_faults(24, TOPIC_CONFIG, expected_partitions=24) == []


@pytest.mark.parametrize("name", TOPIC_CONFIG)
def test_a_topic_that_breaks_its_contract_is_named_with_the_remedy(name: str) -> None:
    (fault,) = topic_faults(24, {**TOPIC_CONFIG, name: "other"}, expected_partitions=24)
    assert name in fault
    (fault,) = topic_faults(12, TOPIC_CONFIG, expected_partitions=24)
    assert "ORDERS_PARTITIONS" in fault
