from collections.abc import Callable

import pytest

from local_stack.sources import ADDRESS_VARIABLE, Source, choose


def never_asked() -> bool:
    pytest.fail("Docker must not be asked for when an address is given")


@pytest.mark.parametrize("server", ADDRESS_VARIABLE)
def test_an_address_in_the_environment_comes_first(server: str) -> None:
    assert choose(server, {ADDRESS_VARIABLE[server]: "somewhere:1234"}, never_asked) is Source.GIVEN


@pytest.mark.parametrize(("engine", "wanted"), [(lambda: True, Source.DOCKER), (lambda: False, Source.EMBEDDED)])
def test_without_an_address_docker_comes_before_embedded(engine: Callable[[], bool], wanted: Source) -> None:
    assert choose("kafka", {"DATABASE_URL": "of another server"}, engine) is wanted


def test_an_empty_address_is_none() -> None:
    assert choose("postgres", {"DATABASE_URL": ""}, lambda: False) is Source.EMBEDDED
