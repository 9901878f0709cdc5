"""The keys of guests' texts: one for each order, all grown from one seed, and taken out of it one by one.

A puncturable pseudorandom function: the tree of Goldreich, Goldwasser and Micali (1986), from which a leaf is taken out
by keeping the seeds beside its path instead of those on it (Boneh and Waters, 2013). What must not break: nobody who
holds what is left can find a key that was taken out, and every other order's key stays what it was.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from secrets import token_bytes
from typing import TypeAlias

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SEED_BYTES = 16
MARK_BYTES = 5
ARMS = 4
_GROWN_BYTES, _PERSON = ARMS * SEED_BYTES, b"guest-key"
_SHIFTS = range(8 * MARK_BYTES - 2, -1, -2)  # two bits choose one of four arms
_MOST_REMEMBERED = 50_000
_SHORTCUT = 6  # levels; below them each order has a way of its own

Tree: TypeAlias = "bytes | tuple[Tree, ...] | None"
"""A seed that all below it grows from, nothing where all below was taken out, or four parts."""


@lru_cache(maxsize=_MOST_REMEMBERED)
def mark_of(order_id: str) -> bytes:
    """Give an order's place in the tree.

    That one of ten million others shares it has a chance of 1 in 100,000; it would be erased with it.
    """
    return blake2b(order_id.encode(), digest_size=MARK_BYTES, person=b"guest-mark").digest()


def new_seed() -> bytes:
    """Make a seed."""
    return token_bytes(SEED_BYTES)


class GuestKeys:
    """Trees by era, and the era that new texts are sealed in. Never changed: what takes out gives other keys.

    An era is a stretch of time, such as a month or a year: dropping it drops all that was sealed in it.
    """

    def __init__(self, eras: Mapping[str, Tree], current: str) -> None:
        self.eras, self.current = dict(eras), current
        self._remembered: dict[tuple[str, bytes], tuple[bytes, AESGCM] | tuple[None, None]] = {}
        self._branches: dict[tuple[str, int], Tree] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GuestKeys) and (self.eras, self.current) == (other.eras, other.current)

    __hash__ = None  # type: ignore[assignment]  # compared, never looked up

    def key(self, era: str, mark: bytes) -> bytes | None:
        """Give the key of a place in an era; None where it was taken out, or where there is no such place or era."""
        return self._known(era, mark)[0]

    def cipher(self, era: str, mark: bytes) -> AESGCM | None:
        """Give what seals and opens with that key."""
        return self._known(era, mark)[1]

    def _known(self, era: str, mark: bytes) -> tuple[bytes, AESGCM] | tuple[None, None]:
        place = era, mark
        known = self._remembered.get(place)
        if known is None:
            leaf = self._leaf(era, mark) if len(mark) == MARK_BYTES else None
            known = (leaf, AESGCM(leaf)) if isinstance(leaf, bytes) else (None, None)
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[place] = known
        return known

    def _leaf(self, era: str, mark: bytes) -> Tree:
        arms, branch = _arms_to(mark), (era, mark[0] << 4 | mark[1] >> 4)
        if branch not in self._branches and era in self.eras:
            self._branches[branch] = _below(self.eras[era], arms[:_SHORTCUT])
        return _below(self._branches.get(branch), arms[_SHORTCUT:])

    def without(self, order_ids: Iterable[str]) -> "GuestKeys":
        """Take some orders' keys out, of every era."""
        eras = self.eras
        for order_id in order_ids:
            arms = _arms_to(mark_of(order_id))
            eras = {era: _punctured(tree, arms) for era, tree in eras.items()}
        return GuestKeys(eras, self.current)

    def with_era(self, era: str, seed: bytes) -> "GuestKeys":
        """Begin an era: new texts are sealed in it. Raises ValueError where it is there already."""
        if era in self.eras:
            raise ValueError(f"the era {era} has begun already: name another one")
        return GuestKeys({**self.eras, era: seed}, era)

    def without_era(self, era: str) -> "GuestKeys":
        """Drop an era, and with it all that was sealed in it. Raises ValueError for an unknown or the current one."""
        if era not in self.eras:
            raise ValueError(f"there is no era {era}: there is {', '.join(self.eras)}")
        if era == self.current:
            raise ValueError(f"the era {era} is the current one: begin another one first")
        return GuestKeys({name: tree for name, tree in self.eras.items() if name != era}, self.current)


def _arms_to(mark: bytes) -> tuple[int, ...]:
    number = int.from_bytes(mark)
    return tuple(number >> shift & 3 for shift in _SHIFTS)


def _grown(seed: bytes) -> tuple[bytes, ...]:
    return tuple(part for arm in range(ARMS) if isinstance(part := _below(seed, (arm,)), bytes))


def _below(tree: Tree, arms: tuple[int, ...]) -> Tree:
    for arm in arms:
        if isinstance(tree, bytes):
            start = arm * SEED_BYTES
            tree = blake2b(key=tree, digest_size=_GROWN_BYTES, person=_PERSON).digest()[start : start + SEED_BYTES]
        elif tree is None:
            return None
        else:
            tree = tree[arm]
    return tree


def _punctured(tree: Tree, arms: tuple[int, ...]) -> Tree:
    if tree is None or not arms:
        return None
    parts = tree if isinstance(tree, tuple) else _grown(tree)
    left = tuple(_punctured(part, arms[1:]) if arm == arms[0] else part for arm, part in enumerate(parts))
    return None if left == (None,) * ARMS else left
