"""apache2 with TLS end points, for the tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.servers.process import installed, running

PROGRAM = installed("apache2")
MODULES = Path("/usr/lib/apache2/modules")
_LOADED = ("mpm_event", "authz_core", "ssl", "socache_shmcb")


@contextlib.contextmanager
def apache(
    folder: Path, address: str, port: int, *, chain: Path, key: Path, client_ca: Path, verify: str, protocols: str
) -> Iterator[None]:
    """Run apache2 with one TLS end point; `verify` is SSLVerifyClient, for the whole server or (`later`) for its pages only."""
    assert PROGRAM
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pages").mkdir(exist_ok=True)
    (folder / "pages" / "index.html").write_text("ok\n")
    loads = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in _LOADED)
    at_once = f"SSLVerifyClient {verify}" if verify != "later" else ""
    later = f'<Directory "{folder}/pages">\nSSLVerifyClient require\n</Directory>' if verify == "later" else ""
    (folder / "apache.conf").write_text(
        f"""{loads}
ServerRoot {folder}
ServerName shop.example
PidFile {folder}/pid
ErrorLog {folder}/error.log
Mutex file:{folder}
Listen {address}:{port}
SSLEngine on
SSLProtocol {protocols}
SSLCertificateFile {chain}
SSLCertificateKeyFile {key}
SSLCACertificateFile {client_ca}
SSLVerifyDepth 3
{at_once}
DocumentRoot {folder}/pages
{later}
"""
    )
    with running([PROGRAM, "-f", str(folder / "apache.conf"), "-X"], address, port, folder / "log"):
        yield
