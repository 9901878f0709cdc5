"""Wrong configuration ends the process with code 2 and names the variable."""

import sys

import pytest

from projector.__main__ import main


def run_with(monkeypatch: pytest.MonkeyPatch, command: str, **environment: str) -> None:
    for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "JWT_SECRET", "HTTP_PORT", "ORDERS_PARTITIONS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["projector", command])
    main()


@pytest.mark.parametrize(
    ("command", "environment", "named"),
    [
        ("run", {}, "DATABASE_URL: is not set"),
        ("run", {"DATABASE_URL": "postgres://x"}, "KAFKA_BOOTSTRAP_SERVERS: is not set"),
        ("migrate", {"DATABASE_URL": "mysql://x"}, "DATABASE_URL: "),
        ("serve", {"DATABASE_URL": "postgresql://x", "JWT_SECRET": "short"}, "JWT_SECRET: "),
        ("serve", {"DATABASE_URL": "postgresql://x", "JWT_SECRET": "s" * 32, "HTTP_PORT": "http"}, "HTTP_PORT: "),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch, capsys, command: str, environment: dict[str, str], named: str) -> None:
    with pytest.raises(SystemExit) as end:
        run_with(monkeypatch, command, **environment)
    assert end.value.code == 2
    assert named in capsys.readouterr().err
