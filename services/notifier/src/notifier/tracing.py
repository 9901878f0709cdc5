"""Spans of what was sent to a room: one a batch, linked with its orders', and one in the trace of each traced order."""

from collections.abc import Callable, Iterator

from opentelemetry.trace import SpanKind

from notifier.batch import kind_of
from notifier.fanout import Batch
from order_contracts.channels import BATCH
from order_contracts.tracing import Facts, Tracing

_MS = 1_000_000


def batch_notes(tracing: Tracing) -> Callable[[Batch, int], None]:
    """Give what notes a batch that has just gone out, and to how many it did."""

    def note(batch: Batch, reached: int) -> None:
        facts: Facts = {
            "messaging.system": "socketio",
            "messaging.operation.type": "send",
            "messaging.operation.name": "emit",
            "messaging.destination.name": batch.room,
            "messaging.destination.template": kind_of(batch.room),
            "messaging.batch.message_count": len(batch.entries),
            "scanserve.receivers": reached,
        }
        orders = list(_orders(batch))
        if orders:
            tracing.note_batch(
                f"emit {BATCH}", SpanKind.PRODUCER, facts, min(since for _, since, _ in orders) * _MS, orders
            )

    return note


def _orders(batch: Batch) -> Iterator[tuple[str, int, Facts]]:
    """Give those that are traced: each waited from its append on, for the window's end above all."""
    for entry in batch.entries:
        if entry.traceparent is not None:
            yield (
                entry.traceparent,
                entry.appended_at,
                {
                    "messaging.kafka.offset": entry.offset,
                    "cloudevents.event_subject": entry.order_id,
                },
            )
