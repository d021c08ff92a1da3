"""The deep scan over real sockets: flawed implementations, sound ones, hostile ones; every connection allowed and counted."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from probes.observation import Ending, ItemEnded, Observation
from probes.target import ClientAuth, Item, Role, Scope, StartTls, Target, TlsEndpoint, TlsVersion
from probes.tls.conversation import Limits
from probes.tls.deep.facts import DeepSeen, Shown, Weakness
from probes.tls.deep.line import CONNECTIONS, EnoughError, Hello, check_harmless
from probes.tls.judge import judge
from probes.tls.look import look
from probes.verdict import Outcome, Standing, decide
from tests.fakes import LoopbackLeave
from tests.pki import Pki
from tests.probes.scene import dialer_for, recorder
from tests.servers import nginx
from tests.servers.nginx import TlsSettings
from tests.servers.process import free_port, installed, running
from tests.tls.flawed import FLAWS, HEARTBEAT, Tap, flawed
from tests.tls.mint import DAY, NOW, authority, key, leaf, root
from tests.tls.serving import Listeners

HOST, REAL = "127.62.0.1", "127.62.0.2"
ROOT = root()
MIDDLE = authority(ROOT, end=NOW + 5 * DAY)
LEAF = leaf(MIDDLE, key("rsa2048", 7), end=NOW + 5 * DAY)
V11, V12, V13 = TlsVersion.TLS_1_1, TlsVersion.TLS_1_2, TlsVersion.TLS_1_3
OPENSSL = installed("openssl")
SAID = {
    "sound": [],
    "heartbleed": [("tls.heartbleed", "failing")],
    "heartbeats-discarded": [],
    "ccs-injection": [("tls.ccs-injection", "failing")],
    "robot-strong": [("tls.robot", "failing")],
    "robot-weak": [("tls.robot", "guidance")],
    "insecure-renegotiation": [("tls.renegotiation", "guidance")],
    "compression": [("tls.compression", "guidance")],
    "rc4": [("tls.weak-suites", "guidance")],
    "3des": [("tls.weak-suites", "guidance")],
}
"""What has to be said of each flawed server, and nothing else."""


def scope(anchor: str, *ports: int, address: str = HOST, versions: tuple[TlsVersion, ...] = (V11,)) -> Scope:
    names = ("shop.example",)
    ends = tuple(
        TlsEndpoint(port=port, server_name=names[0], versions=versions, client_auth=ClientAuth.NONE, names=names)
        for port in ports
    )
    target = Target(name="web", role=Role.WEB, addresses=(address,), tls=ends)
    return Scope(target=target, items=(Item.TLS,), tcp_ports=(), anchors=(anchor,), deep=True)


async def looked(asked: Scope, limits: Limits | None = None) -> list[Observation]:
    notes = recorder()
    await look(asked, dialer_for(), notes, None, limits=limits or Limits())
    notes.saw(Item.TLS, ItemEnded(ending=Ending.FINISHED))
    return notes.observations


def deep_of(observations: list[Observation], port: int) -> DeepSeen:
    (seen,) = [one.fact for one in observations if isinstance(one.fact, DeepSeen) and one.fact.port == port]
    return seen


class Scene:
    """All flawed servers, scanned once."""

    def __init__(self) -> None:
        self.listeners, self.taps = Listeners(), dict[str, list[Tap]]()
        self.ports = {
            name: self.listeners.listen(HOST, flawed(name, LEAF, [LEAF, MIDDLE], self.taps.setdefault(name, [])))
            for name in FLAWS
        }
        self.listeners.start()
        limits = Limits(connection_s=2.5)
        self.observations = asyncio.run(looked(scope(ROOT.pem, *self.ports.values()), limits))


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.listeners.close()


@pytest.mark.parametrize("name", FLAWS)
def test_each_flaw_is_named_and_nothing_else(name: str, scene: Scene) -> None:
    port = scene.ports[name]
    judgement = judge(scope(ROOT.pem, port), scene.observations, None)
    found = [(finding.rule, finding.grade.value) for finding in judgement.findings if "session" not in finding.rule]
    assert found == SAID[name], deep_of(scene.observations, port)
    untested = {row.check for row in judgement.coverage if row.outcome is Outcome.NOT_TESTED}
    assert untested == ({"tls.heartbleed"} if name == "heartbeats-discarded" else set())


@pytest.mark.parametrize("name", FLAWS)
def test_every_connection_was_allowed_and_counted(name: str, scene: Scene) -> None:
    port = scene.ports[name]
    opened = deep_of(scene.observations, port).connections
    assert opened <= CONNECTIONS
    # The normal look has at most 16 of its own.
    assert opened < scene.listeners.accepted[port] <= opened + 16


def test_the_heartbeats_ask_for_nothing_that_they_did_not_bring(scene: Scene) -> None:
    sent = [
        content
        for taps in scene.taps.values()
        for tap in taps
        for kind, content in zip(tap.records, tap.contents, strict=True)
        if kind == HEARTBEAT
    ]
    assert len(sent) >= 2
    for content in sent:
        assert int.from_bytes(content[1:3], "big") == len(content) - 3


def test_no_answer_of_the_server_is_kept(scene: Scene) -> None:
    seen = deep_of(scene.observations, scene.ports["heartbleed"])
    assert {trial.detail for trial in seen.trials} == {""}


@pytest.mark.parametrize(
    "record",
    ["1803020003014000", "180302000701400001010101", "18030200030100", "1803020004010001aa18030200030100ff"],
)
def test_a_heartbeat_that_would_read_memory_is_not_sent(record: str) -> None:
    with pytest.raises(EnoughError):
        check_harmless(bytes.fromhex(record))


@pytest.mark.parametrize("record", ["", "16030100020000", "18030200040100" + "01aa", "1803020003010000"])
def test_other_records_are_sent(record: str) -> None:
    check_harmless(bytes.fromhex(record))


def test_the_first_flight_is_found_in_pieces() -> None:
    flight = bytes.fromhex("160303000402000000" + "16030300020e00" + "16030300020000" + "1503030002020a")
    hello = Hello()
    for byte in flight[:-7]:
        assert not hello.done
        hello.feed(bytes([byte]))
    assert hello.done
    other = Hello()
    other.feed(bytes.fromhex("160303000402000000" + "15030300020228"))
    assert not other.done


@pytest.mark.real
@pytest.mark.skipif(not (nginx.PROGRAM and OPENSSL), reason="not installed: nginx and openssl")
async def test_a_modern_nginx_is_clean_of_everything(tmp_path: Path) -> None:
    pki = Pki()
    anchor = pki.root()
    pair = pki.leaf(pki.authority(anchor), kind="rsa").write(tmp_path, "leaf")
    port = free_port(REAL)
    with nginx.nginx(tmp_path / "nginx", REAL, tls={port: TlsSettings((pair,), protocols="TLSv1.2 TLSv1.3")}):
        asked = scope(anchor.pem, port, address=REAL, versions=(V12, V13))
        observations = await looked(asked)
    judgement = judge(asked, observations, None)
    assert judgement.findings == ()
    assert decide([judgement]).standing is Standing.PASS
    seen = deep_of(observations, port)
    assert {trial.shown for trial in seen.trials} == {Shown.ABSENT}
    assert seen.connections <= 200


@pytest.mark.real
@pytest.mark.skipif(not OPENSSL, reason="not installed: openssl")
@pytest.mark.parametrize(
    ("words", "versions", "said"),
    [
        (["-tls1_3"], (V13,), []),
        (["-tls1_1", "-cipher", "AES128-SHA:@SECLEVEL=0", "-client_renegotiation"], (V11,), ["tls.renegotiation"]),
        (["-tls1_1", "-cipher", "AES128-SHA:NULL-SHA:@SECLEVEL=0"], (V11,), ["tls.weak-suites"]),
        (["-tls1_1", "-cipher", "AES128-SHA:ADH-AES128-SHA:@SECLEVEL=0"], (V11,), ["tls.path", "tls.weak-suites"]),
    ],
    ids=["tls 1.3", "renegotiation by clients", "null", "anonymous"],
)
async def test_openssl_s_server(
    tmp_path: Path, words: list[str], versions: tuple[TlsVersion, ...], said: list[str]
) -> None:
    pki = Pki()
    anchor = pki.root()
    chain, secret = pki.leaf(pki.authority(anchor), kind="rsa").write(tmp_path, "leaf")
    port = free_port(REAL)
    assert OPENSSL
    server = [OPENSSL, "s_server", "-accept", f"{REAL}:{port}", "-cert", str(chain), "-cert_chain", str(chain)]
    with running([*server, "-key", str(secret), "-www", "-quiet", *words], REAL, port, tmp_path / "log"):
        asked = scope(anchor.pem, port, address=REAL, versions=versions)
        observations = await looked(asked)
    judgement = judge(asked, observations, None)
    found = [finding.rule for finding in judgement.findings if finding.rule != "tls.weak-session"]
    assert found == said, deep_of(observations, port)
    if versions == (V13,):
        seen = deep_of(observations, port)
        assert {trial.shown for trial in seen.trials} == {Shown.MOOT}
        assert seen.connections < 10


async def test_a_server_that_has_had_enough_is_not_taken_to_be_sound() -> None:
    """It serves the normal look, and then hangs up on everybody."""
    listeners, served = Listeners(), list[int]()
    sound = flawed("sound", LEAF, [LEAF, MIDDLE])

    def tired(connection: socket.socket) -> None:
        served.append(1)
        if len(served) <= 40:
            sound(connection)

    port = listeners.listen(HOST, tired)
    listeners.start()
    observations = await looked(scope(ROOT.pem, port))
    listeners.close()
    seen = deep_of(observations, port)
    assert Shown.ABSENT not in {trial.shown for trial in seen.trials}
    assert all(one.detail for one in seen.suites)
    judgement = judge(scope(ROOT.pem, port), observations, None)
    assert {row.outcome for row in judgement.coverage if row.check == "tls.weak-suites"} == {Outcome.NOT_TESTED}
    assert decide([judgement]).standing is not Standing.PASS


async def test_a_silent_server_is_soon_left_alone() -> None:
    listeners, served = Listeners(), list[int]()
    sound = flawed("sound", LEAF, [LEAF, MIDDLE])

    def stalling(connection: socket.socket) -> None:
        served.append(1)
        if len(served) <= 14:
            sound(connection)
        else:
            connection.recv(4096)
            connection.recv(4096)  # waits until the client gives up

    port = listeners.listen(HOST, stalling)
    listeners.start()
    observations = await looked(scope(ROOT.pem, port), Limits(connection_s=0.6))
    listeners.close()
    seen = deep_of(observations, port)
    assert seen.connections <= 12
    assert Shown.ABSENT not in {trial.shown for trial in seen.trials if trial.weakness is Weakness.ROBOT}


async def test_behind_starttls_it_is_found_as_well() -> None:
    bleeding = flawed("heartbleed", LEAF, [LEAF, MIDDLE])

    def mail(connection: socket.socket) -> None:
        for answer in (b"220 mail\r\n", b"250 STARTTLS\r\n", b"220 go ahead\r\n"):
            connection.sendall(answer)
            if not answer.startswith(b"220 go"):
                connection.recv(100)
        bleeding(connection)

    listeners = Listeners()
    port = listeners.listen(HOST, mail)
    listeners.start()
    asked = scope(ROOT.pem, port)
    (end,) = asked.target.tls
    asked = replace(asked, target=replace(asked.target, tls=(replace(end, starttls=StartTls.SMTP),)))
    judgement = judge(asked, await looked(asked), None)
    listeners.close()
    assert [finding.rule for finding in judgement.findings] == ["tls.heartbleed"]


@pytest.mark.real
@pytest.mark.skipif(not OPENSSL, reason="not installed: openssl")
async def test_where_a_client_certificate_is_required_what_comes_behind_it_is_not_tested(tmp_path: Path) -> None:
    pki = Pki()
    anchor = pki.root()
    chain, secret = pki.leaf(pki.authority(anchor), kind="rsa").write(tmp_path, "leaf")
    port = free_port(REAL)
    assert OPENSSL
    server = [OPENSSL, "s_server", "-accept", f"{REAL}:{port}", "-cert", str(chain), "-cert_chain", str(chain)]
    more = ["-key", str(secret), "-www", "-quiet", "-Verify", "1", "-tls1_1", "-cipher", "AES128-SHA:@SECLEVEL=0"]
    with running([*server, *more], REAL, port, tmp_path / "log"):
        observations = await looked(scope(anchor.pem, port, address=REAL))
    seen = deep_of(observations, port)
    unknown = {trial.weakness for trial in seen.trials if trial.shown is Shown.UNKNOWN}
    assert unknown == set(Weakness) - {Weakness.HEARTBLEED, Weakness.CCS_INJECTION}
    assert [len(one.accepted) for one in seen.suites] == [1]


async def test_more_connections_than_allowed_are_not_made() -> None:
    listeners = Listeners()
    port = listeners.listen(HOST, flawed("sound", LEAF, [LEAF, MIDDLE]))
    listeners.start()
    observations = await looked(scope(ROOT.pem, port), Limits(deep_connections=5))
    listeners.close()
    assert "more than 5 connections" in deep_of(observations, port).failure
    assert listeners.accepted[port] <= 5 + 16


async def test_no_connection_is_made_where_the_order_does_not_lead() -> None:
    listeners = Listeners()
    port = listeners.listen(HOST, flawed("sound", LEAF, [LEAF, MIDDLE]))
    listeners.start()
    notes = recorder()
    leave = LoopbackLeave()
    await look(replace(scope(ROOT.pem, port), deep=False), dialer_for(leave), notes, None)
    listeners.close()
    assert not [one for one in notes.observations if isinstance(one.fact, DeepSeen)]
    assert listeners.accepted[port] <= 16


def test_sslyze_cannot_connect_by_itself() -> None:
    """Behind the wall, also to its own end point, only the lane connects."""
    listeners = Listeners()
    port = listeners.listen(HOST, flawed("sound", LEAF, [LEAF, MIDDLE]))
    listeners.start()
    source = f"""
        import sslyze, socket
        from probes.tls import wall
        wall.build({HOST!r}, {port}, asked=lambda: False)
        place = sslyze.ServerNetworkLocation(hostname="shop.example", port={port}, ip_address={HOST!r})
        setting = sslyze.ServerNetworkConfiguration(tls_server_name_indication="shop.example")
        from sslyze.server_connectivity import check_connectivity_to_server
        check_connectivity_to_server(place, setting)
    """
    words = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(source)]
    run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    listeners.close()
    assert "WallError" in run.stderr
    assert listeners.accepted[port] == 0
