"""A program: runs `tenken inspect` on files in this process and prints, as JSON, everything that could have left it."""

from __future__ import annotations

import contextlib
import io
import json
import sys

from dashboards.cli.app import run

WATCHED = {
    "socket.connect",
    "socket.sendto",
    "socket.sendmsg",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "subprocess.Popen",
    "os.fork",
    "os.posix_spawn",
    "os.system",
}


def main(paths: list[str]) -> None:
    """Inspect each file; print exit code, words and what tried to leave."""
    left: list[str] = []
    sys.addaudithook(lambda event, arguments: left.append(f"{event} {arguments!r}") if event in WATCHED else None)
    with contextlib.redirect_stdout(io.StringIO()):
        # Imports Ray, which asks this machine about itself (a bind, ldconfig) before any declaration is read.
        run(["inspect", "--help"])
    told = {}
    for path in paths:
        left.clear()
        words = io.StringIO()
        with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
            code = run(["inspect", path, "--out", f"{path}.out"])
        told[path] = {"code": code, "words": words.getvalue(), "left": list(left)}
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1:])
