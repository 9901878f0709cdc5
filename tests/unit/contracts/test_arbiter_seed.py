"""A seeded arbiter judges as one that has read the log so far."""

from order_contracts.arbiter import Arbiter, Verdict
from order_contracts.wire import Envelope, Malformed, read_record


def envelope(event_id: str, version: int, parent: str | None) -> Envelope:
    return Envelope(
        event_id, "order.accepted.v1", "o1", "bar", "org-1", version, parent, (), 100, "f", 50, b"{}"
    )  # fmt: skip


def test_a_seeded_head_is_extended_and_nothing_else_is() -> None:
    arbiter = Arbiter(complete=True)
    arbiter.seed("o1", "e3", 3, 10)
    assert arbiter.judge(envelope("again", 1, None)) is Verdict.SUPERSEDED
    assert arbiter.judge(envelope("loser", 3, "e2")) is Verdict.SUPERSEDED
    assert arbiter.judge(envelope("next", 4, "e3")) is Verdict.ACCEPTED


def test_a_seeded_head_is_not_tentative() -> None:
    arbiter = Arbiter(complete=False)
    arbiter.seed("o1", "e3", 3, 10)
    assert arbiter.judge(envelope("elsewhere", 7, "unseen")) is Verdict.SUPERSEDED


def test_ids_that_no_database_takes_are_no_ids() -> None:
    headers = dict.fromkeys(("ce_type", "ce_subject", "ce_fingerprint"), b"x")
    headers |= {"ce_specversion": b"1.0", "ce_crc32": b"a3a6bf43", "ce_version": b"1", "ce_organization": b"o"}
    headers |= {"ce_notafter": b"1", "ce_id": b"a\x00b"}
    read = read_record(b"bar", b"{}", headers.items(), 0)
    assert read == Malformed("ce_id must be printable")
