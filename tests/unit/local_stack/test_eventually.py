import pytest

from infra.eventually import eventually


async def test_it_gives_the_first_true_answer() -> None:
    answers = iter([None, 0, "now"])
    assert await eventually(lambda: next(answers), within=5) == "now"


async def test_it_asks_coroutines_too_and_takes_assertions_for_not_yet() -> None:
    tries = []

    async def condition() -> bool:
        tries.append(1)
        assert len(tries) > 2
        return True

    assert await eventually(condition, within=5)


async def test_at_the_deadline_it_reports_the_last_failure() -> None:
    def condition() -> bool:
        raise AssertionError("three orders are missing")

    with pytest.raises(AssertionError, match=r"the rows did not happen within 0\.05 s: three orders are missing"):
        await eventually(condition, within=0.05, what="the rows")


async def test_any_other_exception_ends_the_wait_at_once() -> None:
    with pytest.raises(ZeroDivisionError):
        await eventually(lambda: 1 / 0, within=5)
