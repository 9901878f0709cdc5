"""A small service that stands in for the real ones: `stand_in.py PORT [deaf] [fails CODE]`, answers /readyz."""

import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing of requests."""


class ReusingServer(HTTPServer):
    allow_reuse_address = True


def main() -> None:
    port, *manners = sys.argv[1:]
    if "fails" in manners:
        sys.stderr.write("the reason why it fails\n")
        sys.exit(int(manners[-1]))
    if "deaf" in manners:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ReusingServer(("127.0.0.1", int(port)), Answers).serve_forever()


main()
