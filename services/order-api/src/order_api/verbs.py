"""What can be asked of an order, by name: the one table from a verb to its body and its command, for every way in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from order_api import bodies, commands
from order_contracts.events import timestamp

NOTHING = bodies.NoteBody()


@dataclass(frozen=True, slots=True)
class Verb:
    """A change to an order. `default` is the body where none is sent; None: there has to be one."""

    name: str
    text: str
    body: type[BaseModel]
    command: Callable[[Any], commands.Command]
    default: BaseModel | None = NOTHING


@dataclass(frozen=True, slots=True)
class LineVerb:
    """A change to one line of an order."""

    name: str
    text: str
    body: type[BaseModel]
    command: Callable[[str, Any], commands.Command]
    default: BaseModel | None = NOTHING


VERBS = (
    Verb(
        "accept",
        "Take a placed order, with a promised time if there is one.",
        bodies.AcceptBody,
        lambda body: commands.Accept(None if body.promised_at is None else timestamp(body.promised_at)),
        default=bodies.AcceptBody(),
    ),
    Verb(
        "reject",
        "Turn a placed order down, with the reason.",
        bodies.ReasonBody,
        lambda body: commands.Reject(body.reason),
        default=None,
    ),
    Verb("start", "Start to prepare all lines.", bodies.NoteBody, lambda body: commands.Start(None, body.reason)),
    Verb("ready", "Bump: all lines are ready.", bodies.NoteBody, lambda body: commands.MakeReady(None, body.reason)),
    Verb("complete", "Hand the order over.", bodies.NoteBody, lambda body: commands.Complete(body.reason)),
    Verb(
        "cancel",
        "Call an open order off, with the reason.",
        bodies.ReasonBody,
        lambda body: commands.Cancel(body.reason),
        default=None,
    ),
    Verb(
        "recall",
        "Take a ready or completed order, or some of its lines, back to preparing.",
        bodies.RecallBody,
        lambda body: commands.Recall(None if body.line_ids is None else tuple(body.line_ids), body.reason),
        default=bodies.RecallBody(),
    ),
)

LINE_VERBS = (
    LineVerb(
        "start",
        "Start to prepare one line.",
        bodies.NoteBody,
        lambda line_id, body: commands.Start(line_id, body.reason),
    ),
    LineVerb(
        "ready",
        "Bump one line; when it was the last, the order is ready.",
        bodies.NoteBody,
        lambda line_id, body: commands.MakeReady(line_id, body.reason),
    ),
)
