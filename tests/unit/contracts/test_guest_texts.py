"""A guest's texts: sealed, opened, erased. Whatever the bytes, opening gives JSON and never raises."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_contracts.fold import merge_patch
from order_contracts.guest_keys import GuestKeys
from order_contracts.guest_texts import (
    ERASED,
    GuestTexts,
    KeyGone,
    erased_document,
    erased_event,
    erasure_of,
    says_erased,
    turned,
)

KEYS = GuestKeys({"2026": b"0123456789abcdef"}, "2026")
SEAL = GuestTexts(lambda: KEYS)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30) | st.sampled_from(
    ['{"sealed":"2026.AAAA"}', '"', "\\", '","sealed":"x', "null", ERASED, "\x00\x1f"]
)
ITEM = st.fixed_dictionaries({}, optional={"notes": st.none() | TEXT, "name": TEXT, "quantity": st.just("2")})
CHANGE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"version": st.integers(1, 9)},
    optional={
        "guest": st.none() | st.fixed_dictionaries({}, optional={"name": TEXT}),
        "notes": st.none() | TEXT,
        "allergens": st.lists(TEXT, max_size=3),
        "items": st.dictionaries(st.sampled_from("123"), st.none() | ITEM, max_size=3),
        "status": st.sampled_from(["placed", "ready"]),
        "table": st.fixed_dictionaries({"label": TEXT}),
    },
)


def folded(changes: list[dict[str, Any]]) -> Any:
    document: Any = {}
    for change in changes:
        document = merge_patch(document, change)
    return document


def encoded(value: Any) -> bytes:
    return msgspec.json.encode(value)


def opened(value: Any, seal: GuestTexts = SEAL) -> Any:
    return msgspec.json.decode(seal.opened(encoded(value)))


@given(CHANGE)
def test_what_was_sealed_is_opened(change: dict[str, Any]) -> None:
    assert opened(SEAL.sealed("o", change)) == change


@given(CHANGE)
def test_no_text_of_the_guest_is_in_what_was_sealed(change: dict[str, Any]) -> None:
    sealed = SEAL.sealed("o", change)
    assert sorted(_texts(sealed)) == sorted(_others(change))


def _others(change: dict[str, Any]) -> list[str]:
    """All texts but the guest's, told apart here once more."""
    bare = {name: part for name, part in change.items() if name not in {"guest", "notes", "allergens", "items"}}
    items = [item for item in (change.get("items") or {}).values() if item]
    return _texts([bare, *({name: part for name, part in item.items() if name != "notes"} for item in items)])


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict) and value.keys() == {"sealed"}:
        return []
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return [value] if isinstance(value, str) else []


@given(CHANGE)
def test_a_change_without_texts_of_the_guest_stays_the_very_same(change: dict[str, Any]) -> None:
    bare = turned(change, lambda _: None)
    bare = (
        bare
        if bare is change
        else {name: bare[name] for name in bare if name not in {"notes", "allergens", "items", "guest"}}
    )
    assert SEAL.sealed("o", bare) is bare


@given(st.lists(CHANGE, max_size=5))
def test_opening_commutes_with_the_fold(changes: list[dict[str, Any]]) -> None:
    assert opened(folded([SEAL.sealed("o", change) for change in changes])) == folded(changes)


@given(st.lists(st.tuples(CHANGE, st.booleans()), max_size=5))
def test_a_log_that_was_begun_unsealed_folds_all_the_same(changes: list[tuple[dict[str, Any], bool]]) -> None:
    mixed = [SEAL.sealed("o", change) if sealed else change for change, sealed in changes]
    assert opened(folded(mixed)) == folded([change for change, _ in changes])


@given(st.lists(CHANGE, max_size=5))
def test_erased_folding_commutes_with_the_fold(changes: list[dict[str, Any]]) -> None:
    gone = GuestTexts(lambda: KEYS.without(["o"]))
    sealed = [SEAL.sealed("o", change) for change in changes]
    erased = folded([turned(change, lambda _: ERASED) for change in changes])
    assert opened(folded(sealed), gone) == erased
    assert folded([opened(change, gone) for change in sealed]) == erased
    assert msgspec.json.decode(erased_document(encoded(folded(sealed)))) == erased


@given(st.lists(CHANGE, max_size=5))
def test_the_erasing_change_leaves_no_text_and_all_the_rest(changes: list[dict[str, Any]]) -> None:
    document = folded(changes)
    left = merge_patch(document, erasure_of(document))
    found: list[Any] = []
    turned(left, found.append)
    assert found == []
    assert left.get("table") == document.get("table")
    assert left.get("version") == document.get("version")
    for line, item in (document.get("items") or {}).items():
        assert left["items"][line] == {name: value for name, value in item.items() if name != "notes"}


