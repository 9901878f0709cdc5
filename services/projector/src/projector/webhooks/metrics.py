"""What `projector webhooks run` counts, for Prometheus. Names are an interface: dashboards and alarms hang on them."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from projector.webhooks.answers import Outcome

_DELAYS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 600.0, 3600.0, 86_400.0)


class WebhookMetrics:
    """One set a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._attempts = Counter("webhooks_attempts", "Requests sent, by outcome", ["outcome"], registry=registry)
        self._delay = Histogram(
            "webhooks_delivery_seconds", "From an event's append to the 2xx", buckets=_DELAYS, registry=registry
        )
        self._held = Gauge("webhooks_endpoints", "Endpoints that this process sends to", registry=registry)
        self._failing = Gauge(
            "webhooks_failing_endpoints", "Those of them whose last attempt failed", registry=registry
        )
        self._disabled = Gauge("webhooks_disabled_endpoints", "Endpoints that nobody sends to", registry=registry)
        self._lag = Gauge(
            "webhooks_lag_seconds",
            "For how long an endpoint's oldest event has waited",
            ["endpoint"],
            registry=registry,
        )

    def attempted(self, outcome: Outcome, since_append: float) -> None:
        """Count an attempt."""
        self._attempts.labels(outcome.value).inc()
        if outcome is Outcome.DELIVERED:
            self._delay.observe(max(0.0, since_append))

    def stands(self, lags: Mapping[str, float], *, failing: int, disabled: int) -> None:
        """Say how things stand: seconds of lag by endpoint that is held, and counts."""
        self._held.set(len(lags))
        self._failing.set(failing)
        self._disabled.set(disabled)
        self._lag.clear()
        for endpoint, seconds in lags.items():
            self._lag.labels(endpoint).set(seconds)
