"""Protocol defects over real sockets: versions, suites, key exchange; declarations that are wrong in both directions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from probes.observation import Ending, ItemEnded, Observation
from probes.target import ClientAuth, Item, Role, Scope, Target, TlsEndpoint, TlsVersion
from probes.tls.conversation import Limits
from probes.tls.facts import Handshake, TlsSeen
from probes.tls.judge import judge
from probes.tls.look import look
from probes.verdict import Judgement
from tests.probes.scene import dialer_for, recorder
from tests.tls.mint import DAY, NOW, authority, key, leaf, root
from tests.tls.protocols import PROTOCOLS, RAW, Protocol, speaking
from tests.tls.serving import Listeners

HOST = "127.45.0.3"
SHORT: dict[str, Any] = {"end": NOW + 5 * DAY}
ROOT = root()
MIDDLE = authority(ROOT, end=SHORT["end"])
LEAF = leaf(MIDDLE, key("rsa2048", 7), **SHORT)
BY_NAME = {protocol.name: protocol for protocol in PROTOCOLS}


def endpoint(port: int, versions: tuple[TlsVersion, ...]) -> TlsEndpoint:
    return TlsEndpoint(
        port=port,
        server_name="shop.example",
        versions=versions,
        client_auth=ClientAuth.NONE,
        names=("shop.example",),
    )


def scope(*ends: TlsEndpoint) -> Scope:
    target = Target(name="web", role=Role.WEB, addresses=(HOST,), tls=ends)
    return Scope(target=target, items=(Item.TLS,), tcp_ports=(), anchors=(ROOT.pem,))


@pytest.fixture(scope="module")
def scene() -> Iterator[tuple[dict[str, int], list[Observation]]]:
    listeners = Listeners()
    found = {one.name: listeners.listen(HOST, speaking(one, LEAF, [LEAF, MIDDLE])) for one in PROTOCOLS}
    found |= {name: listeners.listen(HOST, answer) for name, answer in RAW.items()}
    listeners.start()
    notes = recorder()
    ends = [endpoint(port, (TlsVersion.TLS_1_2,)) for port in found.values()]
    asyncio.run(look(scope(*ends), dialer_for(), notes, None, limits=Limits(connection_s=1.5)))
    notes.saw(Item.TLS, ItemEnded(ending=Ending.FINISHED))
    yield found, notes.observations
    listeners.close()


@pytest.fixture
def ports(scene: tuple[dict[str, int], list[Observation]]) -> dict[str, int]:
    return scene[0]


@pytest.fixture
def observations(scene: tuple[dict[str, int], list[Observation]]) -> list[Observation]:
    return scene[1]


def said(observations: list[Observation], port: int, versions: tuple[TlsVersion, ...]) -> Judgement:
    return judge(scope(endpoint(port, versions)), observations, None)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.name)
def test_a_protocol_defect_is_named_and_nothing_else(
    protocol: Protocol, ports: dict[str, int], observations: list[Observation]
) -> None:
    port = ports[protocol.name]
    judgement = said(observations, port, protocol.speaks)
    titles = [finding.title.en for finding in judgement.findings if finding.rule == "tls.weak-session"]
    for piece in protocol.weak:
        assert any(piece in title for title in titles), (piece, titles)
    assert len(titles) == len(protocol.weak), titles
    others = [finding for finding in judgement.findings if finding.rule != "tls.weak-session"]
    assert [finding.rule for finding in others] == (["tls.path"] if protocol.anonymous else [])
    wrong = {version for version in TlsVersion if version not in protocol.speaks}
    both_ways = said(observations, port, tuple(wrong))
    differing = {finding.subject.split()[-1] for finding in both_ways.findings if finding.rule == "tls.versions-differ"}
    assert differing == {version.value for version in TlsVersion}


def test_plain_http_on_the_port_is_one_finding(ports: dict[str, int], observations: list[Observation]) -> None:
    judgement = said(observations, ports["plain-http"], (TlsVersion.TLS_1_2,))
    assert [finding.rule for finding in judgement.findings] == ["tls.protocol-fails"]


@pytest.mark.parametrize("name", ["silent-close", "stalled"])
def test_silence_is_no_answer(name: str, ports: dict[str, int], observations: list[Observation]) -> None:
    judgement = said(observations, ports[name], (TlsVersion.TLS_1_2,))
    assert judgement.findings == ()
    assert {row.outcome.value for row in judgement.coverage} == {"not-tested"}


def test_an_sslv2_server_hello_is_not_taken_for_a_refusal(
    ports: dict[str, int], observations: list[Observation]
) -> None:
    facts = [entry.fact for entry in observations if isinstance(entry.fact, TlsSeen)]
    (seen,) = [fact for fact in facts if fact.port == ports["sslv2"]]
    by_version = {entry.version: entry.handshake for entry in seen.versions}
    assert by_version[TlsVersion.SSL_2_0] is not Handshake.REFUSED
    assert by_version[TlsVersion.TLS_1_2] is Handshake.REFUSED
