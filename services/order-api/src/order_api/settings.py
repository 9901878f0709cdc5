"""Configuration from the environment, read once and checked before the first connection."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from zoneinfo import available_timezones

from limits import RateLimitItem, parse
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from order_api.image_settings import ImageSettings
from order_contracts.arbiter import NOT_AFTER_MS
from order_contracts.channels import PARTITIONS, TOPIC
from order_contracts.guest_key_file import GuestKeySettings
from order_contracts.ids import NAME_PATTERN
from order_contracts.log_access import LogAccess
from order_contracts.token_settings import TokenSettings


class SquareVenue(BaseModel):
    """One venue's Square account: `notification_url` is the webhook's address as Square knows it, and signs it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    organization: str = Field(pattern=NAME_PATTERN)
    location_id: str = Field(min_length=1)
    signature_key: SecretStr = Field(min_length=1)
    notification_url: str = Field(min_length=1)
    access_token: SecretStr = Field(min_length=1)
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("has to be a time zone such as Europe/Rome")
        return name


class Settings(TokenSettings, GuestKeySettings, LogAccess, ImageSettings, BaseSettings):
    """Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True)

    orders_topic: str = TOPIC
    orders_partitions: int = Field(default=PARTITIONS, ge=1, le=9999)
    log_epoch: int = Field(default=1, ge=1)
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=1, le=65535)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    log_level: str = "info"
    append_deadline_seconds: float = Field(default=5.0, gt=0, le=25)  # within not_after, or a 503 could still land
    # An order may be placed for tomorrow, and sent again until 48 hours after that day: forgetting must not make twins.
    book_hours: float = Field(default=97.0, ge=97)
    database_url: SecretStr | None = None  # the projector's rows: a quicker start, and older orders
    database_schema: str = Field(default="read_models", pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    database_prepared_statements: bool = True  # false behind PgBouncer older than 1.21
    database_seconds: float = Field(default=2.0, gt=0, le=10)  # a question; within the deadline of its request
    database_boot_seconds: float = Field(default=20.0, gt=0, le=300)
    kafka_request_timeout_ms: int = Field(default=5_000, ge=500, le=10_000)
    not_after_ms: int = Field(default=NOT_AFTER_MS, ge=1_000, le=NOT_AFTER_MS)
    release_by_clock: bool = True  # scheduled orders; false: by command alone
    release_lead_minutes: float = Field(default=30.0, ge=0, le=24 * 60)  # how long before the time that they are for
    max_body_bytes: int = Field(default=256 * 1024, ge=1024)
    read_timeout_seconds: float = Field(default=10.0, gt=0, le=60)
    order_link_hours: float = Field(default=12.0, gt=0, le=24 * 14)  # how long a diner's link lasts
    rate_limit: str = "6000/minute"  # of one token, on one replica

    @field_validator("rate_limit")
    @classmethod
    def _readable(cls, text: str) -> str:
        try:
            if text != "none":
                parse(text)
        except ValueError as error:
            raise ValueError("must be like 600/minute, or none") from error
        return text

    square_venues: Annotated[Mapping[str, SquareVenue], NoDecode] = {}
    square_api_url: str = "https://connect.squareup.com"

    @field_validator("square_venues", mode="before")
    @classmethod
    def _from_json(cls, text: object) -> object:
        return json.loads(text) if isinstance(text, str) else text

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, text: object) -> object:
        return tuple(filter(None, (part.strip() for part in text.split(",")))) if isinstance(text, str) else text

    @field_validator("database_url")
    @classmethod
    def _of_postgres(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must be an address like postgresql://user:password@host:5432/database, or unset")
        return url

    @field_validator("not_after_ms")
    @classmethod
    def _ends_after_the_answer(cls, milliseconds: int, info: ValidationInfo) -> int:
        if milliseconds <= info.data.get("append_deadline_seconds", 0) * 1000:
            raise ValueError("must end after APPEND_DEADLINE_SECONDS, or a request could still be waiting for it")
        return milliseconds

    @property
    def book_window(self) -> timedelta:
        """How much of the log is kept in memory."""
        return timedelta(hours=self.book_hours)

    @property
    def release_lead(self) -> timedelta | None:
        """How long before their time scheduled orders are released; None for by command alone."""
        return timedelta(minutes=self.release_lead_minutes) if self.release_by_clock else None

    @property
    def request_limit(self) -> RateLimitItem | None:
        """How often one token may ask; None for as often as it likes."""
        return None if self.rate_limit == "none" else parse(self.rate_limit)
