"""One token can't take everybody's share, and a limit that is off costs nothing."""

import pytest
from limits import parse

from order_api.problems import Problem
from order_api.rates import Rates
from order_contracts.claims import Claims


def claims(subject: str = "pos", token_id: str | None = None, organization_id: str = "org") -> Claims:
    return Claims(subject, organization_id, None, frozenset(), 2**33, token_id)


def test_a_token_is_counted_by_its_subject_and_its_id() -> None:
    rates = Rates(parse("2/hour"))
    for other in (claims(), claims(token_id="t1"), claims(token_id="t2"), claims("till"), claims(organization_id="x")):
        rates.charge(other)
        rates.charge(other)
        with pytest.raises(Problem) as refused:
            rates.charge(other)
        assert (refused.value.status, refused.value.code) == (429, "rate_limited")
        headers = dict(refused.value.headers or {})
        assert 3_590 <= int(headers["Retry-After"]) <= 3_600
        assert headers["RateLimit-Policy"] == '"token";q=2;w=3600'
        assert headers["RateLimit"] == f'"token";r=0;t={headers["Retry-After"]}'


def test_a_batch_is_charged_whole_or_not_at_all() -> None:
    rates = Rates(parse("10/hour"))
    rates.charge(claims(), 8)
    with pytest.raises(Problem):
        rates.charge(claims(), 3)
    rates.charge(claims(), 2)


def test_without_a_limit_nobody_waits() -> None:
    rates = Rates(None)
    for _ in range(1_000):
        rates.charge(claims(), 1_000)
