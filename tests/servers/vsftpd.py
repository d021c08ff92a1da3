"""Debian's vsftpd."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.servers.process import installed, running

PROGRAM = installed("vsftpd")


@contextlib.contextmanager
def vsftpd(folder: Path, address: str, port: int, *, banner: str = "") -> Iterator[None]:
    """Run vsftpd at `address` and `port`; its own banner says vsFTPd."""
    assert PROGRAM, "vsftpd is not installed"
    folder.mkdir(parents=True, exist_ok=True)
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    (folder / "vsftpd.conf").write_text(
        f"listen=YES\nlisten_ipv6=NO\nbackground=NO\nlisten_address={address}\nlisten_port={port}\n"
        f"anonymous_enable=NO\nlocal_enable=YES\nsecure_chroot_dir={empty}\nseccomp_sandbox=NO\nrun_as_launching_user=YES\n"
        + (f"ftpd_banner={banner}\n" if banner else "")
    )
    with running([PROGRAM, str(folder / "vsftpd.conf")], address, port, folder / "output.log"):
        yield
