"""Wrong settings end the process before any connection, with words that name the variable."""

import pytest

from notifier.__main__ import WRONG_SETTINGS, main
from notifier.settings import Settings

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
        ("BATCH_WINDOWS_MS", "kitchen=5"),
        ("BATCH_WINDOWS_MS", "venue=0"),
        ("BATCH_WINDOWS_MS", "250"),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("ORDER_LINK_SECRET", "too short"),
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


def test_windows_are_set_by_the_kind_of_room(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {**GOOD, "BATCH_WINDOWS_MS": "organization=500, order=250"}.items():
        monkeypatch.setenv(name, text)
    windows = Settings().windows
    assert [windows.of(room) for room in ("venue:v", "organization:o", "order:x")] == [0.1, 0.5, 0.25]
