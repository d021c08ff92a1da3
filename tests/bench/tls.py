"""The TLS probe beside sslyze, testssl.sh and sslscan on the same nginx; all defect servers; off-line verification on one core."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from probes.pace import Pace
from probes.target import ClientAuth, Item, Role, Scope, Source, Target, TlsEndpoint, TlsVersion
from probes.tls.chain.case import rule
from probes.tls.look import look
from tests.probes.scene import dialer_for, recorder
from tests.probes.tls import test_defects
from tests.servers import nginx
from tests.servers.nginx import TlsSettings
from tests.servers.process import free_port
from tests.tls.mint import AUTHORITY, DAY, NOW, CrlWish, Holder, OcspWish, Wish, key, mint, mint_crl, mint_ocsp
from tests.tls.serving import Listeners, http, served

HOST, BEHIND = "127.45.9.1", "127.45.9.2"
VERSIONS = (TlsVersion.TLS_1_0, TlsVersion.TLS_1_1, TlsVersion.TLS_1_2, TlsVersion.TLS_1_3)
FAST = Pace(connections_per_s=2000, requests_per_s=2000, concurrent_connections=20, bytes_per_s=50_000_000)


class Counter:
    """Passes connections on and counts them: the same account for every tool."""

    def __init__(self, behind: tuple[str, int]) -> None:
        self.connections = 0
        self._behind = behind

    def __call__(self, connection: object) -> None:
        import socket

        assert isinstance(connection, socket.socket)
        self.connections += 1
        with socket.create_connection(self._behind) as onward:
            back = threading.Thread(target=_pump, args=(onward, connection), daemon=True)
            back.start()
            _pump(connection, onward)
            back.join(10)


def _pump(near: object, far: object) -> None:
    import contextlib
    import socket

    assert isinstance(near, socket.socket)
    assert isinstance(far, socket.socket)
    with contextlib.suppress(OSError):
        while data := near.recv(65536):
            far.sendall(data)
        far.shutdown(socket.SHUT_WR)


def main() -> None:
    """Print connections and seconds."""
    if not nginx.PROGRAM:
        print("SKIPPED: nginx is not installed")
        return
    _beside_others()
    _defects()
    _offline()


def _pki(source: str) -> tuple[Holder, Holder, list[Holder], dict[str, bytes]]:
    root = mint(replace(AUTHORITY, subject="Bench Root", aki=False, end=NOW + 3650 * DAY), key("rsa2048", 90))
    middle = mint(replace(AUTHORITY, subject="Bench Authority", cdp=(f"{source}/root.crl",)), key("rsa2048", 91), root)
    wish = Wish(cdp=(f"{source}/middle.crl",), ocsp=(f"{source}/o.ocsp",))
    leaves = [mint(wish, key(kind, 92), middle) for kind in ("rsa2048", "ec")]
    paths = {"/root.crl": mint_crl(CrlWish(), root), "/middle.crl": mint_crl(CrlWish(), middle)}
    paths["/o.ocsp"] = mint_ocsp(OcspWish(), leaves[0], middle)
    return root, middle, leaves, paths


def _beside_others() -> None:
    listeners = Listeners()
    paths: dict[str, bytes] = {}
    source_port = listeners.listen(BEHIND, http(paths))
    root, middle, leaves, made = _pki(f"http://{BEHIND}:{source_port}")
    paths |= made
    with tempfile.TemporaryDirectory() as folder:
        pairs = []
        for number, holder in enumerate(leaves):
            chain, file = Path(folder) / f"{number}.pem", Path(folder) / f"{number}.key"
            chain.write_text(holder.pem + middle.pem)
            file.write_bytes(holder.key_pem)
            pairs.append((chain, file))
        (Path(folder) / "root.pem").write_text(root.pem)
        port = free_port(BEHIND)
        settings = TlsSettings(tuple(pairs), protocols="TLSv1 TLSv1.1 TLSv1.2 TLSv1.3")
        counter = Counter((BEHIND, port))
        front = listeners.listen(HOST, counter)
        listeners.start()
        with nginx.nginx(Path(folder) / "nginx", BEHIND, tls={port: settings}):
            _rows(folder, counter, front, _scope(front, source_port, root))
    listeners.close()


def _scope(port: int, source_port: int, root: Holder) -> Scope:
    end = TlsEndpoint(
        port=port,
        server_name="shop.example",
        versions=VERSIONS,
        client_auth=ClientAuth.NONE,
        names=("shop.example",),
    )
    target = Target(name="web", role=Role.WEB, addresses=(HOST,), tls=(end,))
    source = Source(host=BEHIND, port=source_port, addresses=(BEHIND,))
    return Scope(target=target, items=(Item.TLS,), tcp_ports=(), anchors=(root.pem,), sources=(source,))


def _rows(folder: str, counter: Counter, port: int, scope: Scope) -> None:
    print(f"  {'same nginx (TLS 1.0 to 1.3, two chains)':50} {'connections':>11} {'seconds':>8}")

    def row(name: str, seconds: float) -> None:
        print(f"  {name:50} {counter.connections:11} {seconds:8.2f}")
        counter.connections = 0

    started, before = time.perf_counter(), _processor()
    asyncio.run(look(scope, dialer_for(pace=FAST), recorder(), None))
    row("tenken: complete, CRL and OCSP of all", time.perf_counter() - started)
    print(f"  {'':50} {'':11} {_processor() - before:8.2f} of processor")
    for name, words in _others(folder, port):
        if words[0].startswith("/") or shutil.which(words[0]):
            started = time.perf_counter()
            subprocess.run(words, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, timeout=580, check=False)
            row(name, time.perf_counter() - started)
        else:
            print(f"  {name:50} not installed")


def _others(folder: str, port: int) -> Sequence[tuple[str, list[str]]]:
    place = f"shop.example:{port}"
    sslyze = [str(Path(sys.executable).parent / "sslyze"), f"shop.example:{port}{{{HOST}}}"]
    versions = ["--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"]
    return (
        ("sslyze: certificate_info and six cipher lists", [*sslyze, "--certinfo", *versions]),
        ("sslscan", ["sslscan", "--no-colour", f"{HOST}:{port}"]),
        (
            "testssl.sh -p (protocols only)",
            ["testssl", "-p", "--quiet", "--color", "0", "--nodns", "none", "--ip", HOST, place],
        ),
        (
            "testssl.sh -S with CRL and OCSP",
            [
                "testssl",
                "-S",
                "--phone-out",
                "--add-ca",
                f"{folder}/root.pem",
                "--quiet",
                "--color",
                "0",
                "--nodns",
                "none",
                "--ip",
                HOST,
                place,
            ],
        ),
    )


def _defects() -> None:
    with served() as (ground, ports, listeners, source):
        groups: dict[tuple[str, ...], list[object]] = {}
        for defect in ground.defects:
            groups.setdefault(tuple(anchor.pem for anchor in defect.anchors), []).append(defect)

        async def run() -> None:
            for defects in groups.values():
                scope = test_defects.scope_of(defects, ports, source)  # type: ignore[arg-type]  # defects
                await look(scope, dialer_for(pace=FAST), recorder(), None)

        started, before = time.perf_counter(), _processor()
        asyncio.run(run())
        used = _processor() - before
        seconds = time.perf_counter() - started
        ends = set(ports.values())
        most = max(count for port, count in listeners.accepted.items() if port in ends)
    number = len(ground.defects)
    each = f"at most {most} connections each; {used:.2f} s of processor, servers included"
    print(f"  {number} defect servers: {seconds:.2f} s, {59 * seconds / number:.2f} s for 59; {each}")


def _processor() -> float:
    """Seconds of processor of this process and of its children that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _offline() -> None:
    root = mint(replace(AUTHORITY, subject="Bench Root", aki=False, end=NOW + 3650 * DAY), key("rsa2048", 90))
    middle = mint(AUTHORITY, key("rsa2048", 91), root)
    leaves = [mint(Wish(), key("rsa2048", 92), middle) for _ in range(100)]
    name = {"kind": "DNS", "value": "shop.example"}
    cases = [
        json.dumps(
            {
                "trusted_certs": [root.pem],
                "untrusted_intermediates": [middle.pem],
                "peer_certificate": end.pem,
                "expected_peer_name": name,
            }
        )
        for end in leaves
    ]
    now = datetime.now(UTC)
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(100):
        for case in cases:
            assert rule(json.loads(case), now).accepted
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    speed = f"{10_000 / wall:.0f}/s by the clock, {10_000 / processor:.0f}/s of processor"
    print(f"  10,000 off-line verifications (RSA-2048, 3 certificates): {speed}")
    words = [sys.executable, "-m", "dashboards.cli", "chain", "verify", "--case-json"]
    started = time.perf_counter()
    subprocess.run(words, input=cases[0], text=True, capture_output=True, check=True)
    print(f"  one case from the shell: {time.perf_counter() - started:.2f} s")
