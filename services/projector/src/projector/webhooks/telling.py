"""How an endpoint is told of: as JSON, and in a line."""

from typing import Any

from projector.webhooks.administration import Standing


def told(one: Standing) -> dict[str, Any]:
    """Give all of it but the secret."""
    endpoint, failing = one.endpoint, one.failing
    until = endpoint.old_secret_until
    return {
        "endpoint": endpoint.id,
        "url": endpoint.url,
        "organization": endpoint.organization_id,
        "venues": None if endpoint.venues is None else sorted(endpoint.venues),
        "types": endpoint.types,
        "enabled": one.enabled,
        "reason": one.reason,
        "failures": max((lane.failures for lane in one.lanes), default=0),
        "failing_since": failing and failing.failing_since and failing.failing_since.isoformat(),
        "attempt_at": failing and failing.attempt_at and failing.attempt_at.isoformat(),
        "error": failing and failing.error,
        "position": str(one.position),
        "holder": one.holder,
        "old_secret_until": until and until.isoformat(),
        "created_at": one.created_at.isoformat(),
    }


def in_a_line(one: Standing) -> str:
    """Give whom it is for, and whether it goes."""
    state = "enabled" if one.enabled else f"disabled: {one.reason}"
    failing = one.failing
    trouble = f", failing since {failing.failing_since:%Y-%m-%d %H:%M:%S}: {failing.error}" if failing else ""
    return f"{one.endpoint.id} ({one.endpoint.organization_id}) {one.endpoint.url}: {state}{trouble}"
