"""The keys of guests' texts: what is taken out is gone for good, and nothing else moves."""

import json
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_contracts.guest_key_file import (
    GuestKeySettings,
    KeptGuestKeys,
    dump_keys,
    parse_keys,
    read_keys,
    write_keys,
)
from order_contracts.guest_keys import MARK_BYTES, SEED_BYTES, GuestKeys, Tree, mark_of
from order_contracts.reloaded import NotReadable

SEED = bytes(range(SEED_BYTES))
KEYS = GuestKeys({"2026": SEED, "2027": SEED[::-1]}, "2027")
ORDERS = st.lists(st.text(max_size=8), unique=True, max_size=12)


def seeds_in(tree: Tree) -> set[bytes]:
    if isinstance(tree, tuple):
        return {seed for part in tree for seed in seeds_in(part)}
    return set() if tree is None else {tree}


@given(ORDERS, ORDERS)
def test_taking_some_orders_out_takes_theirs_and_no_other_key(gone: list[str], others: list[str]) -> None:
    left = KEYS.without(gone)
    for era in KEYS.eras:
        assert all(left.key(era, mark_of(order)) is None for order in gone)
        kept = [mark_of(order) for order in others if order not in gone]
        assert [left.key(era, mark) for mark in kept] == [KEYS.key(era, mark) for mark in kept]


@given(ORDERS, st.randoms(use_true_random=False))
def test_the_order_of_erasures_does_not_matter_nor_how_often_they_are_done(gone: list[str], luck) -> None:
    shuffled = luck.sample(gone, len(gone))
    one_by_one = KEYS
    for order in [*shuffled, *gone]:
        one_by_one = one_by_one.without([order])
    assert one_by_one == KEYS.without(gone)


@given(st.text(max_size=8))
def test_what_is_left_holds_no_seed_on_the_way_to_what_was_taken_out(gone: str) -> None:
    left = KEYS.without([gone]).eras["2026"]
    on_the_way: set[bytes] = set()
    part: Tree = SEED
    number = int.from_bytes(mark_of(gone))
    for shift in range(38, -1, -2):
        assert isinstance(part, bytes)
        on_the_way.add(part)
        part = GuestKeys({"e": part}, "e").without([gone]).eras["e"] and _arm(part, number >> shift & 3)
    assert isinstance(part, bytes)
    assert KEYS.key("2026", mark_of(gone)) == part
    assert not seeds_in(left) & {*on_the_way, part}


@given(st.text(max_size=8), st.integers(0, 8 * MARK_BYTES - 1))
def test_the_nearest_of_all_other_places_keeps_its_key(gone: str, bit: int) -> None:
    near = (int.from_bytes(mark_of(gone)) ^ 1 << bit).to_bytes(MARK_BYTES)
    assert KEYS.without([gone]).key("2026", near) == KEYS.key("2026", near) is not None


def _arm(seed: bytes, arm: int) -> bytes:
    # said once more, apart from the code under test
    return blake2b(key=seed, digest_size=64, person=b"guest-key").digest()[16 * arm :][:16]


def test_two_orders_and_two_eras_have_keys_of_their_own() -> None:
    found = {KEYS.key(era, mark_of(f"order-{number}")) for era in KEYS.eras for number in range(500)}
    assert len(found) == 1000


def test_an_era_that_was_dropped_has_no_keys_and_the_current_one_stays() -> None:
    left = KEYS.without_era("2026")
    assert left.key("2026", mark_of("o")) is None
    assert left.key("2027", mark_of("o")) == KEYS.key("2027", mark_of("o"))
    with pytest.raises(ValueError, match="begin another one first"):
        left.without_era("2027")
    with pytest.raises(ValueError, match="there is no era 1999"):
        left.without_era("1999")
    with pytest.raises(ValueError, match="has begun already"):
        left.with_era("2027", SEED)


@given(ORDERS)
def test_a_file_gives_back_what_was_written(gone: list[str]) -> None:
    keys = KEYS.without(gone)
    assert parse_keys(json.loads(json.dumps(dump_keys(keys)))) == keys


NONSENSE = st.recursive(
    st.none() | st.integers() | st.text(max_size=30) | st.just("AAECAwQFBgcICQoLDA0ODw=="),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries({}, optional={"current": NONSENSE | st.just("e"), "eras": NONSENSE | st.just({"e": None})})
)
def test_nonsense_is_refused_in_words_and_by_nothing_else(said) -> None:
    with suppress(ValueError):
        keys = parse_keys(said)
        assert keys.key(keys.current, mark_of("o")) is None or keys.current in keys.eras


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"current":"a","eras":{"a":"short"}}', "[" * 100_000, "\xff"])
def test_a_file_that_holds_no_keys_is_named_with_what_is_wrong(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(NotReadable, match=r"GUEST_KEYS_FILE .*keys\.json holds no guest keys: "):
        read_keys(path)
    with pytest.raises(ValueError, match="holds no guest keys"):
        GuestKeySettings(guest_keys_file=path)


def test_a_written_file_is_private_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_keys(path, KEYS)
    write_keys(path, KEYS.without(["o"]))
    assert read_keys(path) == KEYS.without(["o"])
    assert [file.name for file in tmp_path.iterdir()] == ["keys.json"]
    assert path.stat().st_mode & 0o077 == 0


def test_seven_hundred_erasures_fit_into_a_kubernetes_secret() -> None:
    keys = KEYS.without_era("2026").without(f"order-{number}" for number in range(700))
    assert len(msgspec.json.encode(dump_keys(keys))) < 1024 * 1024


async def test_keys_are_read_again_and_a_broken_file_takes_none_away(tmp_path: Path) -> None:
    path, complaints = tmp_path / "keys.json", []
    write_keys(path, KEYS)
    kept = KeptGuestKeys(GuestKeySettings(guest_keys_file=path), complain=complaints.append)
    await kept.start()
    write_keys(path, KEYS.without(["o"]))
    await kept.start()
    assert kept.now() == KEYS.without(["o"])
    path.write_text("{")
    await kept.start()
    assert kept.now() == KEYS.without(["o"])
    assert len(complaints) == 1


async def test_without_a_file_there_are_no_keys() -> None:
    kept = KeptGuestKeys(GuestKeySettings(), complain=pytest.fail)
    await kept.start()
    assert kept.now() is None
