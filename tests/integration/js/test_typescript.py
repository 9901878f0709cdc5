"""What is TypeScript: types, tests, and that what is generated and committed is what its sources give."""

import pytest

from infra import node


@pytest.fixture(scope="module", autouse=True)
def packages() -> None:
    """What the lock names."""
    node.install()


def test_types_hold() -> None:
    for project in ("contracts/js", "services/notifier/board"):
        node.run("node_modules/typescript/bin/tsc", "-p", project)


def test_the_tests_of_the_client_and_of_the_board_pass() -> None:
    node.run("--test", "contracts/js/test/*.test.ts", "services/notifier/board/test/*.test.ts")


def test_the_types_are_those_of_the_schemas() -> None:
    node.run("contracts/js/build.mjs", "--check")


def test_the_page_that_is_served_is_what_its_sources_give() -> None:
    node.run("services/notifier/board/build.mjs", "--check")
