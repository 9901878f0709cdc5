"""Bills side by side: what pushing saves, at which interval polling breaks even, and what to deploy. Pure."""

from dataclasses import dataclass

from scanserve_cost.bill import TASK_CPU, TASK_GIB, USED, Bill, bill
from scanserve_cost.business import Business
from scanserve_cost.measured import Measured
from scanserve_cost.prices import Prices
from scanserve_cost.shapes import Shape
from scanserve_cost.ways import WAYS, Way

_LONGEST = 3600.0
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Saving:
    """What `pushed` saves against `polled`: dollars a month, share of the delivery tier, share of the whole bill."""

    dollars: float
    of_delivery: float
    of_bill: float


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a report needs of one size."""

    business: Business
    measured: Measured
    prices: Prices
    shape: Shape
    poll_seconds: float
    poll_bytes: float

    def bill(self, way: Way, poll_seconds: float | None = None) -> Bill:
        """Make one bill, at another interval if one is given."""
        seconds = self.poll_seconds if poll_seconds is None else poll_seconds
        return bill(
            way,
            self.business,
            self.measured,
            self.prices,
            self.shape,
            poll_seconds=seconds,
            poll_bytes=self.poll_bytes,
        )

    def bills(self) -> dict[Way, Bill]:
        """Make all four."""
        return {way: self.bill(way) for way in WAYS}

    def saving(self, against: Way, poll_seconds: float | None = None) -> Saving:
        """Compare Socket.IO with another way."""
        pushed, other = self.bill("Socket.IO"), self.bill(against, poll_seconds)
        dollars = other.total - pushed.total
        return Saving(dollars, dollars / other.delivery_total, dollars / other.total)

    def break_even(self, against: Way, share: float = 0.0) -> float | None:
        """Give the interval from which on Socket.IO saves no more than `share` of the delivery tier; None: never."""
        if self.saving(against, _LONGEST).of_delivery > share:
            return None
        short, long = 0.1, _LONGEST
        if self.saving(against, short).of_delivery <= share:
            return short
        while long / short > 1.01:
            middle = (short * long) ** 0.5
            short, long = (middle, long) if self.saving(against, middle).of_delivery > share else (short, middle)
        return long

    def connections_a_task(self) -> int:
        """Say how many screens one task of the notifier holds: by memory, and by CPU at the peak."""
        room = TASK_GIB * USED * GIB - self.measured.notifier_bytes
        push = self.measured.sockets
        by_memory = room / max(push.connection_bytes, 1.0)
        each = self.business.deliveries(peak=True) / self.business.connections * push.delivery_cpu
        by_cpu = (TASK_CPU * USED - self.measured.notifier_alone_cpu) / (each + push.connection_cpu)
        return int(min(by_memory, by_cpu))
