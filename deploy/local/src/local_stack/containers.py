"""The same servers from a Docker engine, through testcontainers.

They end with the process that started them, however it ends (testcontainers' reaper sees to it), and so does their
data.
"""

from typing import Protocol

KAFKA_IMAGE = "apache/kafka-native:4.3.1"
POSTGRES_IMAGE = "postgres:18.1"
VALKEY_IMAGE = "valkey/valkey:9.0.0"


class Container(Protocol):
    """What is left to do with one: end it."""

    def stop(self) -> None:
        """Remove it."""


def start_kafka(port: int) -> tuple[Container, str]:
    """Start Kafka, reachable at `port` of the engine's host; give its address.

    testcontainers' own KafkaContainer drives Confluent's image by its scripts, which this one has not. The address
    that Kafka tells its clients must be known before it starts, hence the fixed port. Once one variable is set the
    image uses none of its defaults, so all are here.
    """
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415  # 0.3 s, and only with an engine

    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
    address = f"{container.get_docker_client().host()}:{port}"
    for name, value in _kafka_settings(address).items():
        container.with_env(name, value)
    container.start()
    return container, address


def _kafka_settings(address: str) -> dict[str, str]:
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{address}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }


def start_postgres(password: str) -> tuple[Container, str]:
    """Start Postgres; give its address."""
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415

    container = PostgresContainer(
        POSTGRES_IMAGE, username="postgres", password=password, dbname="postgres", driver=None
    ).with_command(["postgres", "-c", "max_connections=200"])
    container.start()
    return container, str(container.get_connection_url())


def start_redis(password: str) -> tuple[Container, str]:
    """Start Valkey, which speaks Redis's protocol; give its address."""
    from testcontainers.community.valkey import ValkeyContainer  # noqa: PLC0415

    container = ValkeyContainer(VALKEY_IMAGE).with_password(password)
    container.start()
    address = f"{container.get_container_host_ip()}:{container.get_exposed_port(6379)}"
    return container, f"redis://:{password}@{address}/0"
