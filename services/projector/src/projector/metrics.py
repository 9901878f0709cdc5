"""What `projector run` counts, for Prometheus. Names are an interface: dashboards and alarms hang on them."""

import time
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from order_contracts.events import TYPES
from projector.changes import Changes

_LAGS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0)


class Metrics:
    """One set a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.events = Counter("projector_events", "Accepted events, by type", ["type"], registry=registry)
        self.rejected = Counter(
            "projector_rejected", "Records that the rule rejects, by reason", ["reason"], registry=registry
        )
        self.dead_letters = Counter(
            "projector_dead_letters", "Accepted events that were quarantined", registry=registry
        )
        self.records = Counter("projector_records", "Records read and committed", registry=registry)
        self.batches = Counter("projector_batches", "Batches committed", registry=registry)
        self.batch_seconds = Histogram(
            "projector_batch_seconds", "One batch, from records to COMMIT", registry=registry
        )
        self.fenced = Counter(
            "projector_fenced", "Batches thrown back since another projector had moved on", registry=registry
        )
        self.database_errors = Counter(
            "projector_database_errors", "Batches that Postgres did not confirm", registry=registry
        )
        self.lag_records = Gauge(
            "projector_lag_records", "Records between the positions and the log's end", registry=registry
        )
        self.lag_seconds = Gauge(
            "projector_lag_seconds", "Since when the log's end has not been reached", registry=registry
        )
        self.live_lag = Histogram(
            "projector_live_lag_seconds",
            "From append to COMMIT: the oldest record of each batch and partition",
            buckets=_LAGS,
            registry=registry,
        )

    def committed(self, changes: Changes, oldest: Sequence[int], records: int, seconds: float) -> None:
        """Count a batch. `oldest` are append times (ms since 1970), the first of each partition."""
        self.batches.inc()
        self.records.inc(records)
        self.batch_seconds.observe(seconds)
        self.dead_letters.inc(len(changes.dead_letters))
        for kind, number in changes.accepted.items():
            self.events.labels(kind if kind in TYPES else "other").inc(number)  # a label's values stay few
        for reason, number in changes.rejected.items():
            self.rejected.labels(reason).inc(number)
        now = time.time()
        for appended_at in oldest:
            self.live_lag.observe(max(0.0, now - appended_at / 1000))
