"""An identity provider in a test: publishes keys over HTTP, well or badly."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec


class KeyProvider:
    """What is published now: `status`, `body`, `headers`. Keys are made by `publish`, under their names."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/jwks"
        self.status, self.body = 200, b'{"keys": []}'
        self.headers: dict[str, str] = {}
        self.asked = 0

    def publish(self, *kids: str) -> list[ec.EllipticCurvePrivateKey]:
        """Make new keys, and publish them alone."""
        private = [ec.generate_private_key(ec.SECP256R1()) for _ in kids]
        to_jwk = jwt.algorithms.ECAlgorithm.to_jwk
        listed = [
            {**to_jwk(key.public_key(), as_dict=True), "kid": kid} for key, kid in zip(private, kids, strict=True)
        ]
        self.body = json.dumps({"keys": listed}).encode()
        return private


@contextmanager
def key_provider(port: int = 0) -> Iterator[KeyProvider]:
    """Publish until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked += 1
            self.send_response(provider.status)
            for name, text in {"Content-Length": str(len(provider.body)), **provider.headers}.items():
                self.send_header(name, text)
            self.end_headers()
            try:
                self.wfile.write(provider.body)
            except ConnectionError:
                return

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    provider = KeyProvider(server.server_address[1])
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
