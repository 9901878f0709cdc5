"""When each socket is pinged, and when it should have answered: one turning wheel for all of them, without a clock.

It is turned a notch at a time. Two hands point at it: under the first a socket is pinged, under the second, as far
behind as an answer may take, it is looked at. A socket costs one entry in a set, and no timer and no task.
"""

from collections.abc import Hashable, Set
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Wheel(Generic[T]):
    """Who is due. Invariant: each member is under each hand once a turn, `grace` notches apart."""

    def __init__(self, notches: int, grace: int) -> None:
        if not 0 < grace < notches:
            raise ValueError("an answer may take at least one notch, and less than a turn")
        self._slots: list[set[T]] = [set() for _ in range(notches)]
        self._grace, self._at = grace, 0

    def add(self, member: T) -> int:
        """Put a member where it is due in a whole turn. Gives its place, which takes it out again."""
        self._slots[self._at].add(member)
        return self._at

    def remove(self, member: T, place: int) -> None:
        """Take a member out, if it is there."""
        self._slots[place].discard(member)

    def turn(self) -> tuple[Set[T], Set[T]]:
        """Move on by a notch; give those to ping, and those to look at."""
        self._at = (self._at + 1) % len(self._slots)
        return self._slots[self._at], self._slots[self._at - self._grace]
