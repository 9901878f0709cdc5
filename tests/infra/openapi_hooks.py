"""What a JSON Schema can't say of a body: dates near today, one currency, distinct lines. For schemathesis to load."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import schemathesis

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case[Any], __: dict[str, Any]) -> None:
    """Give a request a key of its own, and a body that the rules can take where the schema took it."""
    if case.headers and case.headers.get("Idempotency-Key"):
        case.headers["Idempotency-Key"] = uuid4().hex
    case.body = _plausible(case.body)


def _plausible(body: Any) -> Any:
    if isinstance(body, list):
        return [_plausible(part) for part in body]
    if not isinstance(body, dict):
        return body
    plain = {name: _plausible(value) for name, value in body.items()}
    if _matches(_DATE, plain.get("business_date")):
        plain["business_date"] = datetime.now(UTC).date().isoformat()
    if _matches(re.compile(_DATE.pattern + ".*"), plain.get("scheduled_for")):
        plain["scheduled_for"] = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    if _matches(_CURRENCY, plain.get("currency")):
        plain["currency"] = "EUR"
    for name, numbered in (("items", True), ("lines", False)):  # a snapshot's lines have to have their ids
        if isinstance(plain.get(name), list):
            plain[name] = list(_distinct(plain[name], numbered))
    return plain


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _distinct(items: list[Any], numbered: bool) -> Any:
    seen: set[str] = set()
    for item in items:
        name = item.get("line_id") if isinstance(item, dict) else None
        if isinstance(name, str) and name in seen:
            if numbered:
                yield {key: value for key, value in item.items() if key != "line_id"}
        else:
            yield item
        seen |= {name} if isinstance(name, str) else set()
