"""Debian's openssh-server."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.servers.process import installed, running

PROGRAM = installed("sshd")


@contextlib.contextmanager
def sshd(
    folder: Path, address: str, port: int, *, passwords: bool, keyboard: bool = False, more: str = ""
) -> Iterator[None]:
    """Run sshd at `address` and `port`, with or without password authentication; `more`: further lines of its configuration."""
    assert PROGRAM, "openssh-server is not installed"
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's chroot; the package's service file makes it
    key = folder / "host_key"
    if not key.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    answer = {True: "yes", False: "no"}
    (folder / "sshd_config").write_text(
        f"ListenAddress {address}:{port}\nHostKey {key}\nPidFile {folder}/pid\nUsePAM no\nStrictModes no\n"
        f"PasswordAuthentication {answer[passwords]}\nKbdInteractiveAuthentication {answer[keyboard]}\n"
        f"PubkeyAuthentication yes\n{more}\n"
    )
    with running([PROGRAM, "-D", "-e", "-f", str(folder / "sshd_config")], address, port, folder / "output.log"):
        yield
