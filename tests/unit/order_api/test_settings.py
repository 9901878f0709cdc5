"""A configuration that would lose orders, or let anybody or nobody in, is refused with the variable that is wrong."""

from typing import Any

import pytest
from pydantic import ValidationError

from order_api.serving import WRONG_SETTINGS, serve
from order_api.settings import Settings

GOOD = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
SECRET = {"JWT_SECRET": "x" * 32}


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "exactly one of JWT_JWKS_URL, JWT_PUBLIC_KEY_FILE and JWT_SECRET; none is set"),
        ({**SECRET, "JWT_JWKS_URL": "https://id.example/jwks"}, "exactly one of"),
        ({"JWT_SECRET": "short"}, "JWT_SECRET: "),
        ({"JWT_JWKS_URL": "http://id.example/jwks"}, "JWT_JWKS_URL: "),
        ({"JWT_PUBLIC_KEY_FILE": "/not/there"}, "JWT_PUBLIC_KEY_FILE: "),
        ({**SECRET, "REVOKED_TOKENS_FILE": "/not/there"}, "REVOKED_TOKENS_FILE: "),
        ({**SECRET, "REVOKED_TOKENS_SECONDS": "3600"}, "REVOKED_TOKENS_SECONDS: "),
        ({**SECRET, "RATE_LIMIT": "often"}, "must be like 600/minute, or none"),
        ({**SECRET, "READ_TIMEOUT_SECONDS": "0"}, "READ_TIMEOUT_SECONDS: "),
    ],
)
def test_a_wrong_variable_is_named(
    environment: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("JWT_SECRET", "JWT_JWKS_URL", "JWT_PUBLIC_KEY_FILE", "REVOKED_TOKENS_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, text in {**GOOD, **environment}.items():
        monkeypatch.setenv(name, text)
    assert serve() == WRONG_SETTINGS
    assert words in capsys.readouterr().err


GIVEN = {"kafka_bootstrap_servers": "broker:9092", "jwt_secret": "s" * 32}


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"book_hours": 96}, "book_hours", "greater than or equal to 97"),
        ({"not_after_ms": 2000, "append_deadline_seconds": 2}, "not_after_ms", "after APPEND_DEADLINE_SECONDS"),
        ({"not_after_ms": 60_000}, "not_after_ms", "less than or equal to 30000"),
        ({"database_url": "mysql://here"}, "database_url", "postgresql://"),
        ({"database_schema": "Robert'); DROP TABLE orders"}, "database_schema", "pattern"),
    ],
)
def test_a_wrong_value_is_named(changes: dict[str, Any], field: str, text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({**GIVEN, **changes})
    (error,) = refused.value.errors()
    assert error["loc"] == (field,)
    assert text in error["msg"]


def test_postgres_is_optional() -> None:
    assert Settings.model_validate(GIVEN).database_url is None
