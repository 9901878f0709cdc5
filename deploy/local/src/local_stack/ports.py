"""Ports: given ones as they are, then those of the last time while they are free, then new ones."""

import random
import socket
from collections.abc import Callable, Iterable, Mapping

from local_stack.failure import StackFailure

HOST = "127.0.0.1"
# Below the range from which systems take the near end of outgoing connections: a client that keeps reconnecting to
# a server that is down could otherwise be given that very port, connect to itself, and keep the server from it.
CANDIDATES = range(20_000, 32_000)


class PortTaken(StackFailure):
    """A port that was asked for is in use; the text says which."""


def assign(
    names: Iterable[str],
    *,
    given: Mapping[str, int],
    kept: Mapping[str, int],
    is_free: Callable[[int], bool],
    draw: Callable[[], int],
) -> dict[str, int]:
    """Give each name a port of its own. Raises PortTaken when a given one is in use."""
    ports: dict[str, int] = {}
    wanted = list(names)
    reserved = {given[name] for name in wanted if name in given}
    for name in wanted:
        if name in given:
            if not is_free(given[name]):
                raise PortTaken(f"port {given[name]} for {name} is in use: name another one, or none")
            ports[name] = given[name]
            continue
        port = kept.get(name)
        while port is None or port in reserved or not is_free(port):
            port = draw()
        ports[name] = port
        reserved.add(port)
    return ports


def is_free(port: int) -> bool:
    """Say whether a server could listen on `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: TIME_WAIT is no obstacle
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


_handed_out: set[int] = set()


def unused_port() -> int:
    """Give a port on which nothing listens, and which this process has given to nobody else."""
    while True:
        port = random.choice(CANDIDATES)  # noqa: S311  # nothing secret
        if port not in _handed_out and is_free(port):
            _handed_out.add(port)
            return port


def free_ports(names: Iterable[str], given: Mapping[str, int], kept: Mapping[str, int]) -> dict[str, int]:
    """`assign` on this machine."""
    return assign(names, given=given, kept=kept, is_free=is_free, draw=unused_port)


def from_base(names: Iterable[str], base: int | None) -> dict[str, int]:
    """Give the names ports from `base` upwards; none when there is no base."""
    return {} if base is None else {name: base + offset for offset, name in enumerate(names)}
