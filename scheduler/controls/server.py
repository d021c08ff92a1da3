"""The servers of a control, as a process of its own. Only the standard library, so that it starts at once; run by its path.

standard input:   one line of JSON: [{"address": ..., "pages": {path: {"status": ..., "headers": [[name, value]], "body": base64}}}]
standard output:  one line of JSON: [port, ...]

It serves until its standard input ends, so it ends with whoever started it, however that one ended.
"""

from __future__ import annotations

import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_MOST_BODY = 65_536
_SILENT_S = 10.0
_ABSENT = {"status": 404, "headers": [["content-type", "text/html"]], "body": base64.b64encode(b"<h1>Not Found</h1>")}


def handler(pages: dict[str, Any]) -> type[BaseHTTPRequestHandler]:
    """Give what answers with `pages`, and with 404 to everything else."""

    class Answers(BaseHTTPRequestHandler):
        timeout = _SILENT_S

        def answer(self) -> None:
            """Answer one ask, having read all of it: closing on unread bytes would lose the answer."""
            length = self.headers.get("Content-Length", "")
            if length.isdecimal():
                self.rfile.read(min(int(length), _MOST_BODY))
            self._give(pages.get(self.path, _ABSENT) if self.command == "GET" else _ABSENT)

        do_GET = do_HEAD = do_POST = do_OPTIONS = answer  # noqa: N815 - the names by which the base class finds them

        def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 - the base's signature
            """Answer what cannot be read, without repeating any of it."""
            self._give({**_ABSENT, "status": code})

        def _give(self, page: dict[str, Any]) -> None:
            body = base64.b64decode(page["body"])
            self.send_response_only(page["status"])
            for name, value in page["headers"]:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Answers


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Say nothing of whoever hung up: standard error is a pipe that nobody reads while we serve."""


def main() -> int:
    """Serve until standard input ends."""
    sites = json.loads(sys.stdin.readline())
    servers = [_Server((site["address"], 0), handler(site["pages"])) for site in sites]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    sys.stdout.write(json.dumps([server.server_address[1] for server in servers]) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
