"""What every service that takes tokens is told in its environment, checked before the first connection."""

from ipaddress import ip_address
from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, FilePath, HttpUrl, SecretStr, field_validator, model_validator

from order_contracts.keys import keys_of_pem, keys_of_secret

_SOURCES = ("jwt_secret", "jwt_public_key_file", "jwt_jwks_url")


class TokenSettings(BaseModel):
    """A part of a service's settings: exactly one source of keys, and who signs for whom."""

    jwt_secret: SecretStr | None = None
    jwt_public_key_file: FilePath | None = None
    jwt_jwks_url: HttpUrl | None = None
    jwt_issuer: str = Field(default="scanserve", min_length=1)
    jwt_audience: str = Field(default="scanserve", min_length=1)
    jwt_keys_seconds: float = Field(default=300.0, ge=1, le=86_400)
    order_link_secret: SecretStr | None = None  # signs diners' links; where not set, JWT_SECRET does
    revoked_tokens_file: FilePath | None = None
    revoked_tokens_seconds: float = Field(default=10.0, ge=0.1, le=60)

    @field_validator("jwt_secret", "order_link_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            keys_of_secret(secret.get_secret_value())
        return secret

    @field_validator("jwt_public_key_file")
    @classmethod
    def _holds_keys(cls, path: Path | None) -> Path | None:
        if path is not None:
            try:
                keys_of_pem(path.read_bytes())
            except OSError as error:
                raise ValueError(f"{path} can't be read: {error.strerror}") from error
        return path

    @field_validator("jwt_jwks_url")
    @classmethod
    def _not_overheard(cls, url: HttpUrl | None) -> HttpUrl | None:
        if url is not None and url.scheme != "https" and not _is_loopback(url.host or ""):
            raise ValueError("must be https: over http anybody on the way could put keys of their own in")
        return url

    @property
    def link_secret(self) -> str | None:
        """What order links are signed with; None where there are none."""
        secret = self.order_link_secret or self.jwt_secret
        return None if secret is None else secret.get_secret_value()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name.upper() for name in _SOURCES if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"set exactly one of JWT_JWKS_URL, JWT_PUBLIC_KEY_FILE and JWT_SECRET; {found} is set")
        return self


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
