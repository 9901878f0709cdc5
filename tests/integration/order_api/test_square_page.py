"""The Square part of the page for adapters: its commands are run just as they stand there, `make up` apart."""

import os
import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from infra.doc_page import blocks, run
from infra.services import Backing
from integration.order_api.conftest import Replicas, two_replicas

PAGE = "pos-adapters.md"


@pytest.fixture
def square(tmp_path: Path) -> Iterator[str]:
    """A folder that stands in for Square, as `python3 -m http.server` serves it."""
    (tmp_path / "square" / "v2" / "orders").mkdir(parents=True)
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "square"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def replicas(backing: Backing, square: str) -> Iterator[Replicas]:
    (venues,) = blocks(PAGE, "json")
    with two_replicas(backing, SQUARE_VENUES=venues, SQUARE_API_URL=square) as started:
        yield started


def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path, replicas: Replicas) -> None:
    assert shutil.which("openssl"), "the page signs with openssl: install it"
    (script,) = blocks(PAGE, "bash")
    environment = {**os.environ, "ORDER_API": replicas.urls[0]}
    answers = run(["bash"], f"set -euo pipefail\n{script}", tmp_path, environment).splitlines()
    said = [
        '"applied":["place","capture_payment"]',
        '"ignored":true',
        '"applied":["accept_order","ready_order"]',
        '"ignored":true',
        '"pos_unavailable"',
        '"signature_invalid"',
    ]
    assert len(answers) == len(said)
    for answer, words in zip(answers, said, strict=True):
        assert words in answer
        assert words in script, "the page says it too"
