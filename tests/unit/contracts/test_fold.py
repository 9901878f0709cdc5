"""The fold is RFC 7396, for all JSON values."""

import json
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_contracts.fold import apply_patch, merge_patch

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)

RFC_7396_APPENDIX_A = """
{"a":"b"} | {"a":"c"} | {"a":"c"}
{"a":"b"} | {"b":"c"} | {"a":"b","b":"c"}
{"a":"b"} | {"a":null} | {}
{"a":"b","b":"c"} | {"a":null} | {"b":"c"}
{"a":["b"]} | {"a":"c"} | {"a":"c"}
{"a":"c"} | {"a":["b"]} | {"a":["b"]}
{"a":{"b":"c"}} | {"a":{"b":"d","c":null}} | {"a":{"b":"d"}}
{"a":[{"b":"c"}]} | {"a":[1]} | {"a":[1]}
["a","b"] | ["c","d"] | ["c","d"]
{"a":"b"} | ["c"] | ["c"]
{"a":"foo"} | null | null
{"a":"foo"} | "bar" | "bar"
{"e":null} | {"a":1} | {"e":null,"a":1}
[1,2] | {"a":"b","c":null} | {"a":"b"}
{} | {"a":{"bb":{"ccc":null}}} | {"a":{"bb":{}}}
"""


@pytest.mark.parametrize("row", RFC_7396_APPENDIX_A.strip().splitlines())
def test_examples_of_the_rfc(row: str) -> None:
    target, patch, result = (json.loads(part) for part in row.split(" | "))
    assert merge_patch(target, patch) == result


@given(JSON, JSON)
def test_neither_argument_is_changed_and_twice_is_once(target: object, patch: object) -> None:
    before = deepcopy((target, patch))
    once = merge_patch(target, patch)
    assert (target, patch) == before
    assert merge_patch(once, patch) == once


OBJECT = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


@given(OBJECT, OBJECT)
def test_in_place_it_gives_the_same_text(document: dict[str, object], patch: dict[str, object]) -> None:
    expected = json.dumps(merge_patch(document, patch))
    apply_patch(document, deepcopy(patch))
    assert json.dumps(document) == expected


def test_depth_does_not_end_it() -> None:
    patch: dict[str, object] = {}
    for _ in range(100_000):
        patch = {"a": patch}
    assert "a" in merge_patch({}, patch)
