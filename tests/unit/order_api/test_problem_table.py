"""A code that callers can meet is explained: with the status that it comes with, its meaning and its remedy."""

import ast
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import order_api
from order_api.problem_table import PROBLEMS

RAISED_BY_THE_FRAMEWORK = {"not_found", "method_not_allowed", "bad_request"}
PLACES = {"Problem": 1, "Refusal": 0}
"""Which argument of a call is the code."""


def codes_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PLACES:
            place = PLACES[node.func.id]
            named = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            yield from texts_in(named[0] if named else node.args[place])
        if isinstance(node, ast.Assign) and any("code" in names_in(target) for target in node.targets):
            yield from texts_in(node.value)


def names_in(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def texts_in(value: ast.expr) -> Iterator[str]:
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "_" in node.value:
            yield node.value
        elif isinstance(node, ast.Constant) and node.value in {"internal", "overpaid", "unauthorized"}:
            yield str(node.value)


def used() -> set[str]:
    sources = Path(order_api.__file__).parent.rglob("*.py")
    return {code for source in sources for code in codes_in(ast.parse(source.read_text()))}


def test_every_code_that_is_used_is_explained_and_no_other() -> None:
    assert used() | RAISED_BY_THE_FRAMEWORK == set(PROBLEMS)


def test_an_explanation_is_whole() -> None:
    for code, problem in PROBLEMS.items():
        assert problem.type == f"/problems/{code}"
        assert HTTPStatus(problem.status) >= HTTPStatus.BAD_REQUEST
        for text in (problem.meaning, problem.remedy):
            assert text.endswith((".", "…")), code
