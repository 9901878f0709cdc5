"""What a scrape tells of this process."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from notifier.partition_log import Fate, Reading

_REASONS = 40  # a reason may quote the record: their number is bounded, so that garbage can't fill the memory
_BYTES = (256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576)


class Traffic(Collector):
    """What happens thousands of times a second, in plain numbers: the library's own counters lock at every step."""

    def __init__(self) -> None:
        self._accepted = self._batches = self._deliveries = self._bytes = 0
        self._others = dict.fromkeys(Fate, 0)
        self._sizes = [0] * (len(_BYTES) + 1)

    def read(self, fate: Fate) -> None:
        """Count a record."""
        if fate is Fate.ACCEPTED:
            self._accepted += 1
        else:
            self._others[fate] += 1

    def sent(self, size: int, reached: int) -> None:
        """Count a batch of so many bytes, sent to so many."""
        self._batches += 1
        self._deliveries += reached
        self._bytes += size
        self._sizes[bisect_left(_BYTES, size)] += 1

    def collect(self) -> Iterator[Metric]:
        """Give the figures in the library's form, for a scrape."""
        yield CounterMetricFamily("notifier_batches", "batches sent, one a room and window", self._batches)
        yield CounterMetricFamily("notifier_deliveries", "batches times their receivers", self._deliveries)
        counts = zip((*map(float, _BYTES), "+Inf"), accumulate(self._sizes), strict=True)
        buckets = [(str(bound), count) for bound, count in counts]
        yield HistogramMetricFamily("notifier_batch_bytes", "encoded size", buckets, self._bytes)
        records = CounterMetricFamily("notifier_records", "records read, by fate", labels=["fate"])
        for fate, count in {**self._others, Fate.ACCEPTED: self._accepted}.items():
            records.add_metric([fate.value], count)
        yield records


class Metrics:
    """The metrics of one process, in a registry of their own: nothing is registered at import."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.traffic = Traffic()
        registry.register(self.traffic)
        self.connections = Gauge("notifier_connections", "screens connected", registry=registry)
        self.watching = Gauge(
            "notifier_watching", "memberships of rooms, by their kind", ["kind", "transport"], registry=registry
        )
        self.rooms = Gauge("notifier_rooms", "rooms that somebody follows", registry=registry)
        self.refusals = Counter("notifier_refusals", "connections and joins refused", ["what"], registry=registry)
        self.joins = Counter("notifier_joins", "joins by outcome", ["outcome"], registry=registry)
        self.replayed = Counter("notifier_replayed_events", "missed events sent at a join", registry=registry)
        self.ring_bytes = Gauge("notifier_ring_bytes", "events held for replay", registry=registry)
        self.behind = Gauge("notifier_feed_behind_records", "records not read yet", registry=registry)
        self.silence = Gauge("notifier_feed_silence_seconds", "since the log last answered", registry=registry)
        self._malformed = Counter("notifier_malformed", "malformed records by reason", ["reason"], registry=registry)
        self._reasons: set[str] = set()

    def record(self, reading: Reading) -> None:
        """Count a record that was read."""
        self.traffic.read(reading.fate)
        if reading.reason is not None:
            known = reading.reason in self._reasons or len(self._reasons) < _REASONS
            reason = reading.reason if known else "other"
            self._reasons.add(reason)
            self._malformed.labels(reason).inc()
