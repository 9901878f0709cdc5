"""Whether the feed hears from the log."""

from notifier.pulse import FeedStatus, Pulse


def test_silence_is_told_once_with_the_last_sign_of_life() -> None:
    pulse = Pulse(stale_after=5, now=100)
    assert pulse.observe(heard_at=100, now=105) is None
    assert pulse.observe(heard_at=100, now=105.1) == FeedStatus(stale=True, since=100)
    assert pulse.observe(heard_at=100, now=200) is None
    assert pulse.status.stale


def test_coming_back_is_told_once() -> None:
    pulse = Pulse(stale_after=5, now=100)
    pulse.observe(heard_at=100, now=110)
    assert pulse.observe(heard_at=111, now=111) == FeedStatus(stale=False, since=111)
    assert pulse.observe(heard_at=112, now=112) is None
