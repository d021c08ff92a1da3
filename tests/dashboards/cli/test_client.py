"""Servers that are not there, or not ours, are told in one line."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from dashboards.cli.client import Connection, RefusedError
from tests.servers.process import free_port


@contextlib.contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, b"<html>", "answered 200 without JSON"),
        (500, b"", "answered 500 without JSON"),
        (404, b"[]", "refused (404): no reason given"),
        (409, b'{"detail": "no", "remedy": "wait"}', "refused (409): no; wait"),
    ],
)
def test_an_answer_that_is_not_ours_or_refuses(status: int, body: bytes, told: str) -> None:
    with answering(status, body) as url, pytest.raises(RefusedError) as caught:
        Connection(url=url, token="t").get("/api/status")
    assert told in str(caught.value)


def test_an_answer_is_given() -> None:
    with answering(200, b'{"a": 1}') as url:
        assert Connection(url=f"{url}/", token="t").get("/x") == {"a": 1}


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "nonsense", "ftp://127.0.0.1", "http://", "http://[::1"])
def test_a_server_that_is_not_there(url: str) -> None:
    with pytest.raises(RefusedError, match="cannot be reached"):
        Connection(url=url.format(port=free_port("127.0.0.1")), token="t").get("/api/status")
