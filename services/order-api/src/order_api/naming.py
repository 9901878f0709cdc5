"""What every way in shares: how a request is named, so that the same one is done once, and how an answer is told."""

from hashlib import sha256
from typing import Any

import msgspec
from pydantic import BaseModel

from order_api.commands import Command, ImportOrder, Place
from order_api.historic import HistoricOrder
from order_api.new_order import NewOrder
from order_api.order_desk import Answer
from order_api.proposing import Request
from order_contracts.claims import Claims
from order_contracts.ids import event_id_for, order_id_for

_sorted = msgspec.json.Encoder(order="sorted")


def ask(
    claims: Claims,
    venue_id: str,
    order_id: str,
    key: str,
    command: Command,
    body: BaseModel,
    *,
    if_match: int | None = None,
) -> Request:
    """Name a request by its order and key, and fingerprint what it asks for."""
    target = getattr(command, "line_id", None) or getattr(command, "station", None)
    said = body.model_dump(mode="json", exclude_unset=True) if body.model_fields_set else {}
    meaning = [type(command).__name__, target, said]
    return _named(claims, venue_id, order_id, key, command, meaning, if_match)


def ask_to_place(
    claims: Claims,
    venue_id: str,
    key: str,
    order: NewOrder,
    *,
    named_by: tuple[str, str] | None = None,
) -> Request:
    """Name a new order by `named_by` (source, id in it), else by its external source, or who asks, and the key."""
    source, name = named_by or (order.external_ref.source if order.external_ref else claims.subject, key)
    order_id = order_id_for(venue_id, source, name, order.business_date.isoformat())
    command = Place(order_id, venue_id, claims.organization_id, order)
    return _named(claims, venue_id, order_id, key, command, ["Place", None, order], None)


def _named(
    claims: Claims,
    venue_id: str,
    order_id: str,
    key: str,
    command: Command,
    meaning: list[Any],
    if_match: int | None,
) -> Request:
    return Request(
        venue_id,
        claims.organization_id,
        order_id,
        event_id_for(order_id, key),
        sha256(_sorted.encode(meaning)).hexdigest()[:32],
        claims.subject,
        command,
        if_match,
    )


def ask_to_import(
    claims: Claims, venue_id: str, key: str, body: HistoricOrder, *, named_by: tuple[str, str]
) -> Request:
    """Name an order of the past by its source and its id there: importing it twice names the same event."""
    order_id = order_id_for(venue_id, *named_by, body.business_date.isoformat())
    command = ImportOrder(order_id, venue_id, claims.organization_id, body)
    return ask(claims, venue_id, order_id, key, command, body)


def raw_headers_of(answer: Answer) -> list[tuple[bytes, bytes]]:
    """Give an answer's headers: the version to build on, and the position that has seen it."""
    headers = [(b"etag", b'"v%d"' % answer.version), (b"position", str(answer.position).encode())]
    if answer.replayed:
        headers.append((b"idempotent-replayed", b"true"))
    return headers


def headers_of(answer: Answer) -> dict[str, str]:
    """Give the same as texts, for the framework."""
    return {name.decode(): text.decode() for name, text in raw_headers_of(answer)}
