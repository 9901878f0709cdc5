"""The wire format: what was written is read, and no bytes ever raise."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from order_contracts.channels import partition_of
from order_contracts.events import Event, decode_event, encode_event
from order_contracts.fold import merge_patch
from order_contracts.order import Order
from order_contracts.wire import TRACEPARENT, Envelope, Malformed, envelope_of, read_record, write_record

CONTRACTS = Path(__file__).parents[3] / "contracts"
EXAMPLES = sorted((CONTRACTS / "examples" / "v1").glob("*.json"))
EVENT = Event(
    id="e1",
    type="order.placed.v1",
    order_id="o1",
    venue_id="v1",
    organization_id="org",
    version=1,
    time="2026-11-20T18:25:00.000Z",
    actor="pos",
    change={"version": 1, "notes": "ünïcode"},
)


def number_of(example: Path) -> int:
    return int(example.name.split("-")[0])


def written(**headers: str | None) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    key, value, given_headers = write_record(EVENT, stations=("grill", "bar"), not_after=30_000, fingerprint="f")
    changed = {**given_headers, **headers}
    return key, value, [(name, text.encode()) for name, text in changed.items() if text is not None]


def test_what_was_written_is_read() -> None:
    key, value, headers = written()
    envelope = read_record(key, value, headers, 5)
    assert isinstance(envelope, Envelope)
    assert (envelope.id, envelope.order_id, envelope.venue_id, envelope.version) == ("e1", "o1", "v1", 1)
    assert (envelope.stations, envelope.not_after, envelope.appended_at) == (("grill", "bar"), 30_000, 5)
    assert decode_event(envelope.value) == EVENT


@given(
    st.none() | st.binary(max_size=40),
    st.none() | st.binary(max_size=40),
    st.lists(st.tuples(st.text(max_size=20), st.none() | st.binary(max_size=20)), max_size=5),
    st.dictionaries(st.sampled_from([name for name, _ in written()[2]]), st.none() | st.binary(max_size=80)),
)
def test_garbage_bytes_never_raise(key, value, garbage, replaced) -> None:
    assert isinstance(read_record(key, value, garbage, 0), Malformed)
    good_key, good_value, headers = written()
    mixed = [*{**dict(headers), **replaced}.items(), *garbage]
    assert isinstance(read_record(good_key, good_value, mixed, 0), Envelope | Malformed)


def test_who_wrote_a_record_knows_what_is_read() -> None:
    key, value, headers = written()
    told = {"stations": ("grill", "bar"), "not_after": 30_000, "fingerprint": "f"}
    assert envelope_of(EVENT, **told, value=value, appended_at=5) == read_record(key, value, headers, 5)


_TEXTS = st.text(st.characters(codec="utf-8"), max_size=70) | st.sampled_from(
    ["", "e1", "é", "a b", "a,b", "\x7f", "\x00", "x" * 64, "x" * 65, "é" * 33, "²"]
)
_NUMBERS = st.integers(-2, 3) | st.sampled_from([10**15 - 1, 10**15, 2**63])


@given(
    st.builds(
        Event,
        id=_TEXTS,
        type=_TEXTS,
        order_id=_TEXTS,
        venue_id=_TEXTS,
        organization_id=_TEXTS,
        version=_NUMBERS,
        parent=st.none() | _TEXTS,
        time=st.just("2026-11-20T18:25:00.000Z"),
        actor=_TEXTS,
        change=st.just({}),
    ),
    st.sets(st.sampled_from(sorted({*EVENT.__struct_fields__} - {"change", "time", "reason"})), max_size=2),
    st.lists(_TEXTS, max_size=2).map(tuple) | st.just(("grill", "bar")),
    st.just(30_000) | _NUMBERS,
    st.just("f") | _TEXTS,
)
def test_who_wrote_a_record_knows_what_is_read_and_whether_it_is_malformed(
    wild: Event, odd: set[str], stations: tuple[str, ...], not_after: int, fingerprint: str
) -> None:
    event = replace(EVENT, **{name: getattr(wild, name) for name in odd})
    key, value, headers = write_record(event, stations=stations, not_after=not_after, fingerprint=fingerprint)
    read = read_record(key, value, [(name, text.encode()) for name, text in headers.items()], 5)
    told = envelope_of(
        event, stations=stations, not_after=not_after, fingerprint=fingerprint, value=value, appended_at=5
    )
    assert told == (None if isinstance(read, Malformed) else read)


@pytest.mark.parametrize(
    ("header", "text", "reason"),
    [
        ("ce_id", None, "header ce_id is missing"),
        ("ce_id", "", "ce_id must have 1 to 64 bytes"),
        ("ce_specversion", "2.0", "ce_specversion is not 1.0"),
        ("ce_version", "-1", "ce_version is not a whole number"),
        ("ce_version", "2", "ce_version does not fit ce_parent"),
        ("ce_stations", "grill,,bar", "ce_stations is not a name"),
        ("ce_type", "ördér", "a header or the key is not ASCII"),
        ("ce_crc32", "00000000", "the value is not the one"),
    ],
)
def test_a_wrong_header_is_named(header: str, text: str | None, reason: str) -> None:
    malformed = read_record(*written(**{header: text}), 0)
    assert isinstance(malformed, Malformed)
    assert malformed.reason.startswith(reason)


def test_a_record_in_another_partition_than_its_venues_is_rejected() -> None:
    home = partition_of("v1", 24)
    assert isinstance(read_record(*written(), 0, (home, 24)), Envelope)
    assert read_record(*written(), 0, ((home + 1) % 24, 24)) == Malformed(
        "the record stands in another partition than its venue's"
    )


def test_a_value_that_was_tampered_with_is_rejected() -> None:
    key, value, headers = written()
    assert isinstance(read_record(key, value.replace(b"placed", b"plaxed"), headers, 0), Malformed)


@pytest.mark.parametrize("value", [b"", b"null", b"[]", b"{}", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe"])
def test_a_value_that_is_no_event_is_a_value_error(value: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the type is the contract, the text is the decoder's
        decode_event(value)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_golden_records_are_decoded_forever(path: Path) -> None:
    record = json.loads(path.read_text())
    headers = [(name, text.encode()) for name, text in record["headers"].items()]
    envelope = read_record(record["key"].encode(), record["value"].encode(), headers, record["appended_at"])
    assert isinstance(envelope, Envelope)
    event = decode_event(envelope.value)
    assert encode_event(event) == envelope.value
    assert (event.id, event.parent, event.version) == (envelope.id, envelope.parent, envelope.version)
    assert envelope.traceparent == record["headers"].get(TRACEPARENT)
    schema = json.loads((CONTRACTS / "schemas" / "event.schema.json").read_text())
    Draft202012Validator(schema).validate(json.loads(envelope.value))


@pytest.mark.parametrize(
    ("first", "last", "status", "payment"), [(1, 5, "completed", "unpaid"), (6, 12, "accepted", "partially_refunded")]
)
def test_golden_records_fold_into_an_order(first: int, last: int, status: str, payment: str) -> None:
    folded: dict[str, object] = {}
    for path in sorted(EXAMPLES, key=number_of)[first - 1 : last]:
        folded = merge_patch(folded, json.loads(json.loads(path.read_text())["value"])["change"])
    order = Order.model_validate(folded)
    assert (order.status, order.payment, order.version) == (status, payment, last - first + 1)
    schema = json.loads((CONTRACTS / "schemas" / "order.schema.json").read_text())
    Draft202012Validator(schema).validate(folded)


@given(st.binary(max_size=80) | st.from_regex(rb"0[01]-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]", fullmatch=True))
def test_a_traceparent_of_any_kind_is_no_fault_and_is_kept_only_where_it_is_sampled(raw: bytes) -> None:
    key, value, headers = written()
    plain = read_record(key, value, headers, 0)
    envelope = read_record(key, value, [*headers, (TRACEPARENT, raw)], 0)
    assert isinstance(envelope, Envelope)
    assert replace(envelope, traceparent=None) == plain
    version, trace_id, span_id, flags = raw.split(b"-") if raw.count(b"-") == 3 else (b"", b"", b"", b"")
    sampled = version == b"00" and {*trace_id} != {*b"0"} != {*span_id} and flags in {b"01", b"03"}
    assert (envelope.traceparent == raw.decode("latin-1")) is sampled


def test_there_are_golden_records() -> None:
    assert [number_of(path) for path in sorted(EXAMPLES, key=number_of)] == list(range(1, 13))
