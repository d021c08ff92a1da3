"""Debian's bind9."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.servers.process import installed, running

NAMED = installed("named")


@contextlib.contextmanager
def named(folder: Path, address: str, port: int, zones: Mapping[str, str]) -> Iterator[None]:
    """Serve zones (records without their SOA) at `address` and `port`; asks nobody else."""
    assert NAMED, "bind9 is not installed"
    blocks = []
    for name, records in zones.items():
        (folder / name).write_text(f"$TTL 60\n@ SOA ns.mall.example. hostmaster.mall.example. 1 60 60 60 60\n{records}")
        blocks.append(f'zone "{name}" {{ type primary; file "{name}"; }};')
    (folder / "named.conf").write_text(
        f'options {{ directory "{folder}"; listen-on port {port} {{ {address}; }}; listen-on-v6 {{ none; }};\n'
        "recursion no; dnssec-validation no; pid-file none; session-keyfile none; };\ncontrols { };\n"
        + "\n".join(blocks)
    )
    command = [NAMED, "-g", "-n", "1", "-c", str(folder / "named.conf")]
    with running(command, address, port, folder / "output.log"):
        yield
