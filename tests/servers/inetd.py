"""Starts a program per connection, as inetd does: `python -m tests.servers.inetd ADDRESS PORT PROGRAM [ARGUMENT...]`."""

from __future__ import annotations

import socket
import subprocess
import sys


def main() -> None:
    """Serve until somebody ends this process."""
    address, port, *command = sys.argv[1:]
    started: list[subprocess.Popen[bytes]] = []
    with socket.create_server((address, int(port)), backlog=16) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                handle = connection.fileno()
                started.append(subprocess.Popen(command, stdin=handle, stdout=handle, stderr=subprocess.DEVNULL))
            started = [child for child in started if child.poll() is None]


if __name__ == "__main__":
    main()
