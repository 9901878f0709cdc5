"""Kafka is asked with name and password over TLS, or plainly; never half of it."""

import ssl
from typing import Any

import pytest
from pydantic import ValidationError

from order_contracts.log_access import LogAccess

WHO = {"kafka_username": "order-api", "kafka_password": "s3cret"}


def access(**settings: Any) -> LogAccess:
    return LogAccess(kafka_bootstrap_servers="a:9093,b:9093", **settings)


def test_a_plain_cluster_is_asked_for_nothing_but_its_address() -> None:
    assert access().kafka_access() == {"bootstrap_servers": "a:9093,b:9093"}


def test_a_guarded_cluster_is_told_who_asks_over_verified_tls() -> None:
    given = access(kafka_security_protocol="SASL_SSL", **WHO).kafka_access()
    assert (given["security_protocol"], given["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (given["sasl_plain_username"], given["sasl_plain_password"]) == ("order-api", "s3cret")
    assert given["ssl_context"].verify_mode == ssl.CERT_REQUIRED
    assert given["ssl_context"].check_hostname


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"kafka_security_protocol": "SASL_SSL"}, "needs KAFKA_USERNAME and KAFKA_PASSWORD"),
        ({"kafka_security_protocol": "SASL_SSL", "kafka_username": "x"}, "needs KAFKA_USERNAME and KAFKA_PASSWORD"),
        (WHO, "set KAFKA_SECURITY_PROTOCOL=SASL_SSL"),
        ({"kafka_security_protocol": "SSL", **WHO}, "SASL_SSL"),
        ({"kafka_ca_file": "/nowhere/ca.crt"}, "not point to a file"),
    ],
)
def test_half_of_it_is_refused_with_the_remedy(settings: dict[str, str], remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy):
        access(**settings)


def test_a_password_is_not_shown() -> None:
    assert "s3cret" not in repr(access(kafka_security_protocol="SASL_SSL", **WHO))
