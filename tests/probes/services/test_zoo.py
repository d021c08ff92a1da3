"""Real servers from Debian packages in a namespace of their own: each recognised at its own port and at an odd one, and judged.

`make test` looks at the cheap ones, `make services` (TENKEN_SERVICES=all) at all of them. What is not installed is named.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from plugins import canonical
from probes.finding import Certainty
from probes.observation import Observation
from probes.pace import Pace
from probes.ports.judge import judge
from probes.services import enclosure
from probes.services.facts import Anonymous, FtpSeen, ServiceSeen, SshSeen
from probes.services.identify import Patience
from probes.services.names import FORBIDDEN, RESTRICTED
from probes.target import DeclaredPort, Item, PortRange, Purpose, Role, Scope, Target, Transport
from probes.verdict import Standing, decide
from tests.pki import Pki
from tests.servers.exhibits import CHEAP, EXHIBITS, Exhibit, Place
from tests.servers.looker import Outlook, Relay, Seen
from tests.servers.town import Town, town

ODD = "10.42.0.9"
FIRST_ODD = 20_101
PACE = Pace(connections_per_s=400, requests_per_s=400, concurrent_connections=16, bytes_per_s=20_000_000)
PATIENCE = Patience(greeting_s=2.0, prompt_s=1.5)
ALL = os.environ.get("TENKEN_SERVICES") == "all"
WANTED = tuple(one for one in EXHIBITS if ALL or one.name in CHEAP)
SHOWN = tuple(one for one in WANTED if one.program)
MISSING = tuple(one for one in WANTED if not one.program)
pytestmark = [
    pytest.mark.real,
    pytest.mark.root,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a network namespace"),
    pytest.mark.skipif(not SHOWN, reason="none of the servers is installed"),
]


@dataclass(frozen=True)
class Outcome:
    """What was seen of one exhibit at one place."""

    first: ServiceSeen
    """What our own questions brought."""
    last: ServiceSeen
    """With what nmap added."""


@dataclass(frozen=True)
class View:
    """The whole look."""

    scope: Scope
    observations: tuple[Observation, ...]
    places: dict[tuple[str, bool], tuple[str, int]]
    connections: int

    def outcome(self, exhibit: Exhibit, *, odd: bool) -> Outcome:
        place = self.places[exhibit.name, odd]
        facts = [entry.fact for entry in self.observations]
        seen = [fact for fact in facts if isinstance(fact, ServiceSeen) and (fact.address, fact.port) == place]
        assert seen, f"{exhibit.name}: not open at {place}"
        return Outcome(seen[0], seen[-1])


def _odd(exhibit: Exhibit) -> int:
    number = EXHIBITS.index(exhibit)
    return 6123 if exhibit.name == "Xvfb" else FIRST_ODD + number  # an X server's port is 6000 and its display


def _scope(places: dict[tuple[str, bool], tuple[str, int]]) -> Scope:
    addresses = tuple(sorted({address for address, _ in places.values()}))
    ports = tuple(PortRange(first=port, last=port) for port in sorted({port for _, port in places.values()}))
    target = Target(name="zoo", role=Role.OTHER, addresses=addresses)
    return Scope(target=target, items=(Item.PORTS,), tcp_ports=ports, contact="review@body.example")


def _start(
    home: Town, folder: Path, certificate: tuple[Path, Path]
) -> tuple[dict[tuple[str, bool], tuple[str, int]], list[Relay]]:
    places: dict[tuple[str, bool], tuple[str, int]] = {}
    relays: list[Relay] = []
    for exhibit in SHOWN:
        places[exhibit.name, False] = (exhibit.at, exhibit.own)
        places[exhibit.name, True] = (ODD, _odd(exhibit))
        for odd in (False, True):
            if odd and not exhibit.movable:
                relays.append(Relay(address=ODD, port=_odd(exhibit), to_address=exhibit.at, to_port=exhibit.own))
                continue
            address, port = places[exhibit.name, odd]
            name = f"{exhibit.name}{' (odd)' if odd else ''}"
            own = folder / name.replace(" ", "-")
            own.mkdir(mode=0o755)
            home.start(name, exhibit.command(Place(own, address, port, certificate)), own)
    return places, relays


@pytest.fixture(scope="module")
def view(request: pytest.FixtureRequest) -> Iterator[View]:
    # Not below pytest's own folder: servers that give up root have to reach theirs.
    with tempfile.TemporaryDirectory(prefix="tenken-zoo-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with ExitStack() as stack:
            one = _looked_at(folder, stack)
            # The table belongs into the output of every run, whether or not something fails.
            with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
                _print(one)
            yield one


def _looked_at(folder: Path, stack: ExitStack) -> View:
    pki = Pki()
    chain, key = pki.leaf(pki.authority(pki.root())).write(folder, "leaf")
    key.chmod(0o644)
    home = stack.enter_context(town(folder))
    places, relays = _start(home, folder, (chain, key))
    moved = {
        (name, odd): place
        for (name, odd), place in places.items()
        if place not in {(r.address, r.port) for r in relays}
    }
    home.wait({f"{name}{' (odd)' if odd else ''}": place for (name, odd), place in moved.items()})
    scope = _scope(places)
    outlook = Outlook(scope=scope, pace=PACE, patience=PATIENCE, relays=tuple(relays))
    looker = ["ip", "netns", "exec", home.name, sys.executable, "-m", "tests.servers.looker"]
    run = subprocess.run(looker, input=canonical.dumps(outlook), capture_output=True, timeout=500, check=False)
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    seen = canonical.loads(Seen, run.stdout)
    return View(scope, seen.observations, places, seen.tally.connections)


def _print(view: View) -> None:
    print(
        "\n| server | place | service | product | version | hint | CPE | certainty |\n|---|---|---|---|---|---|---|---|"
    )
    for exhibit in SHOWN:
        for odd in (False, True):
            address, port = view.places[exhibit.name, odd]
            try:
                last = view.outcome(exhibit, odd=odd).last
            except AssertionError as error:
                print(f"| {exhibit.name} | {address}:{port} | {error} |")
                continue
            build = last.build
            words = (
                last.service or f"? {last.detail}",
                build.product,
                build.version,
                build.hint,
                build.cpe[0] if build.cpe else "",
            )
            print(f"| {exhibit.name} | {address}:{port} | {' | '.join(words)} | {last.certainty} |")
    for exhibit in MISSING:
        print(f"SKIPPED: {exhibit.name} (Debian package {exhibit.package}) is not installed")
    print(f"{view.connections} connections; nmap: {enclosure.program() or 'SKIPPED, not installed'}")


@pytest.mark.parametrize("odd", [False, True], ids=["own port", "odd port"])
@pytest.mark.parametrize("exhibit", SHOWN, ids=lambda exhibit: exhibit.name)
def test_our_own_questions_recognise_it(view: View, exhibit: Exhibit, odd: bool) -> None:
    first = view.outcome(exhibit, odd=odd).first
    assert (first.service, first.certainty) == (exhibit.service, Certainty.VERIFIED), first.detail
    assert first.tls == exhibit.service.endswith(("s", "ss")) or not exhibit.name.endswith(("S", "TLS"))


@pytest.mark.skipif(not enclosure.program(), reason="nmap is not installed")
@pytest.mark.parametrize("odd", [False, True], ids=["own port", "odd port"])
@pytest.mark.parametrize("exhibit", SHOWN, ids=lambda exhibit: exhibit.name)
def test_product_and_version_are_told(view: View, exhibit: Exhibit, odd: bool) -> None:
    last = view.outcome(exhibit, odd=odd).last
    assert last.service == exhibit.service
    assert exhibit.product.casefold() in last.build.product.casefold()
    assert bool(last.build.version) >= exhibit.version
    assert bool(last.build.cpe) >= exhibit.version


def test_debian_s_marks_are_told_from_upstream_versions(view: View) -> None:
    for exhibit in SHOWN:
        if exhibit.name in {"openssh", "bind9", "apache2", "dovecot IMAP"}:
            assert view.outcome(exhibit, odd=True).last.build.hint.startswith("Debian back-port")


@pytest.mark.parametrize("odd", [False, True], ids=["own port", "odd port"])
@pytest.mark.parametrize(
    "exhibit",
    [one for one in SHOWN if one.service in FORBIDDEN or one.service in RESTRICTED],
    ids=lambda exhibit: exhibit.name,
)
def test_what_does_not_belong_there_fails_the_server_wherever_it_is(view: View, exhibit: Exhibit, odd: bool) -> None:
    address, port = view.places[exhibit.name, odd]
    judgement = judge(view.scope, view.observations, None)
    (finding,) = [found for found in judgement.findings if found.subject == f"{address}:{port}/tcp"]
    rule = "ports.forbidden-service" if exhibit.service in FORBIDDEN else "ports.restricted-service"
    assert finding.rule == rule
    assert (FORBIDDEN | RESTRICTED)[exhibit.service] in finding.title.en


def test_what_is_declared_right_and_may_be_there_passes(view: View) -> None:
    """The same facts, judged by a declaration that says what is there; each forbidden service alone then fails it."""
    allowed = [one for one in SHOWN if one.service not in FORBIDDEN and one.service not in RESTRICTED]
    places = {view.places[one.name, False]: one.service for one in allowed}
    address = "10.42.0.1"
    ports = tuple(
        DeclaredPort(
            ports=PortRange(first=port, last=port), transport=Transport.TCP, service=service, purpose=Purpose.SHOP
        )
        for (host, port), service in places.items()
        if host == address
    )
    target = Target(name="zoo", role=Role.OTHER, addresses=(address,), ports=ports)
    scope = Scope(target=target, items=(Item.PORTS,), tcp_ports=())
    assert decide([judge(scope, view.observations, None)]).standing is Standing.PASS
    for one in SHOWN:
        place = view.places[one.name, False]
        if one not in allowed and place[0] == address:
            looked_at = Scope(target=target, items=(Item.PORTS,), tcp_ports=(PortRange(first=place[1], last=place[1]),))
            assert decide([judge(looked_at, view.observations, None)]).standing is Standing.FAIL, one.name


def test_ssh_shows_its_keys_and_algorithms(view: View) -> None:
    facts = [entry.fact for entry in view.observations if isinstance(entry.fact, SshSeen)]
    if not facts:
        pytest.skip("openssh-server is not installed")
    for fact in facts:
        assert {key.algorithm for key in fact.host_keys} == {"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"}
        assert fact.methods == ("publickey",)
        assert "curve25519-sha256" in fact.algorithms.key_exchange


def test_ftp_guests_are_seen_where_the_server_invites_them(view: View) -> None:
    facts = {(fact.address, fact.port): fact for entry in view.observations if isinstance(fact := entry.fact, FtpSeen)}
    expected = {"vsftpd": Anonymous.UNKNOWN, "proftpd": Anonymous.INVITED}
    for exhibit in SHOWN:
        if exhibit.name in expected:
            fact = facts[view.places[exhibit.name, True]]
            assert (fact.anonymous, fact.tls) == (expected[exhibit.name], False)
