"""The wall of the prober's process: tried in processes of their own, since an audit hook cannot be taken down again."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.servers import zoo

HOST = "127.31.9.2"


def attempt(code: str, port: int) -> str:
    """Build the wall around (HOST, port) in a new process, run code behind it, give what it printed."""
    source = f"from probes.tls import wall\nwall.build({HOST!r}, {port})\n" + textwrap.dedent(code)
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=30, check=False)
    return run.stdout + run.stderr.strip().rpartition("\n")[2]


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('127.31.9.3', PORT), 1)",
        "import socket; socket.create_connection((HOST, PORT + 1), 1)",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', (HOST, PORT))",
        "import socket; socket.socket().bind((HOST, 0))",
        "import socket; socket.getaddrinfo('shop.example', 443)",
        "import socket; socket.gethostbyname('shop.example')",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
    ],
)
def test_there_is_no_way_out(code: str) -> None:
    with zoo.serving(zoo.slam, HOST) as port:
        assert "WallError" in attempt(code.replace("PORT", str(port)).replace("HOST", repr(HOST)), port)


def test_the_end_point_itself_can_be_reached() -> None:
    with zoo.serving(zoo.says(b"hello"), HOST) as port:
        code = f"import socket; print(socket.create_connection(({HOST!r}, {port}), 5).recv(5))"
        assert attempt(code, port) == "b'hello'\n"


def test_memory_is_limited() -> None:
    assert "MemoryError" in attempt("bytearray(3_000_000_000)", 443)


def test_files_cannot_be_written(tmp_path: Path) -> None:
    code = f"""
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with open({str(tmp_path / "file")!r}, "wb", buffering=0) as file:
            file.write(b"x")
    """
    assert "File too large" in attempt(code, 443)


def test_the_prober_ends_when_its_parent_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-m", "probes.tls.prober"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdout:
        child.stdin.write(b'{"address":"127.31.9.2","agent":"x","port":1,"server_name":"shop.example"}\n')
        child.stdin.flush()
        assert child.stdout.readline() == b'{"says":{"kind":"want"}}\n'
        child.stdin.close()
        assert child.wait(10) == 0
