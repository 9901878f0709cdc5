"""Spans of what was committed: one a batch, linked with its orders', and one in the trace of each traced order.

Made after the COMMIT, of what stands in the rows by then: what was fenced off or undone leaves no span.
"""

from collections.abc import Iterator
from time import time_ns

from opentelemetry.trace import SpanKind

from order_contracts.tracing import Facts, Tracing
from projector.changes import Changes


class Traces:
    """What `projector run` tells of its batches."""

    def __init__(self, tracing: Tracing, topic: str) -> None:
        self._tracing = tracing
        self._name = f"process {topic}"
        self._facts = {
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.operation.name": "process",
            "messaging.destination.name": topic,
        }

    def committed(self, changes: Changes, records: int, seconds: float) -> None:
        """Note a batch that was committed just now, after `seconds` of work."""
        facts: Facts = {**self._facts, "messaging.batch.message_count": records}
        began = time_ns() - int(seconds * 1e9)
        self._tracing.note_batch(self._name, SpanKind.CONSUMER, facts, began, _orders(changes))


def _orders(changes: Changes) -> Iterator[tuple[str, int, Facts]]:
    """Give those that are traced: each waited from its append on."""
    for record, envelope, _ in changes.trail:
        if envelope.traceparent is not None:
            yield (
                envelope.traceparent,
                envelope.appended_at,
                {
                    "messaging.destination.partition.id": str(record.partition),
                    "messaging.kafka.offset": record.offset,
                    "cloudevents.event_id": envelope.id,
                    "cloudevents.event_type": envelope.type,
                    "cloudevents.event_subject": envelope.order_id,
                },
            )
