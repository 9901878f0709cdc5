"""A configuration that would lose orders is refused, with the variable that is wrong."""

from typing import Any

import pytest
from pydantic import ValidationError

from order_api.settings import Settings

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
