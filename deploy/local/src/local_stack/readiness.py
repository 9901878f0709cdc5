"""Ways to find out whether a server answers. Each asks once, briefly, and says yes or no."""

import http.client
import socket

from local_stack.ports import HOST

_TIMEOUT_SECONDS = 2.0


def accepts_connections(port: int, host: str = HOST) -> bool:
    """Say whether something listens."""
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT_SECONDS):
            return True
    except OSError:
        return False


def answers_ok(port: int, path: str) -> bool:
    """Say whether `GET path` is answered with 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def accepts_queries(database_url: str) -> bool:
    """Say whether Postgres lets us in."""
    import psycopg  # noqa: PLC0415  # only where there is a Postgres to wait for

    try:
        psycopg.connect(database_url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def answers_ping(port: int, password: str, host: str = HOST) -> bool:
    """Say whether Redis serves commands: while it loads its data it listens, but refuses them."""
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT_SECONDS) as connection:
            login = f"AUTH {password}\r\n" if password else ""
            connection.sendall(f"{login}PING\r\nQUIT\r\n".encode())
            with connection.makefile("rb") as answer:
                return b"+PONG" in answer.read()
    except OSError:
        return False
