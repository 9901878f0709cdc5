"""How a service gets at Kafka: its address, and on a cluster that asks who is there, name and password over TLS."""

import ssl
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, FilePath, SecretStr, model_validator


class LogAccess(BaseModel):
    """A part of a service's settings. SASL is SCRAM-SHA-512: what Strimzi and Amazon MSK both give."""

    kafka_bootstrap_servers: str = Field(min_length=1)
    kafka_security_protocol: Literal["PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_ca_file: FilePath | None = None
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        who = (self.kafka_username, self.kafka_password)
        if self.kafka_security_protocol == "SASL_SSL" and not all(who):
            raise ValueError("KAFKA_SECURITY_PROTOCOL=SASL_SSL needs KAFKA_USERNAME and KAFKA_PASSWORD")
        if self.kafka_security_protocol == "PLAINTEXT" and any((*who, self.kafka_ca_file)):
            raise ValueError(
                "KAFKA_USERNAME, KAFKA_PASSWORD or KAFKA_CA_FILE is set, which PLAINTEXT would not use: "
                "set KAFKA_SECURITY_PROTOCOL=SASL_SSL"
            )
        return self

    @property
    def kafka_login(self) -> tuple[str, str, ssl.SSLContext] | None:
        """Name, password, and what to check the brokers' certificates with; None where nobody is asked."""
        if self.kafka_username is None or self.kafka_password is None:
            return None
        authorities = ssl.create_default_context(cafile=self.kafka_ca_file)  # without a file: the system's
        return self.kafka_username, self.kafka_password.get_secret_value(), authorities

    def kafka_access(self) -> dict[str, Any]:
        """Give what any aiokafka client takes to connect."""
        access: dict[str, Any] = {"bootstrap_servers": self.kafka_bootstrap_servers}
        if self.kafka_login is None:
            return access
        name, password, authorities = self.kafka_login
        return access | {
            "security_protocol": "SASL_SSL",
            "ssl_context": authorities,
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": name,
            "sasl_plain_password": password,
        }
