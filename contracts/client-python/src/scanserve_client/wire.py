"""What a follower needs of a transport. Two have it: Socket.IO (over WebSocket or long polling), and event streams."""

from typing import Any, Literal, Protocol

Transport = Literal["socketio", "polling", "sse"]
Answer = dict[str, Any]


class ConnectionRefused(Exception):
    """The notifier did not let us in; the text is what it said. `final`: it will say the same to the same token.

    `retry_after` is in how many seconds it asked us to come again, where it did.
    """

    def __init__(self, text: str, *, final: bool = False, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.final, self.retry_after = final, retry_after


class Receiver(Protocol):
    """Who is told what comes. None of it may wait: what comes next would come before it is done."""

    def on_batch(self, events: list[dict[str, Any]], meta: dict[str, Any]) -> None:
        """Take a batch of events of the room."""

    def on_answer(self, answer: Answer) -> None:
        """Take the answer to subscribe; live batches may follow at once."""

    def on_message(self, name: str, body: Any) -> None:
        """Take anything else: resync, feedStatus, draining, notice, signedOut."""

    def on_gone(self, reason: str) -> None:
        """Take note that the connection has ended, whoever ended it."""


class Wire(Protocol):
    """One connection at a time."""

    async def connect(self, url: str, token: str) -> None:
        """Connect once. Raises ConnectionRefused."""

    async def subscribe(self, room: str, position: str | None, within: float) -> Answer:
        """Enter the room; give the answer, after the receiver has been told it. Raises TimeoutError."""

    async def refresh(self, token: str) -> Answer | None:
        """Go on with a newer token; give the answer. None where that needs a new connection."""

    async def close(self) -> None:
        """Disconnect."""
