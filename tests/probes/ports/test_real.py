"""Real nginx, openssh, vsftpd and inetutils-telnetd: declared right passes, each mistake gives exactly its finding."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from probes.observation import Ending, ItemEnded
from probes.ports.judge import judge
from probes.ports.look import look
from probes.services.ssh import entrance
from probes.target import DeclaredPort, Item, Purpose, TlsEndpoint
from probes.verdict import Judgement, Outcome, Standing, decide
from tests.pki import Pki
from tests.probes.ports.test_look import QUICK
from tests.probes.scene import declared, dialer_for, recorder, scope_of
from tests.servers import nginx, sshd, telnetd, vsftpd, zoo
from tests.servers.process import free_port

HOST = "127.31.8.1"
INSIDE = "127.31.8.2"
"""The address that the shop's own staff would use; the review body does not look at it."""

_PROGRAMS = {"nginx": nginx.PROGRAM, "sshd": sshd.PROGRAM, "vsftpd": vsftpd.PROGRAM, "telnetd": telnetd.PROGRAM}
_MISSING = ", ".join(name for name, program in _PROGRAMS.items() if not program)
pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {_MISSING}")]


@dataclass(frozen=True)
class Shop:
    """A running shop: nginx, sshd without passwords, vsftpd at the inside address."""

    folder: Path
    web: int
    ssh: int
    ftp: int
    spare: int

    @property
    def declarations(self) -> dict[str, DeclaredPort]:
        return {
            "web": declared(self.web, "http"),
            "ssh": declared(self.ssh, "ssh", purpose=Purpose.REMOTE_MAINTENANCE, exception="the staff travels"),
            "ftp": declared(self.ftp, "ftp", purpose=Purpose.CONTENT_UPDATE, restricted_to=(f"{INSIDE}/32",)),
        }

    @property
    def ports(self) -> tuple[int, ...]:
        return (self.web, self.ssh, self.ftp, self.spare)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    one = Shop(folder, *(free_port(HOST) for _ in range(4)))
    with contextlib.ExitStack() as stack:
        stack.enter_context(nginx.nginx(folder / "nginx", HOST, plain=(one.web,)))
        stack.enter_context(sshd.sshd(folder / "sshd", HOST, one.ssh, passwords=False))
        stack.enter_context(vsftpd.vsftpd(folder / "vsftpd", INSIDE, one.ftp))
        yield one


async def inspected(*ports: DeclaredPort, looked_at: tuple[int, ...], tls: tuple[TlsEndpoint, ...] = ()) -> Judgement:
    scope = scope_of(*ports, addresses=(HOST,), looked_at=looked_at, tls=tls)
    seen = recorder()
    await look(scope, dialer_for(), seen, None, patience=QUICK)
    seen.saw(Item.PORTS, ItemEnded(ending=Ending.FINISHED))
    return judge(scope, seen.observations, None)


def told(judgement: Judgement) -> list[tuple[str, int]]:
    return [(finding.rule, int(finding.subject.split(":")[1].split("/")[0])) for finding in judgement.findings]


async def test_declared_right_passes(shop: Shop) -> None:
    judgement = await inspected(*shop.declarations.values(), looked_at=shop.ports)
    assert told(judgement) == []
    assert {row.outcome for row in judgement.coverage} == {Outcome.CLEAN}
    assert decide([judgement]).standing is Standing.PASS


async def test_one_port_too_many(shop: Shop) -> None:
    declarations = [shop.declarations["ssh"], shop.declarations["ftp"]]
    assert told(await inspected(*declarations, looked_at=shop.ports)) == [("ports.undeclared-open", shop.web)]


async def test_one_port_too_few(shop: Shop) -> None:
    declarations = (*shop.declarations.values(), declared(shop.spare, "https"))
    assert told(await inspected(*declarations, looked_at=shop.ports)) == [("ports.declared-not-open", shop.spare)]


async def test_the_wrong_service(shop: Shop) -> None:
    declarations = shop.declarations | {"web": declared(shop.web, "smtp", purpose=Purpose.MAIL)}
    assert told(await inspected(*declarations.values(), looked_at=shop.ports)) == [("ports.other-service", shop.web)]


async def test_telnet_is_present(shop: Shop) -> None:
    with telnetd.telnetd(HOST, shop.spare):
        judgement = await inspected(*shop.declarations.values(), looked_at=shop.ports)
    assert told(judgement) == [("ports.restricted-service", shop.spare)]
    assert "TELNET" in judgement.findings[0].title.en


async def test_ftp_that_answers_everybody(shop: Shop) -> None:
    with vsftpd.vsftpd(shop.folder / "open", HOST, shop.ftp, banner="files here"):
        judgement = await inspected(*shop.declarations.values(), looked_at=shop.ports)
    assert told(judgement) == [("ports.restricted-service", shop.ftp)]
    assert "FTP" in judgement.findings[0].title.en


