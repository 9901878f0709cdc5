"""What each way of keeping screens current asks of servers, database, load balancer, firewall and the wire. Pure.

Everything here is a rate or a sum of measured figures; dollars are bill.py's.
"""

from dataclasses import dataclass
from typing import Literal

from scanserve_cost.business import Business
from scanserve_cost.measured import Measured, Push

Way = Literal["Socket.IO", "SSE", "polling", "304/delta"]
WAYS: tuple[Way, ...] = ("Socket.IO", "SSE", "polling", "304/delta")

REQUEST_OVERHEAD = 150.0  # bytes of TLS records, TCP and IP of a request and its answer, on a connection that is kept
FRAME_OVERHEAD = 70.0  # the same of one frame
PING_SECONDS, PING_BYTES = 10.0, 80.0
SESSION_HOURS = 1.0  # how long a tablet stays connected, on average: sleep, Wi-Fi, roll-outs
UNCHANGED_BYTES = 260.0  # of a 304, where none was measured: its headers


@dataclass(frozen=True, slots=True)
class Load:
    """Rates are a second, on average unless they say peak; bytes and requests are of a month."""

    cpu_peak: float
    database_cpu: float
    memory: float
    requests: float
    requests_a_second: float
    bytes_out: float
    new_connections: float
    connections: int

    def lcus(self, open_seconds: float) -> float:
        """Give load balancer capacity units an hour: the largest of its four measures."""
        gigabytes = self.bytes_out / open_seconds * 3600 / 1e9
        return max(self.new_connections / 25, self.connections / 3000, gigabytes, self.requests_a_second / 1000)


def load_of(way: Way, business: Business, measured: Measured, poll_seconds: float, poll_bytes: float) -> Load:
    """Say what a way asks. `poll_bytes` is a whole answer with its headers."""
    if way in ("Socket.IO", "SSE"):
        push = measured.sockets if way == "Socket.IO" else measured.streams
        return _pushed(business, measured, push, poll_bytes)
    return _polled(business, measured, poll_seconds, poll_bytes, unchanged_are_304=way == "304/delta")


def _pushed(business: Business, measured: Measured, push: Push, snapshot_bytes: float) -> Load:
    opens = business.connections / (SESSION_HOURS * 3600)
    batch = push.delivery_bytes / push.events_a_delivery + FRAME_OVERHEAD
    wire = business.deliveries() * batch + business.connections * PING_BYTES / PING_SECONDS
    wire += opens * (snapshot_bytes + REQUEST_OVERHEAD)
    cpu = business.deliveries(peak=True) * push.delivery_cpu + business.connections * push.connection_cpu
    cpu += measured.notifier_alone_cpu + business.peak * opens * push.handshake_cpu
    return Load(
        cpu_peak=cpu,
        database_cpu=opens * measured.poll_database_cpu,
        memory=measured.notifier_bytes + business.connections * push.connection_bytes,
        requests=2 * opens * business.open_seconds,
        requests_a_second=2 * opens,
        bytes_out=wire * business.open_seconds,
        new_connections=2 * opens,
        connections=business.connections,
    )


def _polled(business: Business, measured: Measured, seconds: float, whole: float, *, unchanged_are_304: bool) -> Load:
    polls = business.polls(seconds)
    changed = business.changed(seconds) if unchanged_are_304 else 1.0
    small = measured.unchanged_bytes if measured.unchanged_bytes is not None else UNCHANGED_BYTES
    cpu = _mixed(changed, measured.poll_cpu, measured.unchanged_cpu)
    database = _mixed(changed, measured.poll_database_cpu, measured.unchanged_database_cpu)
    size = changed * whole + (1 - changed) * small + REQUEST_OVERHEAD
    return Load(
        cpu_peak=polls * cpu,
        database_cpu=polls * database,
        memory=0.0,
        requests=polls * business.open_seconds,
        requests_a_second=polls,
        bytes_out=polls * size * business.open_seconds,
        new_connections=business.connections / (SESSION_HOURS * 3600),
        connections=business.connections,
    )


def _mixed(changed: float, whole: float, unchanged: float | None) -> float:
    """Mix both kinds of polls; where a 304 was not measured, it has to ask the database all the same."""
    return changed * whole + (1 - changed) * (whole if unchanged is None else unchanged)
