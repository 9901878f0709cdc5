"""The acceptance rule: what must hold for every log and every reader of it."""

from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from order_contracts.arbiter import NOT_AFTER_MS, SETTLING_MS, Arbiter, Verdict
from order_contracts.events import Event, decode_event
from order_contracts.fold import merge_patch
from order_contracts.wire import Envelope, Malformed, read_record, write_record

STEPS_MS = (0, 1_000, 10_000, 60_000)


@dataclass(frozen=True)
class LogRecord:
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    appended_at: int

    def read(self) -> Envelope | Malformed:
        return read_record(self.key, self.value, self.headers, self.appended_at)


def record(order: int, name: str, version: int, parent: str | None, at: int, not_after: int | None = None) -> LogRecord:
    event = Event(
        id=name,
        type="order.accepted.v1",
        order_id=f"order-{order}",
        venue_id="v1",
        organization_id="o1",
        version=version,
        parent=parent,
        time="2026-11-20T18:25:00.000Z",
        actor="test",
        change={"version": version, "by": name, "items": {name: {"state": "new"}}},
    )
    deadline = at + NOT_AFTER_MS if not_after is None else not_after
    key, value, headers = write_record(event, stations=(), not_after=deadline, fingerprint="f")
    return LogRecord(key, value, tuple((k, v.encode()) for k, v in headers.items()), at)


@st.composite
def logs(draw: st.DrawFn) -> list[LogRecord]:
    """Logs as order-api replicas write them: many writers on one head, late losers within the bound, garbage."""
    log: list[LogRecord] = []
    accepted: dict[int, list[tuple[str, int, int]]] = {}  # by order: (id, version, when its successor was accepted)
    at = 1_000_000
    for step in range(draw(st.integers(1, 60))):
        at += draw(st.sampled_from(STEPS_MS))
        order = draw(st.integers(0, 1))
        history = accepted.setdefault(order, [])
        match draw(st.sampled_from(["win", "win", "win", "lose", "late", "repeat", "garbage"])):
            case "win":
                parent, version = (history[-1][0], history[-1][1] + 1) if history else (None, 1)
                log.append(record(order, f"e{step}", version, parent, at))
                history.append((f"e{step}", version, at))
            case "lose" if history:
                index = draw(st.integers(0, len(history) - 1))
                _, version, won_at = history[index]
                if at - won_at < SETTLING_MS:
                    parent = history[index - 1][0] if index else None
                    log.append(record(order, f"e{step}", version, parent, at))
            case "late":
                parent, version = (history[-1][0], history[-1][1] + 1) if history else (None, 1)
                log.append(record(order, f"e{step}", version, parent, at, not_after=at - 1))
            case "repeat" if log:
                again = draw(st.sampled_from(log))
                if at - again.appended_at < SETTLING_MS:
                    log.append(replace(again, appended_at=at))
            case "garbage":
                log.append(LogRecord(draw(st.binary(max_size=9)), draw(st.binary(max_size=9)), (("x", b"\xff"),), at))
    return log


def accepted_ids(log: list[LogRecord], arbiter: Arbiter | None = None) -> list[str]:
    arbiter = arbiter or Arbiter(complete=True)
    return [
        envelope.id
        for envelope in (entry.read() for entry in log)
        if isinstance(envelope, Envelope) and arbiter.judge(envelope) is Verdict.ACCEPTED
    ]


def fold_log(log: list[LogRecord]) -> dict[str, dict[str, object]]:
    orders: dict[str, dict[str, object]] = {}
    arbiter = Arbiter(complete=True)
    for entry in log:
        envelope = entry.read()
        if isinstance(envelope, Envelope) and arbiter.judge(envelope) is Verdict.ACCEPTED:
            change = decode_event(envelope.value).change
            orders[envelope.order_id] = merge_patch(orders.get(envelope.order_id), change)
    return orders


@given(logs())
def test_versions_of_an_order_are_1_to_n_without_gap_or_repeat(log: list[LogRecord]) -> None:
    chains: dict[str, list[Envelope]] = {}
    arbiter = Arbiter(complete=True)
    for envelope in (entry.read() for entry in log):
        if isinstance(envelope, Envelope) and arbiter.judge(envelope) is Verdict.ACCEPTED:
            chains.setdefault(envelope.order_id, []).append(envelope)
    for chain in chains.values():
        assert [e.version for e in chain] == list(range(1, len(chain) + 1))
        assert all(later.parent == earlier.id for earlier, later in pairwise(chain))


@given(logs(), st.data())
def test_duplicating_and_replaying_records_changes_no_order(log: list[LogRecord], data: st.DataObject) -> None:
    disturbed = list(log)
    for _ in range(data.draw(st.integers(1, 5))):
        if not log:
            return
        index = data.draw(st.integers(0, len(log) - 1))
        original = log[index]
        place = data.draw(st.integers(disturbed.index(original) + 1, len(disturbed)))
        at = disturbed[place - 1].appended_at
        disturbed.insert(place, replace(original, appended_at=at))
    assert fold_log(disturbed) == fold_log(log)


