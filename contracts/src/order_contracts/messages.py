"""What clients and the notifier say to each other, message by message: the shapes that other languages read."""

from pydantic import BaseModel, Field

_RESYNC = "too far back: fetch the snapshot, subscribe at its position"
_EXPIRES_IN = "seconds until the connection is ended, unless a newer token comes by refresh"


class BatchMeta(BaseModel):
    """The second argument of batchOrderUpdates."""

    room: str
    prev: str = Field(description="position before the batch: a screen that holds less has missed something")
    to: str = Field(description="position after the batch")
    server_time: str = Field(description="RFC 3339; ages are counted from it, never from the screen's clock")


class StreamBatch(BatchMeta):
    """A batch in an event stream: its events and its meta are one object. The event's id is `to`."""

    events: list[dict[str, object]] = Field(description="events in log order; see event, or progress-event for diners")


class Subscribe(BaseModel):
    """What a screen sends to enter a room."""

    room: str
    position: str | None = None


class SubscribeAck(BaseModel):
    """The answer to subscribe: a position, or resync, or an error in words."""

    position: str | None = Field(default=None, description="where the live feed goes on")
    replayed: int | None = Field(default=None, description="how many missed events were sent before this answer")
    expires_in: float | None = Field(default=None, description=_EXPIRES_IN)
    resync: bool | None = Field(default=None, description=_RESYNC)
    error: str | None = None


class Joined(BaseModel):
    """What an event stream begins with, after the missed events."""

    room: str
    position: str = Field(description="where the live feed goes on")
    replayed: int = Field(description="how many missed events were sent before this")
    expires_in: float = Field(description="seconds until the stream ends")


class Refresh(BaseModel):
    """What a screen sends before its token runs out: a newer one of the same subject and organization."""

    token: str


class RefreshAck(BaseModel):
    """The answer to refresh; after an error the older token goes on to hold."""

    expires_in: float | None = Field(default=None, description=_EXPIRES_IN)
    left: list[str] | None = Field(default=None, description="rooms that the newer token does not open: left")
    error: str | None = None


class Resync(BaseModel):
    """The room's feed was cut for this screen: fetch the snapshot and subscribe at its position."""

    room: str


class FeedStatus(BaseModel):
    """Whether the notifier hears from the log."""

    stale: bool
    since: str


class Draining(BaseModel):
    """The replica is going down: connect again, elsewhere, after this many milliseconds."""

    retry_after_ms: int


class Notice(BaseModel):
    """What an operator tells people in front of screens."""

    id: str = Field(description="the same on every replica: show it once")
    text: str
    level: str = Field(description="info or warning; open")
    sent_at: str = Field(description="RFC 3339")


class SignedOut(BaseModel):
    """The connection ends, and should not be made again with the same token."""

    reason: str
