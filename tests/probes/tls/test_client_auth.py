"""Client authentication as real servers set it up: nginx, apache2 and openssl s_server, told apart per version and by where."""

from __future__ import annotations

from pathlib import Path

import pytest

from probes.target import ClientAuth
from probes.tls.facts import Handshake, TlsSeen, VersionSeen
from probes.tls.judge import judge
from tests.probes.tls.test_real import (
    HOST,
    INTERMEDIATE,
    NONE,
    OPTIONAL,
    PKI,
    REQUIRED,
    ROOT,
    V12,
    V13,
    end_point,
    observations_of,
    scope_for,
    served,
    told,
)
from tests.servers import apache, nginx
from tests.servers.process import free_port, installed, running

OPENSSL = installed("openssl")
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not (nginx.PROGRAM and OPENSSL), reason="not installed: nginx and openssl"),
]
BOTH = (V12, V13)


async def accepted(port: int) -> list[VersionSeen]:
    observations = await observations_of(end_point(port, BOTH))
    (seen,) = [entry.fact for entry in observations if isinstance(entry.fact, TlsSeen)]
    for declared in (NONE, OPTIONAL, REQUIRED):
        truth = {entry.client_auth for entry in seen.versions if entry.handshake is Handshake.ACCEPTED}
        judgement = judge(scope_for(end_point(port, BOTH, declared)), observations, None)
        assert told(judgement) == ([] if truth == {declared} else ["tls.client-auth-differs"])
    return [entry for entry in seen.versions if entry.handshake is Handshake.ACCEPTED]


@pytest.mark.parametrize(
    ("setting", "truth", "where"),
    [("off", NONE, ""), ("optional", OPTIONAL, ""), ("optional_no_ca", OPTIONAL, ""), ("on", REQUIRED, "application")],
)
async def test_nginx(tmp_path: Path, setting: str, truth: ClientAuth, where: str) -> None:
    with served(tmp_path, protocols="TLSv1.2 TLSv1.3", client_auth=setting) as port:
        seen = await accepted(port)
    assert [(entry.client_auth, entry.demanded) for entry in seen] == [(truth, where)] * 2


@pytest.mark.skipif(not apache.PROGRAM, reason="not installed: apache2")
@pytest.mark.parametrize(
    ("setting", "truth"),
    [("none", NONE), ("optional", OPTIONAL), ("optional_no_ca", OPTIONAL), ("require", REQUIRED)],
)
async def test_apache(tmp_path: Path, setting: str, truth: ClientAuth) -> None:
    chain, key = PKI.leaf(INTERMEDIATE).write(tmp_path, "leaf")
    ca = tmp_path / "ca.pem"
    ca.write_text(ROOT.pem)
    port = free_port(HOST)
    with apache.apache(
        tmp_path / "apache",
        HOST,
        port,
        chain=chain,
        key=key,
        client_ca=ca,
        verify=setting,
        protocols="-all +TLSv1.2 +TLSv1.3",
    ):
        seen = await accepted(port)
    assert [entry.client_auth for entry in seen] == [truth] * 2
    assert {entry.demanded for entry in seen} == ({"handshake"} if truth is REQUIRED else {""})


@pytest.mark.parametrize(("setting", "truth"), [("", NONE), ("-verify", OPTIONAL), ("-Verify", REQUIRED)])
async def test_openssl(tmp_path: Path, setting: str, truth: ClientAuth) -> None:
    chain, key = PKI.leaf(INTERMEDIATE).write(tmp_path, "leaf")
    port = free_port(HOST)
    assert OPENSSL
    command = [OPENSSL, "s_server", "-accept", f"{HOST}:{port}", "-cert", str(chain), "-cert_chain", str(chain)]
    verify = [setting, "1"] if setting else []
    with running([*command, "-key", str(key), "-www", "-quiet", *verify], HOST, port, tmp_path / "log"):
        seen = await accepted(port)
    assert [entry.client_auth for entry in seen] == [truth] * 2
    assert {entry.demanded for entry in seen} == ({"handshake"} if truth is REQUIRED else {""})