@given(logs(), logs(), st.randoms(use_true_random=False))
def test_interleaving_with_other_orders_changes_no_order(one: list[LogRecord], two: list[LogRecord], random) -> None:
    renamed = [replace(e, headers=tuple((k, v.replace(b"order-", b"other-")) for k, v in e.headers)) for e in two]
    left, right, mixed = list(one), list(renamed), []
    while left or right:
        source = left if left and (not right or random.random() < 0.5) else right
        mixed.append(source.pop(0))
    folded = fold_log(mixed)
    assert {name: order for name, order in folded.items() if name.startswith("order-")} == fold_log(one)


@given(logs())
def test_fold_of_a_log_is_the_fold_of_its_accepted_records(log: list[LogRecord]) -> None:
    arbiter = Arbiter(complete=True)
    accepted = [
        entry
        for entry in log
        if isinstance(envelope := entry.read(), Envelope) and arbiter.judge(envelope) is Verdict.ACCEPTED
    ]
    assert fold_log(accepted) == fold_log(log)


@settings(max_examples=400)
@given(logs(), st.data())
def test_a_reader_that_started_anywhere_agrees_from_two_minutes_of_log_on(
    log: list[LogRecord], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, max(0, len(log) - 1)))
    begun = next((e.appended_at for e in log[start:] if isinstance(e.read(), Envelope)), 0)
    middle = _verdicts(log[start:], Arbiter(complete=False))
    whole = _verdicts(log, Arbiter(complete=True))[-len(middle) :] if middle else []
    for (entry, of_middle), (_, of_whole) in zip(middle, whole, strict=True):
        if entry.appended_at >= begun + SETTLING_MS:
            assert of_middle is of_whole, entry


def _verdicts(log: list[LogRecord], arbiter: Arbiter) -> list[tuple[LogRecord, Verdict]]:
    read = [(entry, entry.read()) for entry in log]
    return [(entry, arbiter.judge(envelope)) for entry, envelope in read if isinstance(envelope, Envelope)]


@given(logs(), st.integers(0, 60))
def test_forgetting_settled_heads_changes_no_verdict(log: list[LogRecord], at: int) -> None:
    forgetful = Arbiter(complete=True)
    before = accepted_ids(log[:at], forgetful)
    if at and log[:at]:
        forgetful.forget_before(log[:at][-1].appended_at - SETTLING_MS)
    assert before + accepted_ids(log[at:], forgetful) == accepted_ids(log)


def test_the_first_of_two_that_name_the_same_parent_wins() -> None:
    log = [record(1, "a", 1, None, 0), record(1, "b", 2, "a", 1), record(1, "c", 2, "a", 2), record(1, "d", 3, "b", 3)]
    assert accepted_ids(log) == ["a", "b", "d"]


def test_nothing_is_built_on_a_loser() -> None:
    log = [record(1, "a", 1, None, 0), record(1, "b", 2, "a", 1), record(1, "c", 2, "a", 2), record(1, "d", 3, "c", 3)]
    assert accepted_ids(log) == ["a", "b"]


@pytest.mark.parametrize(("appended_at", "verdict"), [(30, Verdict.ACCEPTED), (31, Verdict.LATE)])
def test_not_after_is_the_last_moment_that_counts(appended_at: int, verdict: Verdict) -> None:
    envelope = record(1, "a", 1, None, appended_at, not_after=30).read()
    assert isinstance(envelope, Envelope)
    assert Arbiter(complete=True).judge(envelope) is verdict


def test_an_event_whose_version_skips_is_not_accepted() -> None:
    assert accepted_ids([record(1, "a", 1, None, 0), record(1, "b", 3, "a", 1)]) == ["a"]


def test_a_late_copy_of_a_head_does_not_prove_the_loser_that_names_it() -> None:
    started_late = Arbiter(complete=False)
    log = [record(1, "a", 1, None, 0), record(1, "loser", 2, "a", 1), record(1, "d", 4, "unseen", 2)]
    assert accepted_ids(log, started_late) == ["a", "loser", "d"]
    assert accepted_ids([record(1, "e", 5, "d", SETTLING_MS)], started_late) == ["e"]


def test_a_tentative_loser_gives_way_to_the_chain_that_goes_on() -> None:
    started_late = Arbiter(complete=False)
    log = [record(1, "loser", 3, "a", 0), record(1, "winner", 6, "unseen", 1), record(1, "next", 7, "winner", 2)]
    assert accepted_ids(log, started_late) == ["loser", "winner", "next"]
    assert accepted_ids([record(1, "again", 7, "winner", 3)], started_late) == []
