"""Real nginx and openssl s_server: versions, client authentication and chains are seen as they are set up."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from probes.observation import Ending, ItemEnded, Observation
from probes.target import ClientAuth, Item, Scope, TlsEndpoint, TlsVersion
from probes.tls.facts import Handshake, TlsSeen
from probes.tls.judge import judge
from probes.tls.look import look
from probes.verdict import Judgement, Standing, decide
from tests.pki import Holder, Pki, Validity
from tests.probes.scene import dialer_for, recorder, scope_of
from tests.servers import nginx, zoo
from tests.servers.nginx import TlsSettings
from tests.servers.process import free_port, installed, running

HOST = "127.31.10.1"
V10, V11, V12, V13 = TlsVersion.TLS_1_0, TlsVersion.TLS_1_1, TlsVersion.TLS_1_2, TlsVersion.TLS_1_3
NONE, OPTIONAL, REQUIRED = ClientAuth.NONE, ClientAuth.OPTIONAL, ClientAuth.REQUIRED
OPENSSL = installed("openssl")

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not (nginx.PROGRAM and OPENSSL), reason="not installed: nginx and openssl"),
]

PKI = Pki()
ROOT = PKI.root()
INTERMEDIATE = PKI.authority(ROOT)


def end_point(port: int, versions: tuple[TlsVersion, ...], client_auth: ClientAuth = NONE) -> TlsEndpoint:
    names = ("shop.example",)
    return TlsEndpoint(port=port, server_name=names[0], versions=versions, client_auth=client_auth, names=names)


def scope_for(end: TlsEndpoint) -> Scope:
    return scope_of(addresses=(HOST,), tls=(end,), items=(Item.TLS,), anchors=(ROOT.pem,))


async def observations_of(end: TlsEndpoint) -> list[Observation]:
    notes = recorder()
    await look(scope_for(end), dialer_for(), notes, None)
    notes.saw(Item.TLS, ItemEnded(ending=Ending.FINISHED))
    return notes.observations


async def inspected(port: int, versions: tuple[TlsVersion, ...]) -> tuple[TlsSeen, Judgement]:
    end = end_point(port, versions)
    observations = await observations_of(end)
    (seen,) = [entry.fact for entry in observations if isinstance(entry.fact, TlsSeen)]
    return seen, judge(scope_for(end), observations, None)


def told(judgement: Judgement) -> list[str]:
    return [finding.rule for finding in judgement.findings]


@contextlib.contextmanager
def served(
    folder: Path, chain: tuple[str, ...] | None = None, leaf: Holder | None = None, **more: str
) -> Iterator[int]:
    """Run nginx with one certificate; gives the port."""
    holder = leaf or PKI.leaf(INTERMEDIATE)
    pair = holder.write(folder, "leaf", chain)
    ca = folder / "ca.pem"
    ca.write_text(ROOT.pem)
    port = free_port(HOST)
    with nginx.nginx(folder / "nginx", HOST, tls={port: TlsSettings((pair,), client_ca=ca, **more)}):
        yield port


@pytest.mark.parametrize(
    ("protocols", "versions"),
    [
        ("TLSv1.2 TLSv1.3", (V12, V13)),
        ("TLSv1.3", (V13,)),
        ("TLSv1.2", (V12,)),
        ("TLSv1 TLSv1.1", (V10, V11)),
        ("TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", (V10, V11, V12, V13)),
    ],
)
async def test_versions_as_declared_pass(tmp_path: Path, protocols: str, versions: tuple[TlsVersion, ...]) -> None:
    with served(tmp_path, protocols=protocols) as port:
        seen, judgement = await inspected(port, versions)
    assert told(judgement) == []
    assert decide([judgement]).standing is Standing.PASS
    assert [len(chain) for chain in seen.chains] == [2]


async def test_versions_that_differ_are_found_in_both_directions(tmp_path: Path) -> None:
    with served(tmp_path, protocols="TLSv1 TLSv1.2") as port:
        _, judgement = await inspected(port, (V12, V13))
    assert sorted(finding.subject.split()[-1] for finding in judgement.findings) == ["TLSv1.0", "TLSv1.3"]
    assert set(told(judgement)) == {"tls.versions-differ"}


@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.3", "TLSv1.2 TLSv1.3"])
@pytest.mark.parametrize(("setting", "truth"), [("off", NONE), ("optional", OPTIONAL), ("on", REQUIRED)], ids=str)
async def test_client_authentication_of_nginx(tmp_path: Path, protocols: str, setting: str, truth: ClientAuth) -> None:
    versions = tuple(version for version in (V12, V13) if version in protocols.split())
    with served(tmp_path, protocols=protocols, client_auth=setting) as port:
        observations = await observations_of(end_point(port, versions))
    for declared in (NONE, OPTIONAL, REQUIRED):
        judgement = judge(scope_for(end_point(port, versions, declared)), observations, None)
        assert told(judgement) == ([] if declared is truth else ["tls.client-auth-differs"])


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize(("setting", "truth"), [("-verify", OPTIONAL), ("-Verify", REQUIRED)])
async def test_client_authentication_in_the_handshake(
    tmp_path: Path, version: str, setting: str, truth: ClientAuth
) -> None:
    chain, key = PKI.leaf(INTERMEDIATE).write(tmp_path, "leaf")
    port = free_port(HOST)
    assert OPENSSL
    server = [OPENSSL, "s_server", "-accept", f"{HOST}:{port}", "-cert", str(chain), "-cert_chain", str(chain)]
    with running([*server, "-key", str(key), "-www", "-quiet", version, setting, "1"], HOST, port, tmp_path / "log"):
        seen, _ = await inspected(port, (V12,))
    assert {entry.client_auth for entry in seen.versions if entry.client_auth} == {truth}


async def test_both_deployments_are_seen(tmp_path: Path) -> None:
    pairs = tuple(PKI.leaf(INTERMEDIATE, kind=kind).write(tmp_path, kind) for kind in ("rsa", "ec"))
    port = free_port(HOST)
    with nginx.nginx(tmp_path / "nginx", HOST, tls={port: TlsSettings(pairs)}):
        started = time.monotonic()
        seen, judgement = await inspected(port, (V12, V13))
        taken = time.monotonic() - started
    assert [len(chain) for chain in seen.chains] == [2, 2]
    assert told(judgement) == []
    print(f"complete look at one end point: {taken:.2f} s")


async def test_one_bad_deployment_of_two_is_found(tmp_path: Path) -> None:
    good = PKI.leaf(INTERMEDIATE, kind="ec").write(tmp_path, "ec")
    bad = PKI.leaf(INTERMEDIATE, kind="rsa", validity=Validity(-6, -1)).write(tmp_path, "rsa")
    port = free_port(HOST)
    with nginx.nginx(tmp_path / "nginx", HOST, tls={port: TlsSettings((good, bad))}):
        _, judgement = await inspected(port, (V12, V13))
    assert told(judgement) == ["tls.certificate-dates"]


BROKEN = {
    "expired": (PKI.leaf(INTERMEDIATE, validity=Validity(-6, -1)), None, "tls.certificate-dates"),
    "wrong host": (PKI.leaf(INTERMEDIATE, ("other.example",)), None, "tls.certificate-names"),
    "missing intermediate": (PKI.leaf(INTERMEDIATE), 1, "tls.path"),
    "untrusted": (PKI.leaf(PKI.authority(PKI.root("Strange Root"))), None, "tls.path"),
    "self-signed": (PKI.leaf(None), None, "tls.path"),
    "expired intermediate": (
        PKI.leaf(PKI.authority(ROOT, validity=Validity(-6, -1)), validity=Validity(-4, 2)),
        None,
        "tls.chain-certificate",
    ),
}


@pytest.mark.parametrize(("leaf", "sent", "rule"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_chain_is_one_finding(tmp_path: Path, leaf: Holder, sent: int | None, rule: str) -> None:
    with served(tmp_path, leaf.chain[:sent], leaf) as port:
        _, judgement = await inspected(port, (V12, V13))
    assert told(judgement) == [rule]


async def test_plain_http_on_the_port_is_one_finding(tmp_path: Path) -> None:
    port = free_port(HOST)
    with nginx.nginx(tmp_path / "nginx", HOST, plain=(port,)):
        _, judgement = await inspected(port, (V12, V13))
    assert told(judgement) == ["tls.protocol-fails"]


async def test_null_suites_of_tls_1_2_are_no_refusal(tmp_path: Path) -> None:
    """The modern OpenSSL of the prober no longer has these suites; the legacy one sees that TLS 1.2 is spoken."""
    chain, key = PKI.leaf(INTERMEDIATE, kind="rsa").write(tmp_path, "leaf")
    port = free_port(HOST)
    assert OPENSSL
    server = [OPENSSL, "s_server", "-accept", f"{HOST}:{port}", "-cert", str(chain), "-key", str(key), "-www", "-quiet"]
    with running([*server, "-tls1_2", "-cipher", "NULL-SHA256:@SECLEVEL=0"], HOST, port, tmp_path / "log"):
        seen, _ = await inspected(port, (V12,))
    assert [entry.version for entry in seen.versions if entry.handshake == "accepted"] == [V12]


def relay(port: int, most: int) -> zoo.Manner:
    """Hand the first connections on to a real server, and hang up on all later ones."""
    served = itertools.count()

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def speak(connection: socket.socket) -> None:
        if next(served) >= most:
            return
        with socket.create_connection((HOST, port)) as server:
            back = threading.Thread(target=pump, args=(server, connection), daemon=True)
            back.start()
            pump(connection, server)
            back.join(5)

    return speak


async def test_a_server_that_has_had_enough_of_us_is_not_taken_to_refuse_old_versions(tmp_path: Path) -> None:
    versions = (V12, V13)
    with served(tmp_path, protocols="TLSv1 TLSv1.1 TLSv1.2 TLSv1.3") as port:
        with zoo.serving(relay(port, 100), HOST) as front:
            _, all_seen = await inspected(front, versions)
        with zoo.serving(relay(port, 2), HOST) as front:
            seen, judgement = await inspected(front, versions)
    assert told(all_seen) == ["tls.versions-differ"] * 2
    assert told(judgement) == []
    assert {entry.handshake for entry in seen.versions if entry.version not in versions} == {Handshake.UNKNOWN}
    assert decide([judgement]).standing is Standing.INCONCLUSIVE
