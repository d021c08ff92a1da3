"""Every rule of the preliminary inspection and its near misses: values in, findings out."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from probes.control.facts import Question, RecordType
from probes.finding import Grade
from probes.hosts import rules, wire
from probes.hosts.facts import NameSeen
from probes.hosts.judge import judge
from probes.observation import Ending, Fact
from probes.ports.facts import PortState, State
from probes.target import DeclaredPort, Item, Resolver, Role, Scope, Site, Target, Transport
from probes.verdict import Outcome, Standing, decide
from tests.probes.scene import declared, observed

WEB, MAIL, BALANCER = "192.0.2.1", "192.0.2.2", "192.0.2.99"
SHOP, MX, NS = "shop.example", "mail.shop.example", "ns.provider.test"
RESOLVERS = (Resolver(address="192.0.2.53"),)
A, AAAA = RecordType.A, RecordType.AAAA


def name(host: str, type_: RecordType, *values: str, unknown: bool = False, detail: str = "") -> NameSeen:
    return NameSeen(question=Question(name=host, type=type_), values=values, unknown=unknown, detail=detail)


def forward(host: str, *addresses: str) -> tuple[NameSeen, ...]:
    return name(host, A, *addresses), name(host, AAAA)


def backward(address: str, *names: str) -> NameSeen:
    return NameSeen(question=wire.reverse(address), values=names)


def port(number: int, state: State = State.OPEN, address: str = WEB) -> PortState:
    return PortState(address=address, port=number, transport=Transport.TCP, state=state)


OPEN = (port(80), port(443))
NAMED = (*forward(SHOP, WEB), backward(WEB, SHOP))
SERVED = (name(SHOP, RecordType.NS, NS), *forward(NS), name(SHOP, RecordType.MX, MX), *forward(MX, MAIL))
RIGHT: tuple[Fact, ...] = (*OPEN, *NAMED, *SERVED)


def instead(old: tuple[Fact, ...], *new: Fact) -> tuple[Fact, ...]:
    """Give the right facts with some exchanged."""
    return (*(fact for fact in RIGHT if fact not in old), *new)


def scope(
    *ports: DeclaredPort, resolvers: tuple[Resolver, ...] = RESOLVERS, addresses: tuple[str, ...] = (WEB,)
) -> Scope:
    ports = ports or (declared(80, "http"), declared(443, "https"))
    target = Target(name="web", role=Role.WEB, addresses=addresses, host_names=(SHOP,), ports=ports)
    site = Site(addresses=(*addresses, MAIL), host_names=(SHOP, MX), resolvers=resolvers)
    return Scope(target=target, items=(Item.HOSTS,), tcp_ports=(), site=site)


@dataclass(frozen=True)
class Case:
    """What was seen, and what is said about it."""

    name: str
    facts: tuple[Fact, ...]
    rule: str = ""
    title_holds: str = ""
    gaps: frozenset[str] = field(default=frozenset())


FORWARD = forward(SHOP, WEB)
BACKWARD = (backward(WEB, SHOP),)
CASES = (
    Case("as declared", RIGHT),
    Case("a port is closed", instead((port(80),), port(80, State.CLOSED)), "hosts.no-answer", "80"),
    Case(
        "nothing answers",
        instead(OPEN, port(80, State.FILTERED), port(443, State.FILTERED)),
        "hosts.no-answer",
        "80, 443",
    ),
    Case("a port is unknown", instead((port(80),), port(80, State.UNKNOWN)), gaps=frozenset({"hosts.no-answer"})),
    Case("a port was not dialled", instead((port(80),)), gaps=frozenset({"hosts.no-answer"})),
    Case(
        "the name is gone",
        instead(FORWARD, name(SHOP, A, unknown=True), name(SHOP, AAAA, unknown=True)),
        "hosts.name-unknown",
        SHOP,
    ),
    Case(
        "the name leads to another declared server",
        instead(FORWARD, *forward(SHOP, MAIL)),
        "hosts.name-elsewhere",
        MAIL,
    ),
    Case(
        "the name also leads to a balancer that nobody declared",
        instead(FORWARD, *forward(SHOP, WEB, BALANCER)),
        "hosts.address-undeclared",
        BALANCER,
    ),
    Case(
        "the name also leads to an IPv6 address that nobody declared",
        instead((name(SHOP, AAAA),), name(SHOP, AAAA, "2001:db8::1")),
        "hosts.address-undeclared",
        "2001:db8::1",
    ),
    Case("the name leads to two declared servers", instead(FORWARD, *forward(SHOP, WEB, MAIL))),
    Case(
        "the resolver does not know whether there is an IPv6 address",
        instead((name(SHOP, AAAA),), name(SHOP, AAAA, detail="the resolver says SERVFAIL")),
        gaps=frozenset({"hosts.name-unknown", "hosts.name-elsewhere", "hosts.address-undeclared"}),
    ),
    Case(
        "an undeclared mail server",
        instead(forward(MX, MAIL), *forward(MX, BALANCER)),
        "hosts.server-undeclared",
        "Mail server (MX) mail.shop.example",
    ),
    Case(
        "mail at a provider",
        (*OPEN, *NAMED, *SERVED[:3], name(SHOP, RecordType.MX, "mx.other.test"), *forward("mx.other.test", BALANCER)),
        "hosts.served-elsewhere",
        "mx.other.test",
    ),
    Case(
        "an undeclared name server of our own",
        (*OPEN, *NAMED, name(SHOP, RecordType.NS, "ns1.shop.example"), *forward("ns1.shop.example", BALANCER)),
        "hosts.server-undeclared",
        "Name server (NS) ns1.shop.example",
    ),
    Case("no mail at all", (*OPEN, *NAMED, name(SHOP, RecordType.MX), name(SHOP, RecordType.NS))),
    Case(
        "nobody knows the mail server's address",
        (*OPEN, *NAMED, name(SHOP, RecordType.MX, MX), name(MX, A, detail="no answer in time"), name(MX, AAAA)),
        gaps=frozenset({"hosts.server-undeclared"}),
    ),
    Case(
        "the address has another name",
        instead(BACKWARD, backward(WEB, "host-7.provider.test")),
        "hosts.reverse-name",
        "host-7",
    ),
    Case("the address has a declared name among others", instead(BACKWARD, backward(WEB, "other.test", MX))),
    Case("the address has no name", instead(BACKWARD, backward(WEB))),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_cause_gives_one_finding(case: Case) -> None:
    judgement = judge(scope(), observed(Item.HOSTS, *case.facts), None)
    assert [finding.rule for finding in judgement.findings] == ([case.rule] if case.rule else [])
    assert {row.check for row in judgement.coverage if row.outcome is Outcome.NOT_TESTED} == case.gaps
    for finding in judgement.findings:
        assert case.title_holds in finding.title.en
        assert "{" not in finding.title.en + finding.title.ja + finding.remedy.en + finding.remedy.ja
    failing = any(finding.grade is Grade.FAILING for finding in judgement.findings)
    standing = Standing.FAIL if failing else Standing.INCONCLUSIVE if case.gaps else Standing.PASS
    assert decide([judgement]).standing is standing


def test_every_rule_has_a_case_that_breaks_it_and_a_row() -> None:
    assert {case.rule for case in CASES} - {""} == {rule.id for rule in rules.RULES}
    judgement = judge(scope(), observed(Item.HOSTS, *RIGHT), None)
    assert [row.check for row in judgement.coverage] == [rule.id for rule in rules.RULES]


def test_a_restricted_port_need_not_answer_us() -> None:
    ssh = declared(22, "ssh", restricted_to=("198.51.100.0/24",))
    facts = instead(OPEN, port(22, State.FILTERED), port(80))
    assert judge(scope(declared(80, "http"), ssh), observed(Item.HOSTS, *facts), None).findings == ()


def test_without_a_resolver_names_are_not_tested_and_on_loopback_they_do_not_matter() -> None:
    silent = judge(scope(resolvers=()), observed(Item.HOSTS, *OPEN), None)
    assert decide([silent]).standing is Standing.INCONCLUSIVE
    here = scope(resolvers=(), addresses=("127.0.0.9",))
    facts = (port(80, address="127.0.0.9"), port(443, address="127.0.0.9"))
    judgement = judge(here, observed(Item.HOSTS, *facts), None)
    assert decide([judgement]).standing is Standing.PASS
    assert {row.outcome for row in judgement.coverage} == {Outcome.CLEAN, Outcome.NOT_APPLICABLE}


@pytest.mark.parametrize("ending", [Ending.WINDOW_OVER, Ending.STOPPED, Ending.BROKEN, None], ids=str)
def test_an_item_that_did_not_finish_is_never_clean(ending: Ending | None) -> None:
    judgement = judge(scope(), observed(Item.HOSTS, *RIGHT, ending=ending), None)
    assert {row.outcome for row in judgement.coverage} == {Outcome.NOT_TESTED}


def test_hostile_names_are_shown_escaped() -> None:
    facts = instead(BACKWARD, backward(WEB, "<script>\\000.evil.test\u202e"))
    (finding,) = judge(scope(), observed(Item.HOSTS, *facts), None).findings
    assert finding.seen.isascii()
    assert finding.seen.isprintable()
