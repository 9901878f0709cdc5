"""Where a backing server comes from: the first that is there. The choice is pure; the two questions it asks are not."""

import socket
from collections.abc import Callable, Mapping
from enum import Enum
from urllib.parse import urlsplit

ADDRESS_VARIABLE: Mapping[str, str] = {
    "kafka": "KAFKA_BOOTSTRAP_SERVERS",
    "postgres": "DATABASE_URL",
    "redis": "REDIS_URL",
}


class Source(Enum):
    """What serves, and how it is said to the user."""

    GIVEN = "at the address in the environment"
    DOCKER = "in a container"
    EMBEDDED = "embedded, from Python packages"


def choose(server: str, environment: Mapping[str, str], engine_answers: Callable[[], bool]) -> Source:
    """Say where `server` comes from. The engine is only asked for when no address is given."""
    if environment.get(ADDRESS_VARIABLE[server]):
        return Source.GIVEN
    return Source.DOCKER if engine_answers() else Source.EMBEDDED


def docker_engine_answers() -> bool:
    """Say whether a Docker engine listens where Docker's own settings point; at most a second, and quiet.

    A plain connect: docker's own client leaks its socket (a ResourceWarning) when there is no engine.
    """
    from testcontainers.core.docker_client import get_docker_host  # noqa: PLC0415  # 0.3 s, not for each command

    address = urlsplit(get_docker_host() or "unix:///var/run/docker.sock")
    if address.scheme == "unix":
        return _connects(socket.AF_UNIX, address.path)
    if address.scheme in ("tcp", "http", "https"):
        return _connects(socket.AF_INET, (address.hostname or "localhost", address.port or 2375))
    return address.scheme == "ssh"  # whoever configured that wants it used


def _connects(family: int, address: str | tuple[str, int]) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(address)
        except OSError:
            return False
    return True