@pytest.mark.parametrize("keyboard", [False, True], ids=["password", "keyboard-interactive"])
async def test_ssh_with_passwords(shop: Shop, keyboard: bool) -> None:
    port = shop.spare
    ssh = declared(port, "ssh", purpose=Purpose.REMOTE_MAINTENANCE, exception="the staff travels")
    with sshd.sshd(shop.folder / f"ssh-{keyboard}", HOST, port, passwords=not keyboard, keyboard=keyboard):
        judgement = await inspected(ssh, looked_at=(port, free_port(HOST)))
    assert told(judgement) == [("ports.restricted-service", port)]
    assert "passwords" in judgement.findings[0].title.en


async def test_ssh_without_a_named_exception(shop: Shop) -> None:
    ssh = declared(shop.ssh, "ssh", purpose=Purpose.REMOTE_MAINTENANCE)
    judgement = await inspected(ssh, looked_at=(shop.ssh, free_port(HOST)))
    assert told(judgement) == [("ports.restricted-service", shop.ssh)]
    assert "exception" in judgement.findings[0].title.en


async def test_ssh_for_a_purpose_that_is_not_accepted(shop: Shop) -> None:
    ssh = declared(shop.ssh, "ssh", purpose=Purpose.SHOP, exception="the staff travels")
    judgement = await inspected(ssh, looked_at=(shop.ssh, free_port(HOST)))
    assert told(judgement) == [("ports.restricted-service", shop.ssh)]
    assert "purpose" in judgement.findings[0].title.en


async def test_ssh_with_outdated_algorithms_passes_with_an_advisory(shop: Shop) -> None:
    ssh = declared(shop.spare, "ssh", purpose=Purpose.REMOTE_MAINTENANCE, exception="the staff travels")
    old = "Ciphers +3des-cbc\nKexAlgorithms +diffie-hellman-group1-sha1\n"
    with sshd.sshd(shop.folder / "old-ssh", HOST, shop.spare, passwords=False, more=old):
        judgement = await inspected(ssh, looked_at=(shop.spare, free_port(HOST)))
    assert told(judgement) == [("ports.ssh-outdated", shop.spare)]
    assert "diffie-hellman-group1-sha1, 3des-cbc" in judgement.findings[0].title.en
    assert decide([judgement]).standing is Standing.PASS


@pytest.mark.parametrize(
    ("service", "rule"), [("web", "ports.restriction-missing"), ("ssh", "ports.restricted-service")]
)
async def test_a_restriction_that_does_not_hold(shop: Shop, service: str, rule: str) -> None:
    port = shop.declarations[service]
    restricted = declared(
        port.ports.first, port.service, purpose=Purpose.REMOTE_MAINTENANCE, restricted_to=(f"{INSIDE}/32",)
    )
    judgement = await inspected(restricted, looked_at=(port.ports.first, free_port(HOST)))
    assert told(judgement) == [(rule, port.ports.first)]


async def test_a_restriction_that_holds(shop: Shop) -> None:
    """Nginx answers at the inside address only, as its declaration says."""
    web = declared(shop.spare, "http", restricted_to=(f"{INSIDE}/32",))
    with nginx.nginx(shop.folder / "inside", INSIDE, plain=(shop.spare,)):
        judgement = await inspected(shop.declarations["web"], web, looked_at=(shop.web,))
    assert told(judgement) == []
    assert decide([judgement]).standing is Standing.PASS


async def test_ssh_is_asked_for_nobody_and_never_sent_a_password(shop: Shop) -> None:
    found = await entrance(dialer_for(), HOST, shop.ssh, 5.0)
    assert (found.password_login, found.detail) == (False, "offers: publickey")
    log = (shop.folder / "sshd" / "output.log").read_text()
    assert "Failed password" not in log
    assert "invalid user tenken-inspection" in log


async def test_services_inside_tls_are_seen(shop: Shop, tmp_path: Path) -> None:
    pki = Pki()
    leaf = pki.leaf(pki.authority(pki.root())).write(tmp_path, "leaf")
    with nginx.nginx(tmp_path / "nginx", HOST, tls={shop.spare: nginx.TlsSettings((leaf,))}):
        judgement = await inspected(declared(shop.spare, "https"), looked_at=(shop.web,))
        wrong = await inspected(declared(shop.spare, "http"), looked_at=(free_port(HOST), free_port(HOST)))
    assert told(judgement) == [("ports.undeclared-open", shop.web)]
    assert told(wrong) == [("ports.other-service", shop.spare)]


async def test_pop3_beside_a_real_shop(shop: Shop) -> None:
    with zoo.serving(zoo.says(b"+OK Dovecot ready.\r\n"), HOST, shop.spare):
        judgement = await inspected(*shop.declarations.values(), looked_at=shop.ports)
    assert told(judgement) == [("ports.forbidden-service", shop.spare)]
