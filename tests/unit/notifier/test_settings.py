"""Wrong settings end the process before any connection, with words that name the variable."""

import pytest

from notifier.__main__ import WRONG_SETTINGS, main

GOOD = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "JWT_SECRET": "x" * 32}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("JWT_SECRET", "too short"),
        ("KAFKA_BOOTSTRAP_SERVERS", ""),
        ("HTTP_PORT", "http"),
        ("BATCH_WINDOW_MS", "0"),
        ("RING_MINUTES", "-1"),
        ("QUERY_API_URL", "not a url"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_value_names_its_variable(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in {**GOOD, variable: value}.items():
        monkeypatch.setenv(name, text)
    assert main() == WRONG_SETTINGS
    assert variable in capsys.readouterr().err


def test_a_missing_secret_is_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.delenv("JWT_SECRET", raising=False)
    assert main() == WRONG_SETTINGS
    assert "JWT_SECRET" in capsys.readouterr().err