@given(st.binary(max_size=80), st.binary(max_size=40))
def test_garbage_never_raises(garbage: bytes, inside: bytes) -> None:
    SEAL.opened(garbage)
    SEAL.opened(b'{"sealed":"' + inside + b'"}')
    says_erased(garbage)
    erased_event(garbage)


@given(st.sampled_from(["", "2026", "2026.", "."]), st.text("AB+/=é", max_size=60))
def test_a_sealed_text_that_is_garbage_reads_as_erased(era: str, coded: str) -> None:
    assert opened({"notes": {"sealed": era + coded}}) == {"notes": ERASED}


def test_a_sealed_text_that_was_tampered_with_reads_as_erased() -> None:
    sealed = SEAL.sealed("o", {"notes": "no onions"})["notes"]["sealed"]
    for place in range(len("2026."), len(sealed)):
        other = "A" if sealed[place] != "A" else "B"
        changed = sealed[:place] + other + sealed[place + 1 :]
        assert opened({"notes": {"sealed": changed}})["notes"] in {
            ERASED,
            "no onions",
        }  # base64's spare bits say nothing
    assert opened({"notes": {"sealed": sealed.replace("2026", "2027")}}) == {"notes": ERASED}


def test_one_order_s_key_opens_no_other_s_text() -> None:
    both = [SEAL.sealed(order, {"notes": order}) for order in ("o", "p")]
    assert opened(both, GuestTexts(lambda: KEYS.without(["o"]))) == [{"notes": ERASED}, {"notes": "p"}]


def test_a_caller_s_text_can_t_pass_for_a_sealed_one() -> None:
    sealed = encoded(SEAL.sealed("o", {"notes": "secret"})["notes"]).decode()
    assert opened({"table": {"label": sealed}}) == {"table": {"label": sealed}}


def test_what_an_earlier_era_sealed_is_opened_after_another_has_begun() -> None:
    later = KEYS.with_era("2027", b"fedcba9876543210")
    old, new = SEAL.sealed("o", {"notes": "old"}), GuestTexts(lambda: later).sealed("o", {"notes": "new"})
    assert [opened(one, GuestTexts(lambda: later)) for one in (old, new)] == [{"notes": "old"}, {"notes": "new"}]
    last = later.without_era("2026")
    assert [opened(one, GuestTexts(lambda: last)) for one in (old, new)] == [{"notes": ERASED}, {"notes": "new"}]


def test_without_keys_texts_stay_and_sealed_ones_read_as_erased() -> None:
    none = GuestTexts(lambda: None)
    change = {"notes": "no onions"}
    assert none.sealed("o", change) is change
    assert opened(SEAL.sealed("o", change), none) == {"notes": ERASED}
    assert none.masked("o", "f") == "f"
    assert none.same_request("o", "f", "f")
    assert not none.same_request("o", "f", "g")


def test_nothing_can_be_sealed_once_the_key_is_gone() -> None:
    with pytest.raises(KeyGone):
        GuestTexts(lambda: KEYS.without(["o"])).sealed("o", {"notes": "no onions"})


def test_a_masked_fingerprint_says_nothing_and_is_known_again_in_any_era() -> None:
    masked = SEAL.masked("o", "f" * 32)
    later = GuestTexts(lambda: KEYS.with_era("2027", b"fedcba9876543210"))
    assert masked != "f" * 32
    assert len(masked) == 32
    assert later.same_request("o", masked, "f" * 32)
    assert not later.same_request("o", masked, "0" * 32)
    assert not later.same_request("p", masked, "f" * 32)
    assert GuestTexts(lambda: KEYS.without(["o"])).same_request("o", masked, "0" * 32)


def test_an_event_is_erased_word_by_word_sealed_or_not() -> None:
    event = {"id": "e", "change": {"notes": "n", "items": {"1": {"name": "Soup", "notes": "hot"}}}}
    erased = {"id": "e", "change": {"notes": ERASED, "items": {"1": {"name": "Soup", "notes": ERASED}}}}
    assert msgspec.json.decode(erased_event(encoded(event))) == erased
    assert msgspec.json.decode(erased_event(encoded({**event, "change": SEAL.sealed("o", event["change"])}))) == erased
    assert says_erased(encoded({"type": "order.guest_erased.v1"}))
    assert not says_erased(encoded({"type": "order.placed.v1", "notes": '"type":"order.guest_erased.v1"'}))
