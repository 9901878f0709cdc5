"""Events for tests in which it does not matter what happened, only in which order."""

from order_contracts.events import Event


def event(name: str, version: int = 1, parent: str | None = None, order_id: str = "o1") -> Event:
    """Give the event of a version; what it changes names it."""
    return Event(
        id=name,
        type="order.placed.v1",
        order_id=order_id,
        venue_id="v1",
        organization_id="org",
        version=version,
        parent=parent,
        time="2026-11-20T18:25:00.000Z",
        actor="t",
        change={"version": version, "last": name},
    )
