"""Every rule about ports, and its near misses: values in, one finding or none out."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from plugins import canonical
from probes.finding import Certainty, Grade
from probes.observation import Ending, Fact
from probes.ports import rules
from probes.ports.facts import PortState, State
from probes.ports.judge import judge
from probes.services.facts import Anonymous, FtpSeen, ServiceSeen, SshAlgorithms, SshSeen
from probes.target import ClientAuth, DeclaredPort, Item, Purpose, TlsEndpoint, TlsVersion, Transport
from probes.verdict import Coverage, Judgement, Outcome, Standing, decide
from tests.probes.scene import declared, observed, scope_of

HOST = "127.0.0.9"
OFFICE = ("198.51.100.0/24",)


def state(port: int, what: State = State.OPEN, address: str = HOST) -> PortState:
    return PortState(address=address, port=port, transport=Transport.TCP, state=what)


def seen(
    port: int,
    service: str,
    *,
    password_login: bool | None = None,
    turned_away: bool = False,
    tls: bool = False,
    banner: bytes = b"",
    certainty: Certainty = Certainty.VERIFIED,
) -> ServiceSeen:
    return ServiceSeen(
        address=HOST,
        port=port,
        transport=Transport.TCP,
        service=service,
        tls=tls,
        banner=banner,
        certainty=certainty,
        password_login=password_login,
        turned_away=turned_away,
        detail="" if service else "it said nothing that is known here",
    )


def answering(port: int, service: str, **more: bool | Certainty | None) -> tuple[Fact, ...]:
    """An open port and what answers there."""
    return state(port), seen(port, service, **more)  # type: ignore[arg-type]  # only the keywords of `seen` are used


def ssh_seen(methods: tuple[str, ...] = ("publickey",), cipher: tuple[str, ...] = ("aes128-ctr",)) -> SshSeen:
    return SshSeen(address=HOST, port=22, methods=methods, algorithms=SshAlgorithms(cipher=cipher))


def ftp_seen(anonymous: Anonymous, *, tls: bool | None) -> FtpSeen:
    return FtpSeen(address=HOST, port=21, anonymous=anonymous, tls=tls)


SSH = declared(22, "ssh", purpose=Purpose.REMOTE_MAINTENANCE, exception="the staff travels")
SSH_OFFICE = declared(22, "ssh", purpose=Purpose.REMOTE_MAINTENANCE, restricted_to=OFFICE)
FTP_OFFICE = declared(21, "ftp", purpose=Purpose.CONTENT_UPDATE, restricted_to=OFFICE)
WEB = declared(80, "http")


@dataclass(frozen=True)
class Case:
    """What was declared, what was seen, and what is said about it."""

    name: str
    ports: tuple[DeclaredPort, ...]
    facts: tuple[Fact, ...]
    rule: str = ""
    title_holds: str = ""
    gaps: frozenset[str] = frozenset()
    looked_at: tuple[int, ...] = field(default=(8080,))


CASES = (
    Case("as declared", (WEB,), (*answering(80, "http"), state(8080, State.CLOSED))),
    Case("filtered where nothing was declared", (WEB,), (*answering(80, "http"), state(8080, State.FILTERED))),
    Case(
        "one port too many",
        (WEB,),
        (*answering(80, "http"), *answering(8080, "http")),
        "ports.undeclared-open",
        "8080/tcp",
    ),
    Case(
        "one port too many, and nobody knows what",
        (WEB,),
        (*answering(80, "http"), *answering(8080, "")),
        "ports.undeclared-open",
    ),
    Case(
        "one port too few: closed",
        (WEB,),
        (state(80, State.CLOSED), state(8080, State.CLOSED)),
        "ports.declared-not-open",
        "closed",
    ),
    Case(
        "one port too few: filtered",
        (WEB,),
        (state(80, State.FILTERED), state(8080, State.CLOSED)),
        "ports.declared-not-open",
    ),
    Case("another service", (WEB,), (*answering(80, "smtp"), state(8080, State.CLOSED)), "ports.other-service", "SMTP"),
    Case(
        "a restricted service where another was declared",
        (WEB,),
        (*answering(80, "telnet"), state(8080, State.CLOSED)),
        "ports.other-service",
        "TELNET",
    ),
    Case("an alias is no other service", (declared(80, "www"),), (*answering(80, "http"), state(8080, State.CLOSED))),
    Case(
        "https where http was declared",
        (WEB,),
        (*answering(80, "https"), state(8080, State.CLOSED)),
        "ports.other-service",
    ),
    Case(
        "TELNET that nobody declared",
        (WEB,),
        (*answering(80, "http"), *answering(8080, "telnet")),
        "ports.restricted-service",
        "TELNET",
    ),
    Case(
        "TELNET that answers everybody",
        (declared(23, "telnet", purpose=Purpose.REMOTE_MAINTENANCE),),
        (*answering(23, "telnet"), state(8080, State.CLOSED)),
        "ports.restricted-service",
        "no access restriction",
    ),
    Case(
        "FTP that refuses us",
        (FTP_OFFICE, WEB),
        (state(21, State.FILTERED), *answering(80, "http"), state(8080, State.CLOSED)),
    ),
    Case("FTP that hangs up on us", (FTP_OFFICE,), (*answering(21, "", turned_away=True), state(8080, State.CLOSED))),
    Case(
        "FTP that answers us although it should not",
        (FTP_OFFICE,),
        (*answering(21, "ftp"), state(8080, State.CLOSED)),
        "ports.restricted-service",
        "answered the review body",
    ),
    Case(
        "FTP that answers us, invites guests and has no TLS",
        (FTP_OFFICE,),
        (*answering(21, "ftp"), ftp_seen(Anonymous.INVITED, tls=False), state(8080, State.CLOSED)),
        "ports.restricted-service",
        "not one of the addresses that may connect; it lets anonymous users in; passwords travel unencrypted",
    ),
    Case(
        "FTP that answers us, refuses guests and has TLS, answers us all the same",
        (FTP_OFFICE,),
        (*answering(21, "ftp"), ftp_seen(Anonymous.REFUSED, tls=True), state(8080, State.CLOSED)),
        "ports.restricted-service",
        "may connect",
    ),
    Case(
        "FTP that refuses us, for a purpose that is not accepted",
        (declared(21, "ftp", purpose=Purpose.SHOP, restricted_to=OFFICE),),
        (state(21, State.CLOSED), state(8080, State.CLOSED)),
        "ports.restricted-service",
        "purpose",
    ),
    Case(
        "SSH with an exception and without passwords",
        (SSH,),
        (*answering(22, "ssh", password_login=False), ssh_seen(), state(8080, State.CLOSED)),
    ),
    Case(
        "SSH with an exception and without passwords, but with RC4",
        (SSH,),
        (
            *answering(22, "ssh", password_login=False),
            ssh_seen(cipher=("aes128-ctr", "arcfour")),
            state(8080, State.CLOSED),
        ),
        "ports.ssh-outdated",
        "arcfour",
    ),
    Case(
        "SSH with an exception and without passwords, but nobody knows how it encrypts",
        (SSH,),
        (*answering(22, "ssh", password_login=False), ssh_seen(cipher=()), state(8080, State.CLOSED)),
        gaps=frozenset({"ports.ssh-outdated"}),
    ),
    Case(
        "SSH that lets everybody in",
        (SSH,),
        (*answering(22, "ssh", password_login=True), ssh_seen(methods=("none",)), state(8080, State.CLOSED)),
        "ports.restricted-service",
        "without any authentication",
    ),
    Case(
        "SSH with an exception, but with passwords",
        (SSH,),
        (*answering(22, "ssh", password_login=True), state(8080, State.CLOSED)),
        "ports.restricted-service",
        "passwords",
    ),
    Case(
        "SSH with an exception, but nobody knows about passwords",
        (SSH,),
        (*answering(22, "ssh"), state(8080, State.CLOSED)),
        gaps=frozenset({"ports.restricted-service"}),
    ),
    Case(
        "SSH without passwords, but without an exception",
        (declared(22, "ssh", purpose=Purpose.REMOTE_MAINTENANCE),),
        (*answering(22, "ssh", password_login=False), state(8080, State.CLOSED)),
        "ports.restricted-service",
        "exception",
    ),
    Case("SSH that refuses us", (SSH_OFFICE,), (state(22, State.CLOSED), state(8080, State.CLOSED))),
    Case(
        "SSH that is closed to everybody",
        (SSH,),
        (state(22, State.CLOSED), state(8080, State.CLOSED)),
        "ports.declared-not-open",
    ),
    Case(
        "SSH for a purpose that is not accepted",
        (declared(22, "ssh", purpose=Purpose.SHOP, exception="because"),),
        (*answering(22, "ssh", password_login=False), state(8080, State.CLOSED)),
        "ports.restricted-service",
        "shop",
    ),
    Case(
        "only nmap says that a declared port is something else",
        (WEB,),
        (*answering(80, "pop3", certainty=Certainty.SUSPECTED), state(8080, State.CLOSED)),
        gaps=frozenset({"ports.other-service", "ports.forbidden-service"}),
    ),
    Case(
        "only nmap says what it is, and that is what was declared",
        (declared(10_050, "zabbix-agent"),),
        (*answering(10_050, "zabbix-agent", certainty=Certainty.SUSPECTED), state(8080, State.CLOSED)),
    ),
    Case(
        "only nmap says what an undeclared port is",
        (),
        answering(8080, "nfs", certainty=Certainty.SUSPECTED),
        "ports.undeclared-open",
        "NFS",
    ),
    Case("POP3 that nobody declared", (), answering(8080, "pop3"), "ports.forbidden-service", "POP3"),
    Case("IMAP4 inside TLS", (), answering(8080, "imaps", tls=True), "ports.forbidden-service", "IMAP4"),
    Case(
        "RPC where the shop was declared",
        (WEB,),
        (*answering(80, "sunrpc"), state(8080, State.CLOSED)),
        "ports.forbidden-service",
        "RPC",
    ),
    Case(
        "POP3 that was declared and is there",
        (declared(110, "pop3", purpose=Purpose.MAIL),),
        (*answering(110, "pop3"), state(8080, State.CLOSED)),
        "ports.forbidden-service",
    ),
    Case(
        "POP3 that was declared and is not there",
        (declared(110, "pop3", purpose=Purpose.MAIL),),
        (state(110, State.CLOSED), state(8080, State.CLOSED)),
        "ports.forbidden-service",
    ),
    Case(
        "a database that answers us although it should not",
        (declared(3306, "mysql", purpose=Purpose.OTHER, restricted_to=OFFICE),),
        (*answering(3306, "mysql"), state(8080, State.CLOSED)),
        "ports.restriction-missing",
    ),
    Case(
        "a database that refuses us",
        (declared(3306, "mysql", purpose=Purpose.OTHER, restricted_to=OFFICE),),
        (state(3306, State.FILTERED), state(8080, State.CLOSED)),
    ),
    Case(
        "a declared port where nobody knows what answers",
        (WEB,),
        (*answering(80, ""), state(8080, State.CLOSED)),
        gaps=frozenset({"ports.other-service", "ports.forbidden-service"}),
    ),
    Case(
        "a port that hangs up without a declared restriction",
        (WEB,),
        (*answering(80, "", turned_away=True), state(8080, State.CLOSED)),
        gaps=frozenset({"ports.other-service", "ports.forbidden-service"}),
    ),
    Case(
        "an undeclared port whose state is unknown",
        (WEB,),
        (*answering(80, "http"), state(8080, State.UNKNOWN)),
        gaps=frozenset({"ports.undeclared-open", "ports.restricted-service", "ports.forbidden-service"}),
    ),
    Case(
        "a declared port that was not dialled",
        (WEB,),
        (state(8080, State.CLOSED),),
        gaps=frozenset(
            {"ports.declared-not-open", "ports.other-service", "ports.restricted-service", "ports.forbidden-service"}
        ),
    ),
)


def gaps_of(judgement: Judgement) -> set[str]:
    return {row.check for row in judgement.coverage if row.outcome is Outcome.NOT_TESTED}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_cause_gives_one_finding(case: Case) -> None:
    judgement = judge(scope_of(*case.ports, looked_at=case.looked_at), observed(Item.PORTS, *case.facts), None)
    assert [finding.rule for finding in judgement.findings] == ([case.rule] if case.rule else [])
    assert gaps_of(judgement) == case.gaps
    for finding in judgement.findings:
        assert finding.grade is (Grade.ADVISORY if case.rule == "ports.ssh-outdated" else Grade.FAILING)
        assert case.title_holds in finding.title.en
        assert "{" not in finding.title.en + finding.title.ja + finding.remedy.en + finding.remedy.ja
    failing = any(finding.grade is Grade.FAILING for finding in judgement.findings)
    standing = Standing.FAIL if failing else Standing.INCONCLUSIVE if case.gaps else Standing.PASS
    assert decide([judgement]).standing is standing


def test_every_rule_has_a_case_that_breaks_it() -> None:
    assert {case.rule for case in CASES} - {""} == {rule.id for rule in rules.RULES}


@pytest.mark.parametrize("ending", [Ending.WINDOW_OVER, Ending.STOPPED, Ending.BROKEN, None], ids=str)
def test_an_item_that_did_not_finish_is_never_clean(ending: Ending | None) -> None:
    facts = (*answering(80, "http"), state(8080, State.CLOSED))
    judgement = judge(scope_of(WEB, looked_at=(8080,)), observed(Item.PORTS, *facts, ending=ending), None)
    assert {row.outcome for row in judgement.coverage} == {Outcome.NOT_TESTED}
    assert decide([judgement]).standing is Standing.INCONCLUSIVE


def test_no_observations_at_all_are_inconclusive() -> None:
    assert decide([judge(scope_of(WEB), [], None)]).standing is Standing.INCONCLUSIVE


def test_a_finding_does_not_hide_what_was_not_looked_at() -> None:
    facts = (*answering(80, "http"), *answering(8080, "http"))
    judgement = judge(scope_of(WEB, looked_at=(8080, 8081)), observed(Item.PORTS, *facts), None)
    rows = [(row.subject, row.outcome) for row in judgement.coverage if row.check == "ports.undeclared-open"]
    assert rows == [(HOST, Outcome.FOUND), (f"{HOST} (rest)", Outcome.NOT_TESTED)]


def test_where_everything_is_open_nothing_is_said_about_the_server() -> None:
    many = tuple(range(9000, 9060))
    facts = [*answering(80, "http"), *(state(port) for port in many)]
    judgement = judge(scope_of(WEB, looked_at=many), observed(Item.PORTS, *facts), None)
    assert judgement.findings == ()
    assert all(row.outcome is Outcome.NOT_TESTED and "interference" in row.reason for row in judgement.coverage)


def test_nine_in_ten_open_ports_are_still_the_server_s_own() -> None:
    many = tuple(range(9000, 9060))
    facts = [state(port, State.OPEN if port < 9054 else State.CLOSED) for port in many]
    assert len(judge(scope_of(looked_at=many), observed(Item.PORTS, *facts), None).findings) == 54


def test_the_same_unknown_words_everywhere_are_interference() -> None:
    many = tuple(range(9000, 9060))
    facts: list[Fact] = [state(port, State.OPEN if port < 9030 else State.CLOSED) for port in many]
    facts += [seen(port, "", banner=b"xyzzy") for port in many[:30]]
    judgement = judge(scope_of(looked_at=many), observed(Item.PORTS, *facts), None)
    assert judgement.findings == ()
    assert "same words" in judgement.coverage[0].reason


def test_a_server_that_was_not_reached_is_inconclusive() -> None:
    facts = (state(80, State.FILTERED), state(8080, State.FILTERED))
    judgement = judge(scope_of(WEB, looked_at=(8080,)), observed(Item.PORTS, *facts), None)
    assert decide([judgement]).standing is Standing.INCONCLUSIVE
    assert "not reached" in judgement.coverage[0].reason


def test_snmp_is_forbidden_by_its_declaration() -> None:
    scope = scope_of(WEB, declared(161, "snmp", transport=Transport.UDP))
    judgement = judge(scope, observed(Item.PORTS, *answering(80, "http")), None)
    assert [finding.rule for finding in judgement.findings] == ["ports.forbidden-service"]


def test_each_address_is_judged_by_itself() -> None:
    scope = scope_of(WEB, addresses=(HOST, "2001:db8::1"))
    facts = (*answering(80, "http"), state(80, State.CLOSED, "2001:db8::1"))
    judgement = judge(scope, observed(Item.PORTS, *facts), None)
    assert [finding.subject for finding in judgement.findings] == ["[2001:db8::1]:80/tcp"]


def test_a_server_for_holders_of_certificates_only_need_not_show_its_service() -> None:
    endpoint = TlsEndpoint(
        port=443, server_name="shop.example", versions=(TlsVersion.TLS_1_2,), client_auth=ClientAuth.REQUIRED, names=()
    )
    facts = (*answering(443, "", tls=True), state(8080, State.CLOSED))
    for tls, standing in (((endpoint,), Standing.PASS), ((), Standing.INCONCLUSIVE)):
        scope = scope_of(declared(443, "https"), tls=tls, looked_at=(8080,))
        assert decide([judge(scope, observed(Item.PORTS, *facts), None)]).standing is standing


def test_a_stranger_s_bytes_are_shown_escaped() -> None:
    facts = (state(8080), seen(8080, "http", banner=b"\x1b[31m<script>\xff{port}"))
    (finding,) = judge(scope_of(looked_at=(8080,)), observed(Item.PORTS, *facts), None).findings
    assert "\\x1b[31m<script>\\xff{port}" in finding.seen


def test_the_same_facts_give_the_same_bytes() -> None:
    facts = (*answering(80, "telnet"), *answering(8080, "pop3"))
    scope = scope_of(WEB, looked_at=(8080,))
    first, again = (judge(scope, observed(Item.PORTS, *facts), None) for _ in range(2))
    assert canonical.dumps(first) == canonical.dumps(again)
    assert all(isinstance(row, Coverage) for row in first.coverage)
