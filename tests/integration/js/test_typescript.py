"""What is TypeScript: types, tests, and that what is generated and committed is what its sources give."""

import pytest

from infra import node


@pytest.fixture(scope="module", autouse=True)
def packages() -> None:
    """What the lock names."""
    node.install()


@pytest.mark.timeout(120)
def test_types_hold() -> None:
    for project in ("contracts/js",):
        node.run("node_modules/typescript/bin/tsc", "-p", project)


def test_the_clients_own_tests_pass() -> None:
    node.run("--test", "contracts/js/test/*.test.ts")


def test_the_types_are_those_of_the_schemas() -> None:
    node.run("contracts/js/build.mjs", "--check")
