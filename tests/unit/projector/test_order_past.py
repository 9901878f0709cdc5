"""Time travel: what an order was at any version or moment is the fold of its events up to there."""

import json
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_contracts.fold import merge_patch
from projector.queries.order_past import At, NoSuchPast, Step, order_at

START = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
changes = st.lists(
    st.dictionaries(
        st.sampled_from("abc"),
        st.none()
        | st.integers(0, 9)
        | st.dictionaries(st.sampled_from("xy"), st.none() | st.sampled_from(["no onions", "žá"])),
    ),
    min_size=1,
    max_size=8,
)
gaps = st.lists(st.integers(0, 3), min_size=8, max_size=8)


def trail_of(patches: list[dict[str, Any]], seconds: list[int]) -> list[Step]:
    moments = accumulate(seconds)
    return [
        Step(version, START + timedelta(seconds=moment), json.dumps({"change": patch}))
        for version, (patch, moment) in enumerate(zip(patches, moments, strict=False), 1)
    ]


@given(changes, gaps, st.data())
def test_a_version_is_the_fold_of_its_events_and_no_more(
    patches: list[dict[str, Any]], seconds: list[int], data: st.DataObject
) -> None:
    steps = trail_of(patches, seconds)
    version = data.draw(st.integers(1, len(steps)))
    expected: Any = {}
    for patch in patches[:version]:
        expected = merge_patch(expected, patch)
    found, document = order_at(steps, At(version=version))
    assert (found, json.loads(document)) == (version, expected)


@given(changes, gaps, st.integers(0, 30))
def test_a_moment_gives_the_last_version_appended_by_then(
    patches: list[dict[str, Any]], seconds: list[int], second: int
) -> None:
    steps = trail_of(patches, seconds)
    moment = START + timedelta(seconds=second)
    last = max((step.version for step in steps if step.appended_at <= moment), default=None)
    if last is None:
        with pytest.raises(NoSuchPast):
            order_at(steps, At(moment=moment))
    else:
        assert order_at(steps, At(moment=moment)) == order_at(steps, At(version=last))


def test_a_version_that_is_not_there_yet_is_no_past() -> None:
    with pytest.raises(NoSuchPast):
        order_at(trail_of([{"a": 1}], [0]), At(version=2))


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("3", At(version=3)),
        ("v3", At(version=3)),
        ("2026-11-24T19:05:00Z", At(moment=START + timedelta(minutes=5))),
        ("2026-11-24T20:05:00+01:00", At(moment=START + timedelta(minutes=5))),
        ("2026-11-24T20:05:00 01:00", At(moment=START + timedelta(minutes=5))),  # a + that a URL made a space
    ],
)
def test_at_is_read(text: str, at: At) -> None:
    assert At.parse(text) == at


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "v", "yesterday", "2026-11-24", "2026-11-24T19:05:00", "T", "1e3", "٣"]
)
def test_at_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(ValueError, match="name a version"):
        At.parse(text)
