"""What the user is told about a running stack: its addresses, a ready token, the staff page's link."""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from local_stack.stack import EVERYDAY_SCOPES
from local_stack.state import State
from local_stack.supervisor import STATUS
from order_contracts.claims import issue

DEFAULT_VENUE, DEFAULT_ORGANIZATION = "venue-1", "organization-1"


def announcement(state: State, running: dict[str, Any]) -> Iterator[str]:
    """Word what `up` says at its end."""
    token = signed_token(state)
    rows = {
        "staff page": f"{running['notifier'][0]}/#token={token}&venue={DEFAULT_VENUE}",
        "order API": ", ".join(running["order_api"]),
        "query API": ", ".join(running["query"]),
        "notifier": ", ".join(running["notifier"]),
        "Kafka": f"{running['kafka']} ({running['sources']['kafka']})",
        "Postgres": f"{running['database']} ({running['sources']['postgres']})",
        "Redis": running["redis"],
        "token": token,
        "logs": short(state.logs),
    }
    yield "\nScanServe Orders is up.\n"
    yield from (f"  {name:<11} {value}" for name, value in rows.items() if value)
    yield f"\nThe token is for {DEFAULT_VENUE}, for 12 hours."
    yield "`.venv/bin/python -m local_stack token --venue …` signs others."
    yield "`make down` stops it."


def signed_token(
    state: State,
    venues: Iterable[str] | Literal["*"] = (DEFAULT_VENUE,),
    org: str = DEFAULT_ORGANIZATION,
    scopes: Iterable[str] = EVERYDAY_SCOPES,
    sub: str = "developer",
    hours: float = 12,
    token_id: str | None = None,
) -> str:
    """Sign a token that the stack of this folder accepts, the running one or the next."""
    secret = state.read(STATUS).get("jwt_secret") or os.environ.get("JWT_SECRET") or state.secret("jwt")
    return issue(
        secret=secret,
        subject=sub,
        organization_id=org,
        venues=venues,
        scopes=scopes,
        now=datetime.now(UTC),
        lifetime_seconds=int(hours * 3600),
        token_id=token_id,
    )


def short(folder: Path) -> str:
    """Name a folder as the user would from here."""
    return str(folder.relative_to(Path.cwd())) if folder.is_relative_to(Path.cwd()) else str(folder)
