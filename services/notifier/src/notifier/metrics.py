"""What a scrape tells of this process."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from notifier.partition_log import Fate, Reading

_REASONS = 40  # a reason may quote the record: their number is bounded, so that garbage can't fill the memory
_BYTES = (256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576)


class Metrics:
    """The metrics of one process, in a registry of their own: nothing is registered at import."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.connections = Gauge("notifier_connections", "screens connected", registry=registry)
        self.watching = Gauge(
            "notifier_watching", "memberships of rooms, by their kind", ["kind", "transport"], registry=registry
        )
        self.rooms = Gauge("notifier_rooms", "rooms that somebody follows", registry=registry)
        self.refusals = Counter("notifier_refusals", "connections and joins refused", ["what"], registry=registry)
        self.batches = Counter("notifier_batches", "batches sent, one a room and window", registry=registry)
        self.deliveries = Counter("notifier_deliveries", "batches times their receivers", registry=registry)
        self.batch_bytes = Histogram("notifier_batch_bytes", "encoded size", buckets=_BYTES, registry=registry)
        self.joins = Counter("notifier_joins", "joins by outcome", ["outcome"], registry=registry)
        self.replayed = Counter("notifier_replayed_events", "missed events sent at a join", registry=registry)
        self.ring_bytes = Gauge("notifier_ring_bytes", "events held for replay", registry=registry)
        self.behind = Gauge("notifier_feed_behind_records", "records not read yet", registry=registry)
        self.silence = Gauge("notifier_feed_silence_seconds", "since the log last answered", registry=registry)
        records = Counter("notifier_records", "records read, by fate", ["fate"], registry=registry)
        self._records = {fate: records.labels(fate.value) for fate in Fate}  # looked up once: it is asked a record
        self._malformed = Counter("notifier_malformed", "malformed records by reason", ["reason"], registry=registry)
        self._reasons: set[str] = set()

    def record(self, reading: Reading) -> None:
        """Count a record that was read."""
        self._records[reading.fate].inc()
        if reading.reason is not None:
            known = reading.reason in self._reasons or len(self._reasons) < _REASONS
            reason = reading.reason if known else "other"
            self._reasons.add(reason)
            self._malformed.labels(reason).inc()
