"""Serves minted chains over TLS, and CRLs and OCSP responses over HTTP: one process, real sockets, one port each.

`python -m tests.tls.serving` serves all defects until it is interrupted, with a list of them at the source's address.
"""

from __future__ import annotations

import contextlib
import html
import select
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.tls.defects import Body, Defect, Ground

SOURCE = "127.45.0.1"
SHOPS = "127.45.0.2"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"
Answer = Callable[[socket.socket], None]


class Listeners:
    """Many listening sockets, one accepting thread, one thread per connection."""

    def __init__(self) -> None:
        self._answers: dict[socket.socket, Answer] = {}
        self._wake, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.accepted: dict[int, int] = {}
        """Connections by port."""

    def listen(self, address: str, answer: Answer, port: int = 0) -> int:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(64)
        self._answers[listener] = answer
        found: int = listener.getsockname()[1]
        self.accepted[found] = 0
        return found

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([*self._answers, self._wake], [], [])
            if self._wake in ready:
                return
            for listener in ready:
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    self.accepted[listener.getsockname()[1]] += 1
                    work = (self._answers[listener], connection)
                    threading.Thread(target=_safely, args=work, daemon=True).start()

    def close(self) -> None:
        self._waker.send(b"x")
        self._thread.join(5)
        for one in (*self._answers, self._wake, self._waker):
            one.close()


def _safely(answer: Answer, connection: socket.socket) -> None:
    with contextlib.suppress(OSError, ValueError), connection:
        connection.settimeout(10)
        answer(connection)


def tls(context: ssl.SSLContext) -> Answer:
    """Answer one request inside of TLS."""

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inside:
            inside.recv(4096)
            inside.sendall(PAGE)

    return answer


def http(paths: Mapping[str, Body]) -> Answer:
    """Answer GET with what `paths` holds; OCSP questions come as a path below."""

    def answer(connection: socket.socket) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            data = connection.recv(4096)
            if not data:
                return
            asked += data
        path = asked.split(b" ")[1].decode("ascii")
        if ".ocsp/" in path:
            path = path[: path.index(".ocsp/") + 5]
        body: Body = paths.get(path, 404)
        if body is None:
            time.sleep(9)  # hanging is what is tested
            return
        status, content = (body, b"no") if isinstance(body, int) else (200, body)
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + content)

    return answer


def context_of(defect: Defect, folder: Path) -> ssl.SSLContext:
    """Make a server's settings that take any key and signature."""
    chain, key = files_of(defect, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")
    context.load_cert_chain(chain, key)
    return context


def files_of(defect: Defect, folder: Path) -> tuple[Path, Path]:
    chain, key = folder / f"{defect.name}.pem", folder / f"{defect.name}.key"
    chain.write_text("".join(holder.pem for holder in defect.chain))
    key.write_bytes(defect.chain[0].key_pem)
    return chain, key


@contextlib.contextmanager
def s_server(address: str, port: int, *words: str) -> Iterator[None]:
    """Run `openssl s_server` for what Python's ssl cannot do."""
    command = ["openssl", "s_server", "-accept", f"{address}:{port}", "-quiet", "-www", *words]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection((address, port), 1):
                break
            assert process.poll() is None, "openssl s_server ended"
            time.sleep(0.01)  # a poll of another process
        yield
    finally:
        process.kill()
        process.wait(10)


@contextlib.contextmanager
def served(source_port: int = 0) -> Iterator[tuple[Ground, dict[str, int], Listeners, int]]:
    """Serve every defect; give the ground, the port of each, the listeners and the port of the source."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        listeners = Listeners()
        stack.callback(listeners.close)
        paths: dict[str, Body] = {}
        port = listeners.listen(SOURCE, http(paths), source_port)
        ground = Ground(f"http://{SOURCE}:{port}")
        paths.update(ground.paths)
        ports = {}
        for defect in ground.defects:
            if not defect.staple:
                ports[defect.name] = listeners.listen(SHOPS, tls(context_of(defect, folder)))
        listeners.start()
        for defect in ground.defects:
            if defect.staple:
                ports[defect.name] = stack.enter_context(_stapling(defect, folder))
        paths["/"] = page_of(ground.defects, ports)
        yield ground, ports, listeners, port


@contextlib.contextmanager
def _stapling(defect: Defect, folder: Path) -> Iterator[int]:
    chain, key = files_of(defect, folder)
    staple = folder / f"{defect.name}.staple"
    staple.write_bytes(defect.staple)
    with socket.socket() as probe:
        probe.bind((SHOPS, 0))
        port: int = probe.getsockname()[1]
    words = ("-cert", str(chain), "-cert_chain", str(chain), "-key", str(key), "-status_file", str(staple))
    with s_server(SHOPS, port, *words):
        yield port


def page_of(defects: Sequence[Defect], ports: Mapping[str, int]) -> bytes:
    """Make the browsable list."""
    rows = "".join(
        f"<tr><td><a href='https://{SHOPS}:{ports[one.name]}/'>{html.escape(one.name)}</a></td>"
        f"<td>{html.escape(one.what)}</td><td>{one.rule or 'nothing'}</td><td>{one.on if one.rule else ''}</td></tr>"
        for one in defects
    )
    head = "<!doctype html><meta charset='utf-8'><title>Defects</title><table><tr><th>id<th>defect<th>rule<th>on</tr>"
    return f"{head}{rows}</table>".encode()


def main() -> None:
    """Serve until interrupted."""
    with served(18081) as (ground, _, _, port):
        print(f"{len(ground.defects)} defects; the list is at http://{SOURCE}:{port}/")
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
