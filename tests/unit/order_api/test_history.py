"""The checker of the survival tests finds what they are for."""

import pytest

from infra.history import Attempt, Outcome, check
from order_contracts.wire import Envelope

OK, FAIL, INFO = Outcome.OK, Outcome.FAIL, Outcome.INFO


def event(name: str, version: int, parent: str | None) -> Envelope:
    return Envelope(name, "t", "o", "v", "org", version, parent, (), 9, "f", 1, b"{}")


LOG = [event("a", 1, None), event("b", 2, "a"), event("c", 3, "b")]
TOLD = [Attempt("o", "a", OK, 1), Attempt("o", "b", INFO), Attempt("o", "b", OK, 2), Attempt("o", "c", INFO)]
ALSO = [Attempt("o", "x", FAIL), Attempt("o", "y", INFO)]


def test_a_true_history_has_no_faults() -> None:
    assert check([*TOLD, *ALSO], LOG) == []


@pytest.mark.parametrize(
    ("history", "log", "fault"),
    [
        ([*TOLD, Attempt("o", "z", OK, 4)], LOG, "acknowledged, stands 0 times"),
        (TOLD, [*LOG, event("b", 4, "c")], "acknowledged, stands 2 times"),
        ([*TOLD, Attempt("o", "c", OK, 2)], LOG, "answered as 2, stands at 3"),
        (TOLD, [*LOG, event("ghost", 4, "c")], "nobody asked for it"),
        ([*TOLD, Attempt("o", "c", FAIL)], LOG, "told no"),
        (TOLD, [*LOG[:2], event("c", 2, "a")], "not one winner a version"),
        (TOLD, [*LOG[:2], event("c", 3, "a")], "does not build on the one before"),
    ],
)
def test_a_fault_is_found(history: list[Attempt], log: list[Envelope], fault: str) -> None:
    assert any(fault in found for found in check(history, log))
