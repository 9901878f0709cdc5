"""Configuration from the environment, read once and checked before the first connection.

Each field is the environment variable of the same name in capitals.
"""

from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from order_contracts.channels import PARTITIONS, TOPIC
from order_contracts.guest_key_file import GuestKeySettings
from order_contracts.log_access import LogAccess
from order_contracts.token_settings import TokenSettings
from projector.networks import Network, networks_of


class DatabaseSettings(BaseSettings):
    """Where the read models are. A rebuild writes to a second schema beside the first."""

    model_config = SettingsConfigDict(frozen=True)

    database_url: SecretStr
    database_direct_url: SecretStr | None = None  # past a pooler in transaction mode: migrations, rebuild, verify
    database_prepared_statements: bool = True  # false behind PgBouncer older than 1.21
    database_command_seconds: float = Field(default=10.0, gt=0, le=3600)
    database_schema: str = Field(default="read_models", pattern=r"^[a-z_][a-z0-9_]{0,49}$")
    log_level: str = Field(default="info", pattern=r"^(debug|info|warning|error)$")

    @field_validator("database_url", "database_direct_url")
    @classmethod
    def _of_postgres(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must be an address like postgresql://user:password@host:5432/database")
        return url

    @property
    def direct_address(self) -> str:
        """The address for what needs a session of its own."""
        return (self.database_direct_url or self.database_url).get_secret_value()


class LogSettings(LogAccess, DatabaseSettings):
    """Where the log is: what `rebuild`, `verify`, `lag` need beside the database."""

    orders_topic: str = TOPIC
    orders_partitions: int = Field(default=PARTITIONS, ge=1, le=9999)
    log_epoch: int = Field(default=1, ge=1)


class ServerSettings(DatabaseSettings):
    """What both long-running processes need."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(ge=0, le=65535)
    read_timeout_seconds: float = Field(default=10.0, gt=0, le=60)  # for a request to be there whole
    orders_partitions: int = Field(default=PARTITIONS, ge=1, le=9999)
    database_command_seconds: float = Field(default=10.0, gt=0, le=60)


class RunSettings(LogSettings, ServerSettings):
    """`projector run`."""

    http_port: int = Field(default=8082, ge=0, le=65535)
    consumer_group: str = Field(default="projector", min_length=1)
    group_instance_id: str | None = None  # static membership: a restart within the session moves no partition
    batch_records: int = Field(default=2000, ge=1, le=10_000)
    rows_at_hand_mb: int = Field(default=64, ge=1, le=4096)  # rows of orders that are kept between batches
    batch_wait_ms: int = Field(default=10, ge=1, le=1000)
    stalled_after_seconds: float = Field(default=60.0, ge=5)


class WebhookSettings(DatabaseSettings):
    """What sends webhooks, and what administers them."""

    webhooks_schema: str = Field(default="webhooks", pattern=r"^[a-z_][a-z0-9_]{0,49}$")
    webhooks_allow_http: bool = False  # for development: anybody on the way reads and forges what goes by plain http
    webhooks_allow_networks: Annotated[tuple[Network, ...], NoDecode] = ()  # private ones that receivers may be in

    @field_validator("webhooks_allow_networks", mode="before")
    @classmethod
    def _split_networks(cls, text: object) -> object:
        return networks_of(text) if isinstance(text, str) else text

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.webhooks_schema == self.database_schema:
            raise ValueError("WEBHOOKS_SCHEMA must not be DATABASE_SCHEMA: a rebuild takes that one away")
        return self

    @property
    def for_webhooks(self) -> Self:
        """Give the same settings with the webhooks' own schema, past a pooler: one role has one search_path there."""
        url, schema = SecretStr(self.direct_address), self.webhooks_schema
        return self.model_copy(update={"database_url": url, "database_schema": schema})


class WebhookRunSettings(GuestKeySettings, WebhookSettings, ServerSettings):
    """`projector webhooks run`."""

    http_port: int = Field(default=8084, ge=0, le=65535)
    webhooks_poll_ms: int = Field(default=250, ge=20, le=10_000)
    webhooks_lease_seconds: float = Field(default=30.0, ge=2, le=600)  # until others take over from one that was killed
    stalled_after_seconds: float = Field(default=60.0, ge=5)


class ServeSettings(TokenSettings, GuestKeySettings, ServerSettings):
    """`projector serve`."""

    http_port: int = Field(default=8081, ge=0, le=65535)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    database_connections: int = Field(default=10, ge=1, le=100)
    database_acquire_seconds: float = Field(default=2.0, gt=0, le=60)
    analytics_database_url: SecretStr | None = None  # a replica for reports; they ask the primary where it is not set
    analytics_connections: int = Field(default=4, ge=2, le=100)
    analytics_seconds: float = Field(default=30.0, gt=0, le=600)
    analytics_lag_seconds: float = Field(default=30.0, gt=0, le=86_400)
    redis_url: SecretStr | None = None  # snapshots shared by replicas for a second; nothing is lost with it
    min_position_seconds: float = Field(default=2.0, gt=0, le=30)
    poll_least_ms: int = Field(default=1_000, ge=100, le=3_600_000)
    poll_most_ms: int = Field(default=15_000, ge=100, le=3_600_000)

    @field_validator("analytics_database_url")
    @classmethod
    def _also_of_postgres(cls, url: SecretStr | None) -> SecretStr | None:
        return url and cls._of_postgres(url)

    @property
    def for_analytics(self) -> Self:
        """Give the same settings with the database and deadline of reports."""
        url = self.analytics_database_url or self.database_url
        return self.model_copy(update={"database_url": url, "database_command_seconds": self.analytics_seconds})

    @field_validator("redis_url")
    @classmethod
    def _of_redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("must be an address like redis://:password@host:6379/0")
        return url

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.poll_least_ms > self.poll_most_ms:
            raise ValueError("POLL_LEAST_MS must not be above POLL_MOST_MS")
        return self

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, text: object) -> object:
        return tuple(filter(None, (part.strip() for part in text.split(",")))) if isinstance(text, str) else text
