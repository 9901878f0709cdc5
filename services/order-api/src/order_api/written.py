"""What is written to the log, and what all readers will make of it once the broker has said when it was appended."""

from msgspec import Struct

from order_api.lane import Record
from order_contracts.events import Event
from order_contracts.wire import Envelope, encode_record, envelope_of


class Proposal(Struct, frozen=True):
    """An event that was decided on, and what its record says beside it."""

    event: Event
    stations: tuple[str, ...]
    fingerprint: str


class Written(Struct, frozen=True):
    """A proposal and its record. Times are milliseconds since 1970."""

    proposal: Proposal
    not_after: int
    record: Record

    def as_read(self, appended_at: int) -> Envelope | None:
        """Give what readers read, but for the span that may have been added; None: they find it malformed."""
        return envelope_of(
            self.proposal.event,
            stations=self.proposal.stations,
            not_after=self.not_after,
            fingerprint=self.proposal.fingerprint,
            value=self.record.value,
            appended_at=appended_at,
        )


def write(proposal: Proposal, partition: int, not_after: int) -> Written:
    """Give the record of a proposal, as Kafka holds it."""
    key, value, headers = encode_record(
        proposal.event,
        stations=proposal.stations,
        not_after=not_after,
        fingerprint=proposal.fingerprint,
    )
    record = Record(partition, key, value, headers)
    return Written(proposal, not_after, record)
