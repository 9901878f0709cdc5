"""Configuration from the environment, read once and checked before the first connection."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from order_contracts.channels import PARTITIONS, TOPIC
from order_contracts.ids import NAME_PATTERN


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


class Settings(BaseSettings):
    """Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True)

    kafka_bootstrap_servers: str = Field(min_length=1)
    orders_topic: str = TOPIC
    orders_partitions: int = Field(default=PARTITIONS, ge=1, le=9999)
    log_epoch: int = Field(default=1, ge=1)
    jwt_secret: SecretStr = Field(min_length=32)
    jwt_issuer: str = "scanserve"
    jwt_audience: str = "scanserve"
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=1, le=65535)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    log_level: str = "info"
    append_deadline_seconds: float = Field(default=5.0, gt=0, le=25)  # within not_after, or a 503 could still land
    book_hours: float = Field(default=72.0, ge=49)  # longer than the 48 h in which an order may still be placed
    max_body_bytes: int = Field(default=256 * 1024, ge=1024)

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

    @property
    def book_window(self) -> timedelta:
        """How much of the log is kept in memory."""
        return timedelta(hours=self.book_hours)
