"""Settings that would let anybody or nobody in end the process before any connection, with words that name them."""

import pytest

from order_api.__main__ import WRONG_SETTINGS, main

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
    assert main() == WRONG_SETTINGS
    assert words in capsys.readouterr().err
