"""Configuration from the environment, read once and checked before the first connection."""

from typing import Annotated

from pydantic import Field, HttpUrl, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from order_contracts.arbiter import SETTLING_MS
from order_contracts.channels import PARTITIONS, TOPIC
from order_contracts.token_settings import TokenSettings


class Settings(TokenSettings, BaseSettings):
    """Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True)

    kafka_bootstrap_servers: str = Field(min_length=1)
    orders_topic: str = TOPIC
    orders_partitions: int = Field(default=PARTITIONS, ge=1, le=9999)
    log_epoch: int = Field(default=1, ge=1)
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8082, ge=1, le=65535)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    order_api_url: HttpUrl = HttpUrl("http://127.0.0.1:8080")
    query_api_url: HttpUrl = HttpUrl("http://127.0.0.1:8081")
    log_level: str = Field(default="info", pattern="(?i)^(debug|info|warning|error)$")
    batch_window_ms: int = Field(default=100, ge=1, le=5_000)
    ring_minutes: float = Field(default=15.0, gt=0, le=24 * 60)
    ring_bytes: int = Field(default=16 * 2**20, ge=2**16, description="of one partition")
    replay_limit: int = Field(default=5_000, ge=1, description="events; a snapshot is cheaper than more")
    rooms_per_socket: int = Field(default=64, ge=1)
    feed_stale_seconds: float = Field(default=5.0, ge=1)
    socket_buffer_bytes: int = Field(default=256 * 1024, ge=2**14, description="waiting for a screen before it skips")
    connects_per_second: float = Field(default=500, ge=20, description="at most; fewer while the loop is late")
    compress_batches: bool = Field(default=False, description="once a room: a third of the bytes, a third more CPU")
    drain_seconds: float = Field(default=20.0, ge=0, le=600)

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, text: object) -> object:
        return tuple(filter(None, (part.strip() for part in text.split(",")))) if isinstance(text, str) else text

    @property
    def ring_ms(self) -> int:
        """How far back a screen may resume."""
        return int(self.ring_minutes * 60_000)

    @property
    def arbiter_ms(self) -> int:
        """How long the acceptance rule remembers an order: never shorter than its own bound on late losers."""
        return max(self.ring_ms, SETTLING_MS)
