"""What a diner sees: nothing that is the venue's own, and the same fold as everybody's."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from order_contracts.fold import merge_patch
from order_contracts.progress import OrderProgress, progress_change, progress_of, progress_value

NAMES = ("status", "items", "notes", "name", "state", "unit_price", "totals", "line-1", "guest", "version")
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, max_size=4) | st.lists(inner, max_size=2),
    max_leaves=15,
)
CHANGES = st.lists(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5), max_size=6)
PLACED: dict[str, Any] = {
    "order_id": "o",
    "venue_id": "v",
    "organization_id": "secret",
    "version": 1,
    "status": "placed",
    "status_since": "2026-11-24T19:00:00.000Z",
    "payment": "secret",
    "channel": "qr",
    "placed_at": "2026-11-24T19:00:00.000Z",
    "updated_at": "2026-11-24T19:00:00.000Z",
    "guest": {"name": "secret"},
    "notes": "secret",
    "table": {"label": "secret"},
    "external_ref": {"source": "secret", "id": "secret"},
    "totals": {"total": "secret"},
    "payments": {"captured": "secret"},
    "items": {
        "l1": {
            "name": "Soup",
            "quantity": "1",
            "state": "new",
            "unit_price": "secret",
            "notes": "secret",
            "station": "secret",
            "void_reason": "secret",
            "modifiers": [{"name": "secret"}],
        }
    },
}


@given(CHANGES)
def test_the_fold_of_what_is_shown_is_what_is_shown_of_the_fold(changes: list[dict[str, Any]]) -> None:
    whole: Any = {}
    shown: Any = {}
    for change in changes:
        whole, shown = merge_patch(whole, change), merge_patch(shown, progress_change(change))
        assert shown == progress_of(whole)


def test_staff_notes_actors_prices_and_people_stay_inside() -> None:
    event = {"id": "e", "order_id": "o", "venue_id": "v", "version": 1, "time": "t", "actor": "secret"}
    value = progress_value(json.dumps({**event, "reason": "secret", "change": PLACED}).encode())
    assert value is not None
    assert b"secret" not in value
    assert json.loads(value).keys() == {"id", "order_id", "version", "time", "change"}
    shown = OrderProgress.model_validate(json.loads(value)["change"])
    assert shown.items["l1"].model_dump() == {"name": "Soup", "quantity": "1", "state": "new"}


def test_an_event_that_is_not_for_diners_still_counts_as_a_version() -> None:
    event = {"id": "e", "order_id": "o", "version": 2, "time": "t", "change": {"notes": "allergic to staff"}}
    assert json.loads(progress_value(json.dumps(event).encode()) or b"") == {**event, "change": {}}


def test_what_is_no_event_is_not_shown() -> None:
    assert [progress_value(value) for value in (b"{}", b"[" * 100_000, b'{"change": 3}')] == [None, None, None]
