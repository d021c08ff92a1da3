"""Real servers for the tests of `tenken serve`: the child process, the console in a thread, Prometheus."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn

from dashboards.console.guardrails import Guardrails
from tests.servers.process import free_port, installed, running

READY_S = 60.0
PROMETHEUS = installed("prometheus")
T = TypeVar("T")


def until(look: Callable[[], T], what: str, seconds: float = 40.0) -> T:
    """Look at something outside until it is so; give what was seen."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.05)  # a poll of another process: there is no event to wait for
    return seen


class TenkenServe:
    """`tenken serve` as a child process on one data folder; may be killed and started again."""

    def __init__(self, data: Path, home: Path, options: Sequence[str] = ()) -> None:
        self.data = data
        self._options = options
        self.port = free_port("127.0.0.1")
        self.url = f"http://127.0.0.1:{self.port}"
        self._home = home
        self._log = data.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start it and wait until it serves; give what it said."""
        command = [sys.executable, "-c", "from dashboards.cli.app import main; main()", "serve"]
        command += ["--data", str(self.data), "--port", str(self.port), *self._options]
        environment = {**os.environ, "TENKEN_HOME": str(self._home)}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        until(self._serves, f"tenken serve; it said: {self.said()}", READY_S)
        return self.said()

    def _serves(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said()
        return "serving at" in self.said()

    def said(self) -> str:
        """Give everything that it printed since its last start."""
        return self._log.read_text(errors="replace")

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def end(self) -> int:
        """Ask it to end; give its exit code."""
        assert self._process is not None
        self._process.terminate()
        try:
            return self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def close(self) -> None:
        """Leave nothing behind."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.end()

    def token(self, role: str) -> str:
        """Give a token that the first start wrote."""
        return (self.data / f"{role}.token").read_text()


class Client:
    """A side with its token."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=20.0)

    def get(self, path: str) -> Any:
        response = self._http.get(path)
        assert response.is_success, response.text
        return response.json()

    def post(self, path: str, form: object = None, document: str | None = None) -> Any:
        response = self._http.post(path, json=form) if document is None else self._http.post(path, content=document)
        assert response.is_success, response.text
        return response.json()


@contextlib.contextmanager
def prometheus(folder: Path, target: str, token_file: Path) -> Iterator[str]:
    """Run a real Prometheus that scrapes `target` every second; give its URL."""
    assert PROMETHEUS
    folder.mkdir()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        "  - job_name: tenken\n"
        f"    authorization: {{credentials_file: {token_file}}}\n"
        f"    static_configs: [{{targets: ['{target}']}}]\n"
    )
    port = free_port("127.0.0.1")
    command = [PROMETHEUS, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    with running(command, "127.0.0.1", port, folder / "prometheus.log"):
        yield f"http://127.0.0.1:{port}"


def query(url: str, expression: str) -> list[float]:
    """Ask Prometheus; give the values of the answer."""
    response = httpx.get(f"{url}/api/v1/query", params={"query": expression}, timeout=10.0)
    if response.status_code == 503:  # not ready yet
        return []
    assert response.is_success, response.text
    return [float(series["value"][1]) for series in response.json()["data"]["result"]]


@contextlib.contextmanager
def in_thread(app: Guardrails) -> Iterator[str]:
    """Serve a console by real HTTP from a thread of the test; give its URL."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        until(lambda: server.started, "the console")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def strip_colours(text: str) -> str:
    """Give terminal output without escape sequences."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
