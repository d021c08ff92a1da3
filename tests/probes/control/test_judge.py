"""Which addresses are proven: every road to a proof, and every near miss."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.control.facts import ControlFact, DnsSeen, PageSeen, Question, RecordType, Visit
from probes.control.judge import ControlProof, Way, domains, judge, needs_no_proof, questions, visits
from probes.control.token import page_path, proof_line
from probes.target import Role, Target
from tests.probes.scene import declared

MADE = "ab" * 32
LINE = proof_line(MADE)
ADDRESS = "203.1.2.10"


def _target(
    *addresses: str, hosts: tuple[str, ...] = ("www.shop.example",), ports: tuple[int, ...] = (80, 443)
) -> Target:
    opened = tuple(declared(port, "https" if port == 443 else "http") for port in ports)
    return Target(name="web-1", role=Role.WEB, addresses=addresses, host_names=hosts, ports=opened)


def _txt(name: str, *texts: str) -> DnsSeen:
    return DnsSeen(question=Question(name=name, type=RecordType.TXT), values=texts)


def _a(name: str, *addresses: str, type_: RecordType = RecordType.A) -> DnsSeen:
    return DnsSeen(question=Question(name=name, type=type_), values=addresses)


def _by_dns(target: Target, *facts: ControlFact, private: bool = False) -> ControlProof:
    return judge((target,), MADE, facts, Way.DNS, private_by_dns=private)


def _by_http(target: Target, *facts: ControlFact) -> ControlProof:
    return judge((target,), MADE, facts, Way.HTTP, private_by_dns=False)


@pytest.mark.parametrize("record", ["_tenken.www.shop.example", "_tenken.shop.example"])
def test_a_name_with_the_token_proves_the_address_it_leads_to(record: str) -> None:
    proof = _by_dns(_target(ADDRESS), _txt(record, "v=spf1", LINE), _a("www.shop.example", ADDRESS))
    assert proof.complete
    assert proof.addresses == {ADDRESS}
    assert (proof.proven[0].way, proof.proven[0].evidence) == (Way.DNS, f"{record} TXT; www.shop.example is {ADDRESS}")
    assert (proof.refusal.en, proof.refusal.ja) == ("", "")


def test_ipv6_is_proven_by_aaaa() -> None:
    address = "2a00::10"
    facts = (_txt("_tenken.shop.example", LINE), _a("www.shop.example", address, type_=RecordType.AAAA))
    assert _by_dns(_target(address), *facts).addresses == {address}


@pytest.mark.parametrize(
    "facts",
    [
        (),
        (_txt("_tenken.shop.example", LINE),),
        (_a("www.shop.example", ADDRESS),),
        (_txt("_tenken.shop.example", LINE), _a("www.shop.example", "203.1.2.11")),
        (_txt("_tenken.shop.example", LINE), _a("shop.example", ADDRESS)),
        (_txt("_tenken.example", LINE), _a("www.shop.example", ADDRESS)),
        (_txt("_tenken.other.example", LINE), _a("www.shop.example", ADDRESS)),
        (_txt("shop.example", LINE), _a("www.shop.example", ADDRESS)),
        (_txt("_tenken.shop.example", MADE), _a("www.shop.example", ADDRESS)),
        (_txt("_tenken.shop.example", LINE[:-1]), _a("www.shop.example", ADDRESS)),
        (_txt("_tenken.shop.example", LINE + "a"), _a("www.shop.example", ADDRESS)),
        (_txt("_tenken.shop.example", "x" + LINE), _a("www.shop.example", ADDRESS)),
        (_txt("_tenken.shop.example", LINE.upper()), _a("www.shop.example", ADDRESS)),
        (PageSeen(visit=visits((_target(ADDRESS),))[0], status=200, body=LINE.encode()),),
    ],
)
def test_near_misses_of_a_dns_proof(facts: tuple[ControlFact, ...]) -> None:
    proof = _by_dns(_target(ADDRESS), *facts)
    assert proof.addresses == frozenset()
    assert not proof.complete
    assert f'_tenken.www.shop.example. IN TXT "{LINE}"' in proof.refusal.en
    assert proof.refusal.ja.startswith(f"web-1 {ADDRESS}: ")


def test_another_servers_name_proves_nothing() -> None:
    mail = Target(name="mail-1", role=Role.MAIL, addresses=("203.1.2.25",), host_names=("mail.shop.example",))
    facts = (_txt("_tenken.shop.example", LINE), _a("www.shop.example", ADDRESS, "203.1.2.25"))
    proof = judge((_target(ADDRESS), mail), MADE, facts, Way.DNS, private_by_dns=False)
    assert proof.addresses == {ADDRESS}
    assert [entry.server for entry in proof.missing] == ["mail-1"]


def test_the_refusal_says_what_was_seen() -> None:
    broken = DnsSeen(question=Question(name="www.shop.example", type=RecordType.A), detail="no answer\x1b[2J")
    proof = _by_dns(_target(ADDRESS), broken)
    assert (
        "none of its host names (www.shop.example) resolves to it (www.shop.example: no answer\\x1b[2J)"
        in proof.refusal.en
    )
    assert f"www.shop.example. IN A {ADDRESS}" in proof.missing[0].publish


def test_a_server_without_a_name_cannot_be_proven_by_dns() -> None:
    proof = _by_dns(_target(ADDRESS, hosts=()))
    assert proof.missing[0].publish == ()
    assert "declares no host name" in proof.refusal.en


@pytest.mark.parametrize(
    "address", ["10.0.0.5", "192.168.1.5", "100.64.0.1", "172.16.3.4", "192.0.2.10", "fd00::5", "2001:db8::5"]
)
def test_a_public_name_proves_a_private_address_only_where_the_caller_says_so(address: str) -> None:
    kind = RecordType.AAAA if ":" in address else RecordType.A
    facts = (_txt("_tenken.shop.example", LINE), _a("www.shop.example", address, type_=kind))
    assert _by_dns(_target(address), *facts).addresses == frozenset()
    assert _by_dns(_target(address), *facts, private=True).addresses == {address}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.3.4", "::1"])
def test_loopback_needs_no_proof(address: str) -> None:
    proof = _by_dns(_target(address, hosts=()))
    assert proof.complete
    assert proof.proven[0].way is Way.LOOPBACK
    assert questions((_target(address),)) == ()
    assert visits((_target(address),)) == ()


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "::", "255.255.255.255", "240.0.0.1", "224.0.0.1", "ff02::1", "169.254.169.254", "fe80::1",
        "::ffff:127.0.0.1", "::ffff:203.1.2.10", "::127.0.0.1", "fe80::1%lo", "::1%lo", "0:0:0:0:0:0:0:1%lo", "203.1.2.10/32",
        "2A00::10", "2a00:0::10", "127.1", "127.0.0.1 ", "2130706433", "０.０.０.０", "localhost", "",
    ],
)  # fmt: skip
@pytest.mark.parametrize("way", [Way.DNS, Way.HTTP])
def test_what_is_not_the_address_of_one_host_is_never_proven(address: str, way: Way) -> None:
    target = _target(address)
    facts: tuple[ControlFact, ...] = (
        _txt("_tenken.shop.example", LINE),
        _a("www.shop.example", address),
        _a("www.shop.example", address, type_=RecordType.AAAA),
        PageSeen(
            visit=Visit(address=address, port=443, tls=True, host="www.shop.example"), status=200, body=LINE.encode()
        ),
    )
    assert judge((target,), MADE, facts, way, private_by_dns=True).addresses == frozenset()
    assert questions((target,)) == ()
    assert visits((target,)) == ()


@given(st.ip_addresses())
def test_only_loopback_needs_no_proof(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    inside = address == ipaddress.ip_address("::1") or str(address).startswith("127.")
    assert needs_no_proof(str(address)) is inside


def test_a_page_proves_the_address_that_serves_it() -> None:
    target = _target(ADDRESS, "203.1.2.11")
    here, there = visits((target,))
    facts = (
        PageSeen(visit=here, status=200, body=f"{LINE}\r\n".encode()),
        PageSeen(visit=there, status=404, body=b"no"),
    )
    proof = _by_http(target, *facts)
    assert proof.addresses == {ADDRESS}
    assert "203.1.2.11: its page answered with status 404, not 200" in proof.refusal.en
    assert proof.missing[0].publish == (
        f"https://www.shop.example{page_path(MADE)} (at 203.1.2.11, no redirect) = {LINE}",
    )


@pytest.mark.parametrize(
    ("status", "body", "detail"),
    [
        (301, LINE.encode(), ""),
        (404, LINE.encode(), ""),
        (206, LINE.encode(), ""),
        (200, b"", ""),
        (200, MADE.encode(), ""),
        (200, page_path(MADE).encode(), ""),
        (200, f"{LINE} and more".encode(), ""),
        (200, f"<p>{LINE}</p>".encode(), ""),
        (200, LINE.upper().encode(), ""),
        (0, b"", "refused"),
    ],
)
def test_near_misses_of_a_page(status: int, body: bytes, detail: str) -> None:
    """A server that echoes the path holds the token, but not the line."""
    target = _target(ADDRESS)
    proof = _by_http(target, PageSeen(visit=visits((target,))[0], status=status, body=body, detail=detail))
    assert proof.addresses == frozenset()
    assert proof.refusal.en != ""
    assert "確認ページ" in proof.refusal.ja


def test_names_prove_nothing_by_http_and_without_facts_nothing_is_proven() -> None:
    facts = (_txt("_tenken.shop.example", LINE), _a("www.shop.example", ADDRESS))
    assert "was not fetched" in _by_http(_target(ADDRESS), *facts).refusal.en


def test_one_page_per_address_over_https_where_it_is_declared() -> None:
    assert [(visit.port, visit.tls) for visit in visits((_target(ADDRESS, "203.1.2.11"),))] == [(443, True)] * 2
    assert [(visit.port, visit.tls) for visit in visits((_target(ADDRESS, ports=(80,)),))] == [(80, False)]
    assert visits((_target(ADDRESS, ports=(25, 8080)),)) == ()
    assert "neither port 443 nor port 80" in _by_http(_target(ADDRESS, ports=(25,))).refusal.en
    assert visits((_target(ADDRESS, hosts=()),))[0].host == ADDRESS


def test_a_hosts_record_may_stand_at_parents_of_two_labels_or_more() -> None:
    assert domains("a.b.shop.example") == ("a.b.shop.example", "b.shop.example", "shop.example")
    assert domains("shop.example") == ("shop.example",)
    assert domains("localhost") == ()


def test_each_question_is_asked_once() -> None:
    target = _target(ADDRESS, hosts=("shop.example", "www.shop.example"))
    asked = [(question.name, question.type.value) for question in questions((target, target))]
    assert asked == [
        ("_tenken.shop.example", "TXT"), ("_tenken.www.shop.example", "TXT"), ("shop.example", "A"), ("shop.example", "AAAA"),
        ("www.shop.example", "A"), ("www.shop.example", "AAAA"),
    ]  # fmt: skip
