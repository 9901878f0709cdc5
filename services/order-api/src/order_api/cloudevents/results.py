"""What an event of a batch came to, as it is answered. Pure."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from order_api.cloudevents.batch import Outcome
from order_api.cloudevents.placing import Placing
from order_api.problems import Problem
from order_contracts.problem import ProblemBody


class EventResult(TypedDict):
    """What one event of a batch came to; `problem` says why not, where it was not done."""

    id: NotRequired[str]
    source: NotRequired[str]
    status: int
    order_id: NotRequired[str]
    version: NotRequired[int]
    position: NotRequired[str]
    replayed: NotRequired[bool]
    problem: NotRequired[ProblemBody]


def result_of(event: object, outcome: Outcome) -> EventResult:
    """Tell what an event, as `modes` read it, came to. `replayed` is there where it is true."""
    if isinstance(outcome, Problem):
        result = _named(event, outcome.status.value)
        problem: Any = outcome.body()  # which ProblemBody describes
        result["problem"] = problem
        return result
    answer, result = outcome.answer, _named(event, outcome.step.done.value)
    result["order_id"] = outcome.step.request.order_id
    result["version"] = answer.version
    result["position"] = str(answer.position)
    if answer.replayed:
        result["replayed"] = True
    return result


def _named(event: object, status: int) -> EventResult:
    """Begin with what names the event, as far as it can be said in UTF-8."""
    if isinstance(event, Placing):
        return {"id": event.id, "source": event.source, "status": status}
    parts = event if isinstance(event, dict) else {}
    name, source, result = parts.get("id"), parts.get("source"), EventResult(status=status)
    if isinstance(name, str) and name.isprintable():
        result["id"] = name
    if isinstance(source, str) and source.isprintable():
        result["source"] = source
    return result
