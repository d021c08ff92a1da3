"""Debian's nginx."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import installed, running

PROGRAM = installed("nginx")


@dataclass(frozen=True)
class TlsSettings:
    """How a TLS server block is set up."""

    certificates: tuple[tuple[Path, Path], ...]
    """Chain file and key file, one pair per key type."""
    protocols: str = "TLSv1.2 TLSv1.3"
    """As nginx spells them."""
    client_auth: str = "off"
    """off, optional or on."""
    client_ca: Path | None = None
    """Needed when client_auth is not off."""
    ciphers: str = "DEFAULT:@SECLEVEL=0"
    """OpenSSL cipher list."""


def _block(address: str, port: int, tls: TlsSettings | None) -> str:
    lines = [f"listen {address}:{port}{' ssl' if tls else ''};", 'location / { return 200 "shop\\n"; }']
    if tls:
        for chain, key in tls.certificates:
            lines += [f"ssl_certificate {chain};", f"ssl_certificate_key {key};"]
        lines += [f"ssl_protocols {tls.protocols};", f"ssl_ciphers {tls.ciphers};"]
        if tls.client_auth != "off":
            lines += [f"ssl_verify_client {tls.client_auth};", f"ssl_client_certificate {tls.client_ca};"]
    return "server { " + " ".join(lines) + " }"


@contextlib.contextmanager
def nginx(
    folder: Path, address: str, plain: tuple[int, ...] = (), tls: dict[int, TlsSettings] | None = None
) -> Iterator[None]:
    """Run nginx at `address` with plain ports and TLS ports."""
    assert PROGRAM, "nginx is not installed"
    folder.mkdir(parents=True, exist_ok=True)
    blocks = [_block(address, port, None) for port in plain]
    blocks += [_block(address, port, settings) for port, settings in (tls or {}).items()]
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;\n"
        "events { worker_connections 256; }\n"
        f"http {{ access_log off; {temporary}\n" + "\n".join(blocks) + "\n}\n"
    )
    port = [*plain, *(tls or {})][0]
    command = [PROGRAM, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with running(command, address, port, folder / "output.log"):
        yield
