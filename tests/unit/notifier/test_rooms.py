"""Which rooms a token opens."""

import pytest

from notifier.rooms import refusal
from order_contracts.channels import Room
from order_contracts.claims import Claims


def claims(venues: set[str] | None, *scopes: str, organization: str = "o1") -> Claims:
    return Claims("s", organization, None if venues is None else frozenset(venues), frozenset(scopes), 0)


OWNERS = {"v1": "o1", "v2": "o1", "elsewhere": "o2"}


def asked(claims: Claims, room: str) -> str | None:
    return refusal(claims, Room.parse(room), OWNERS.get)


@pytest.mark.parametrize("room", ["venue:v1", "venue:v1:station:grill"])
def test_a_listed_venue_and_its_stations_open(room: str) -> None:
    assert asked(claims({"v1"}, "rooms:join"), room) is None


@pytest.mark.parametrize("room", ["venue:v2", "venue:v2:station:grill"])
def test_another_venue_stays_shut(room: str) -> None:
    assert "not for venue v2" in (asked(claims({"v1"}, "rooms:join"), room) or "")


@pytest.mark.parametrize("room", ["venue:v1", "organization:o1"])
def test_without_the_scope_nothing_opens(room: str) -> None:
    assert "rooms:join" in (asked(claims(None, "orders:read"), room) or "")


def test_admin_opens_what_is_its_own() -> None:
    assert asked(claims(None, "admin"), "organization:o1") is None


def test_a_star_opens_the_organization_s_venues_and_no_other() -> None:
    assert asked(claims(None, "rooms:join"), "venue:v2") is None
    assert "organization o1" in (asked(claims(None, "rooms:join"), "venue:elsewhere") or "")
    assert "not known" in (asked(claims(None, "rooms:join"), "venue:unknown") or "")


def test_an_organization_opens_to_its_own_star_only() -> None:
    assert asked(claims(None, "rooms:join"), "organization:o1") is None
    assert "organization o2" in (asked(claims(None, "rooms:join"), "organization:o2") or "")
    assert "some venues" in (asked(claims({"v1"}, "rooms:join"), "organization:o1") or "")


def test_an_order_opens_to_its_link_alone() -> None:
    link = Claims("guest", "o1", frozenset({"v1"}), frozenset({"order:follow"}), 0, order_id="x")
    assert asked(link, "order:x") is None
    assert "not for order y" in (asked(link, "order:y") or "")
    assert "with a link" in (asked(claims(None, "rooms:join", "admin", "order:follow"), "order:x") or "")
    for room in ("venue:v1", "venue:v1:station:grill", "organization:o1"):
        assert "nothing else" in (asked(link, room) or "")
