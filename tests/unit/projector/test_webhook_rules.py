"""The pure parts of outgoing webhooks: signatures, when to try again, what an answer means, where it may lead."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from projector.webhooks.addresses import checked_url, permitted
from projector.webhooks.answers import Outcome, answer_of
from projector.webhooks.lanes import Endpoint, Lane
from projector.webhooks.schedule import GIVES_UP_AFTER, given_up, wait_seconds
from projector.webhooks.signing import new_secret, signed_headers

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def test_the_signature_is_the_specifications_example() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


@given(name=st.text("abcdef0123456789-", min_size=1, max_size=64), body=st.text(), number=st.integers(1, 2))
def test_the_reference_library_verifies_with_any_of_the_secrets(name: str, body: str, number: int) -> None:
    secrets = [new_secret() for _ in range(number)]
    headers = signed_headers(name, datetime.now(UTC), body.encode(), secrets)
    for secret in secrets:
        Webhook(secret).verify(body.encode(), headers, json_parse=False)


@given(failures=st.integers(1, 10_000), roll=st.floats(0, 1), asked=st.none() | st.floats(0, 1e9))
def test_a_wait_is_bounded_and_never_shorter_than_asked_within_an_hour(
    failures: int, roll: float, asked: float | None
) -> None:
    wait = wait_seconds(failures, roll, asked)
    assert 2.5 <= wait <= 3600
    assert wait <= 300 or asked is not None
    assert wait >= min(asked or 0, 3600)
    assert wait_seconds(failures + 1, roll, asked) >= wait


def test_waits_double_from_five_seconds_to_five_minutes() -> None:
    assert [wait_seconds(number, 1, None) for number in (1, 2, 3, 6, 7, 99)] == [5, 10, 20, 160, 300, 300]
    assert wait_seconds(1, 0, None) == 2.5
    assert not given_up(NOW, NOW + GIVES_UP_AFTER - timedelta(seconds=1))
    assert given_up(NOW, NOW + GIVES_UP_AFTER)


@pytest.mark.parametrize(
    ("status", "retry_after", "outcome", "asked"),
    [
        (200, "60", Outcome.DELIVERED, None),
        (299, None, Outcome.DELIVERED, None),
        (199, None, Outcome.FAILED, None),
        (301, "60", Outcome.FAILED, None),
        (410, None, Outcome.GONE, None),
        (429, "60", Outcome.FAILED, 60),
        (503, "Mon, 30 Nov 2026 12:02:00 GMT", Outcome.FAILED, 120),
        (503, "Mon, 30 Nov 2026 11:00:00 GMT", Outcome.FAILED, 0),
        (503, "soon", Outcome.FAILED, None),
        (503, "-1", Outcome.FAILED, None),
        (429, "9" * 5000, Outcome.FAILED, 999_999_999),
        (500, "60", Outcome.FAILED, None),
    ],
)
def test_what_an_answer_means(status: int, retry_after: str | None, outcome: Outcome, asked: float | None) -> None:
    answer = answer_of(status, retry_after, b"", NOW)
    assert (answer.outcome, answer.asked_seconds) == (outcome, asked)


@given(status=st.integers(100, 599), retry_after=st.none() | st.text(), body=st.binary())
def test_any_answer_is_judged_and_told_in_one_printable_line(status: int, retry_after: str | None, body: bytes) -> None:
    assert answer_of(status, retry_after, body, NOW).text.isprintable()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.1.2.3", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::", "2001:0:0:0:0:0:f5ff:fffe",
    ],
)  # fmt: skip
def test_what_is_inside_is_not_permitted(address: str) -> None:
    assert not permitted(address, ())


def test_what_is_public_or_allowed_is_permitted() -> None:
    assert permitted("93.184.215.14", ())
    assert permitted("2606:2800:21f:cb07:6820:80da:af6b:8b2c", ())
    assert permitted("::ffff:93.184.215.14", ())
    assert permitted("10.1.2.3", [ip_network("10.1.0.0/16")])
    assert not permitted("10.2.2.3", [ip_network("10.1.0.0/16"), ip_network("fc00::/7")])


@pytest.mark.parametrize(
    "url", ["http://a.example/", "ftp://a.example", "https://", "https://u:p@a.example", "https://a.example/#x", "a", "https://a:b"]
)  # fmt: skip
def test_a_url_that_can_not_be_kept_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        checked_url(url, allow_http=False)


def test_a_url_is_kept_as_it_will_be_asked() -> None:
    assert checked_url("https://Bücher.example/a b?c=d", allow_http=False) == "https://xn--bcher-kva.example/a%20b?c=d"
    assert checked_url("http://a.example", allow_http=True) == "http://a.example"


def test_an_old_secret_signs_until_its_end() -> None:
    endpoint = Endpoint("wh", "org", None, None, "https://a", "new", "old", NOW, "e", 1)
    assert endpoint.secrets(NOW - timedelta(seconds=1)) == ["new", "old"]
    assert endpoint.secrets(NOW) == ["new"]


def test_a_gap_is_where_histories_were_dropped_since_and_only_there() -> None:
    month = timedelta(days=30)
    behind, present = Lane(0, 5, NOW - 2 * month), Lane(0, 5, NOW - timedelta(hours=90))
    assert not behind.gap(None, NOW), "nothing was ever dropped"
    assert behind.gap(NOW - month, NOW)
    assert not present.gap(NOW - timedelta(days=1), NOW), "the last 97 hours are never dropped"
    assert not behind.gap(NOW - 3 * month, NOW)
