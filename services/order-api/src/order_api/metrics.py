"""What a scrape tells of this process."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from order_contracts.arbiter import Verdict

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """The metrics of one process, in a registry of their own: nothing is registered at import."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.records = Counter("order_api_records", "records read from the log", ["verdict"], registry=self.registry)
        self._verdicts = {verdict: self.records.labels(verdict.value) for verdict in Verdict}  # labels() costs a lock
        self.commands = Counter("order_api_commands", "commands by outcome", ["outcome"], registry=self.registry)
        self.outcomes = {
            outcome: self.commands.labels(outcome) for outcome in ("accepted", "replayed", "refused", "lost", "unknown")
        }
        self.append_seconds = Histogram(
            "order_api_append_seconds", "append until learnt", buckets=_SECONDS, registry=self.registry
        )
        self.requests = Counter(
            "order_api_http_requests", "requests by status", ["method", "status"], registry=self.registry
        )
        self.orders = Gauge("order_api_book_orders", "orders in the book", registry=self.registry)
        self.scheduled = Gauge("order_api_scheduled_orders", "orders waiting for their time", registry=self.registry)
        self.overdue = Gauge(
            "order_api_scheduled_overdue_seconds", "how long the first has been due", registry=self.registry
        )
        self.behind = Gauge("order_api_tail_behind_records", "records not read yet", registry=self.registry)

    def count(self, verdicts: Mapping[Verdict, int]) -> None:
        """Count what was read at once."""
        for verdict, number in verdicts.items():
            if number:
                self._verdicts[verdict].inc(number)
