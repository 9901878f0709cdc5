"""The pages that the `type` of a problem leads to: every code with its meaning and its remedy. They need no token."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from order_api.problem_table import PROBLEMS, ProblemMeaning
from order_api.problems import Problem
from order_contracts.problem import ProblemBody

Code = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,63}$")]


class ProblemList(BaseModel):
    """All codes."""

    problems: list[ProblemMeaning]


def router() -> APIRouter:
    """Give the routes of the pages."""
    routes = APIRouter(prefix="/problems", tags=["problems"])

    @routes.get("")
    async def list_problems() -> ProblemList:
        """List all codes, with their meaning and remedy."""
        return ProblemList(problems=list(PROBLEMS.values()))

    @routes.get("/{code}", responses={404: {"model": ProblemBody}})
    async def explain_problem(code: Code) -> ProblemMeaning:
        """Explain one code."""
        if code not in PROBLEMS:
            raise Problem(HTTPStatus.NOT_FOUND, "not_found", "there is no such code: GET /problems lists them")
        return PROBLEMS[code]

    return routes
