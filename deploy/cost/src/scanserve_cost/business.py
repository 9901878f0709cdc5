"""What the restaurants do: how many orders, events, screens; rates a second, on average and at the peak. Pure."""

from dataclasses import dataclass
from math import exp

WINDOW_SECONDS = 0.1  # of a room's batch


@dataclass(frozen=True, slots=True)
class Business:
    """`orders_an_hour` of one restaurant, on average over its opening hours; the peak is `peak` times as much."""

    restaurants: int
    screens: int = 5
    orders_an_hour: float = 25.0
    open_hours: float = 360.0
    events_an_order: float = 7.0
    event_bytes: float = 700.0
    peak: float = 4.0
    image_gb: float = 20.0
    months_kept: float = 12.0

    def __post_init__(self) -> None:
        for name in ("restaurants", "screens", "orders_an_hour", "open_hours", "events_an_order", "peak"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be more than 0")
        if self.open_hours > 730:
            raise ValueError("open_hours must be 730 a month at most")

    @property
    def connections(self) -> int:
        """All screens."""
        return self.restaurants * self.screens

    @property
    def open_seconds(self) -> float:
        """Seconds a month in which screens are on."""
        return self.open_hours * 3600

    @property
    def venue_events(self) -> float:
        """Events a second of one restaurant, on average."""
        return self.orders_an_hour * self.events_an_order / 3600

    @property
    def events(self) -> float:
        """Events a second of all."""
        return self.restaurants * self.venue_events

    def deliveries(self, peak: bool = False) -> float:
        """Batches a second to all screens. A room's first event opens its window; what falls in goes along."""
        rate = self.venue_events * (self.peak if peak else 1.0)
        return self.connections * rate / (1 + rate * WINDOW_SECONDS)

    def polls(self, seconds: float) -> float:
        """Give the polls a second of all screens at such an interval."""
        return self.connections / seconds

    def changed(self, seconds: float) -> float:
        """Give the share of polls that find something new, with events that come by chance."""
        return 1 - exp(-self.venue_events * seconds)

    @property
    def log_gb(self) -> float:
        """What the log holds of one copy, after `months_kept`: nothing of it expires."""
        return self.events * self.open_seconds * self.event_bytes * self.months_kept / 1e9
