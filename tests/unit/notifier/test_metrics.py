"""What a scrape shows is what was counted."""

from hypothesis import given
from hypothesis import strategies as st

from notifier.metrics import Metrics
from notifier.partition_log import Fate, Reading


@given(sent=st.lists(st.tuples(st.integers(1, 2_000_000), st.integers(0, 5000))))
def test_batches_are_counted_by_size_and_receivers(sent: list[tuple[int, int]]) -> None:
    metrics = Metrics()
    for size, reached in sent:
        metrics.traffic.sent(size, reached)
    shown = metrics.registry.get_sample_value
    assert shown("notifier_batches_total") == shown("notifier_batch_bytes_count") == len(sent)
    assert shown("notifier_deliveries_total") == sum(reached for _, reached in sent)
    assert shown("notifier_batch_bytes_sum") == sum(size for size, _ in sent)
    for bound in (256, 16_384, 1_048_576):
        within = sum(size <= bound for size, _ in sent)
        assert shown("notifier_batch_bytes_bucket", {"le": f"{bound:.1f}"}) == within


@given(fates=st.lists(st.sampled_from(Fate)))
def test_records_are_counted_by_fate_and_every_fate_is_there_from_the_start(fates: list[Fate]) -> None:
    metrics = Metrics()
    for fate in fates:
        metrics.record(Reading(fate))
    for fate in Fate:
        assert metrics.registry.get_sample_value("notifier_records_total", {"fate": fate.value}) == fates.count(fate)
