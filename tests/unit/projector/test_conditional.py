"""If-None-Match as the RFC has it: lists, weak tags, the star; and tags that tell contents apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projector.queries.conditional import answer, names, tag_of


@pytest.mark.parametrize(
    ("held", "tag", "known"),
    [
        ('"v2"', '"v2"', True),
        ('W/"v2"', '"v2"', True),
        ('"v1", W/"v2" ,"v3"', 'W/"v2"', True),
        ("*", '"v2"', True),
        ('"v22"', '"v2"', False),
        ("v2", '"v2"', False),
        ("", '"v2"', False),
    ],
)
def test_a_tag_is_known_where_it_is_named(held: str, tag: str, known: bool) -> None:
    assert names(held, tag) is known


@given(st.lists(st.binary(max_size=5), max_size=4), st.lists(st.binary(max_size=5), max_size=4))
def test_tags_tell_contents_apart_and_are_valid(one: list[bytes], other: list[bytes]) -> None:
    assert (tag_of(*one) == tag_of(*other)) is (one == other)
    assert names(tag_of(*one), tag_of(*one))


def test_304_has_the_headers_and_no_body() -> None:
    fresh, same = answer("", b"{}", '"v1"', {"Position": "p"}), answer('"v1"', b"{}", '"v1"', {"Position": "p"})
    assert (fresh.status_code, fresh.body) == (200, b"{}")
    assert (same.status_code, same.body) == (304, b"")
    for sent in (fresh, same):
        assert {sent.headers[name] for name in ("etag", "position", "vary")} == {'"v1"', "p", "Authorization"}
