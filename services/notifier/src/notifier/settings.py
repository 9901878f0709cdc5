"""Configuration from the environment, read once and checked before the first connection."""

from typing import Annotated

from pydantic import AnyUrl, Field, HttpUrl, SecretStr, UrlConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from notifier.batch import KINDS, Cap, Kind, Windows
from order_contracts.arbiter import SETTLING_MS
from order_contracts.channels import PARTITIONS, TOPIC
from order_contracts.guest_key_file import GuestKeySettings
from order_contracts.log_access import LogAccess
from order_contracts.token_settings import TokenSettings


class Settings(TokenSettings, GuestKeySettings, LogAccess, BaseSettings):
    """Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True)

    orders_topic: str = TOPIC
    orders_partitions: int = Field(default=PARTITIONS, ge=1, le=9999)
    log_epoch: int = Field(default=1, ge=1)
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8082, ge=1, le=65535)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    order_api_url: HttpUrl = HttpUrl("http://127.0.0.1:8080")
    query_api_url: HttpUrl = HttpUrl("http://127.0.0.1:8081")
    images_url: Annotated[AnyUrl, UrlConstraints(allowed_schemes=["https"])] | None = None  # of the board's pictures
    log_level: str = Field(default="info", pattern="(?i)^(debug|info|warning|error)$")
    redis_url: SecretStr | None = None  # operators' calls and presence across replicas; the feed needs none
    batch_window_ms: int = Field(default=100, ge=1, le=5_000)
    batch_windows_ms: Annotated[dict[Kind, Annotated[int, Field(ge=1, le=5_000)]], NoDecode] = {}
    batch_leading_edge: bool = False
    batch_events: int = Field(default=200, ge=1, le=5_000)
    batch_bytes: int = Field(default=128 * 1024, ge=1024, le=2**20)
    ring_minutes: float = Field(default=15.0, gt=0, le=24 * 60)
    ring_bytes: int = Field(default=16 * 2**20, ge=2**16, description="of one partition")
    replay_limit: int = Field(default=5_000, ge=1, description="events; a snapshot is cheaper than more")
    rooms_per_socket: int = Field(default=64, ge=1)
    feed_stale_seconds: float = Field(default=5.0, ge=1)
    socket_buffer_bytes: int = Field(default=256 * 1024, ge=2**14, description="waiting for a screen before it skips")
    connects_per_second: float = Field(default=500, ge=20, description="at most; fewer while the loop is late")
    compress_batches: bool = Field(default=False, description="once a room: a third of the bytes, a third more CPU")
    stream_bytes: int = Field(default=2**20, ge=2**16, description="waiting for one event stream; over it: resync")
    stream_heartbeat_seconds: float = Field(default=10.0, ge=0.1, le=60)
    drain_seconds: float = Field(default=20.0, ge=0, le=600)

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, text: object) -> object:
        return tuple(filter(None, (part.strip() for part in text.split(",")))) if isinstance(text, str) else text

    @field_validator("batch_windows_ms", mode="before")
    @classmethod
    def _by_kind(cls, text: object) -> object:
        if not isinstance(text, str):
            return text
        pairs = [part.split("=") for part in text.replace(" ", "").split(",") if part]
        if any(len(pair) != 2 or pair[0] not in KINDS for pair in pairs):
            raise ValueError(f"must be like organization=500,order=250, of {', '.join(KINDS)}")
        return {pair[0]: pair[1] for pair in pairs}

    @field_validator("redis_url")
    @classmethod
    def _of_redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("must be an address like redis://:password@host:6379/0, or unset")
        return url

    @property
    def windows(self) -> Windows:
        """How long events are collected."""
        by_kind: dict[str, float] = {kind: milliseconds / 1000 for kind, milliseconds in self.batch_windows_ms.items()}
        return Windows(self.batch_window_ms / 1000, by_kind, self.batch_leading_edge)

    @property
    def cap(self) -> Cap:
        """How much one message holds."""
        return Cap(self.batch_events, self.batch_bytes)

    @property
    def ring_ms(self) -> int:
        """How far back a screen may resume."""
        return int(self.ring_minutes * 60_000)

    @property
    def arbiter_ms(self) -> int:
        """How long the acceptance rule remembers an order: never shorter than its own bound on late losers."""
        return max(self.ring_ms, SETTLING_MS)
