"""The rules for UDP ports, and what silence comes to."""

from __future__ import annotations

import pytest

from probes.finding import Grade
from probes.observation import Ending
from probes.ports.facts import PortState, State
from probes.ports.judge import judge
from probes.ports.udp_judge import SILENT, STANDS_OUT
from probes.services.facts import ServiceSeen
from probes.target import DeclaredPort, Item, PortRange, Scope, Transport
from probes.verdict import Judgement, Outcome
from tests.probes.scene import declared, observed, scope_of

HOST = "192.0.2.1"
WEB = declared(80, "http")


def state(port: int, what: State, transport: Transport = Transport.UDP, detail: str = "") -> PortState:
    return PortState(address=HOST, port=port, transport=transport, state=what, detail=detail)


def service(port: int, name: str, transport: Transport = Transport.UDP) -> ServiceSeen:
    return ServiceSeen(address=HOST, port=port, transport=transport, service=name, tls=False)


WEB_SEEN = (state(80, State.OPEN, Transport.TCP), service(80, "http", Transport.TCP))
DNS = declared(53, "domain", transport=Transport.UDP)


def scope(*ports: DeclaredPort, looked_at: tuple[int, ...] = ()) -> Scope:
    made = scope_of(WEB, *ports, addresses=(HOST,))
    ranges = tuple(PortRange(first=port, last=port) for port in looked_at)
    return Scope(target=made.target, items=made.items, tcp_ports=(), udp_ports=ranges, contact=made.contact)


def judged(
    scope_: Scope, *facts: PortState | ServiceSeen, ending: Ending | None = Ending.FINISHED
) -> tuple[Judgement, dict[str, tuple[Outcome, str]]]:
    """Give the judgement and the rows of UDP."""
    judgement = judge(scope_, observed(Item.PORTS, *WEB_SEEN, *facts, ending=ending), None)
    rows = {
        row.check: (row.outcome, row.reason) for row in judgement.coverage if row.subject.startswith(f"{HOST} (UDP)")
    }
    return judgement, rows


def test_without_udp_ports_nothing_is_said_about_udp() -> None:
    judgement, rows = judged(scope())
    assert not rows
    assert not judgement.findings


def test_a_declared_port_that_answers_in_its_protocol_is_clean() -> None:
    judgement, rows = judged(scope(DNS), state(53, State.OPEN), service(53, "domain"))
    assert not judgement.findings
    assert {outcome for outcome, _ in rows.values()} == {Outcome.CLEAN}


@pytest.mark.parametrize(
    ("port", "facts", "rule"),
    [
        (DNS, (state(53, State.CLOSED),), "ports.declared-not-open"),
        (DNS, (state(53, State.FILTERED),), "ports.declared-not-open"),
        (DNS, (state(53, State.OPEN), service(53, "snmp")), "ports.forbidden-service"),
        (DNS, (state(53, State.OPEN), service(53, "ntp")), "ports.other-service"),
        (
            declared(161, "snmp", transport=Transport.UDP),
            (state(161, State.OPEN_OR_FILTERED),),
            "ports.forbidden-service",
        ),
        (
            declared(53, "domain", transport=Transport.UDP, restricted_to=("198.51.100.0/24",)),
            (state(53, State.OPEN), service(53, "domain")),
            "ports.restriction-missing",
        ),
    ],
)
def test_a_declared_port_that_breaks_a_rule_fails(
    port: DeclaredPort, facts: tuple[PortState | ServiceSeen, ...], rule: str
) -> None:
    judgement, rows = judged(scope(port), *facts)
    (finding,) = judgement.findings
    assert (finding.rule, finding.grade) == (rule, Grade.FAILING)
    assert finding.subject.endswith("/udp")
    assert rows[rule][0] is Outcome.FOUND


def test_a_declared_port_that_is_silent_is_not_tested() -> None:
    judgement, rows = judged(scope(DNS), state(53, State.OPEN_OR_FILTERED))
    assert not judgement.findings
    assert rows["ports.declared-not-open"] == (Outcome.NOT_TESTED, f"port 53: {SILENT}")


def test_a_declared_port_that_answers_in_no_known_protocol_is_not_tested() -> None:
    judgement, rows = judged(scope(DNS), state(53, State.OPEN), service(53, ""))
    assert not judgement.findings
    assert rows["ports.other-service"][0] is Outcome.NOT_TESTED


@pytest.mark.parametrize("what", [State.CLOSED, State.FILTERED, State.OPEN_OR_FILTERED])
def test_a_restricted_port_that_does_not_answer_us_is_right(what: State) -> None:
    port = declared(53, "domain", transport=Transport.UDP, restricted_to=("198.51.100.0/24",))
    judgement, rows = judged(scope(port), state(53, what))
    assert not judgement.findings
    assert {outcome for outcome, _ in rows.values()} == {Outcome.CLEAN}


@pytest.mark.parametrize(
    ("port", "name", "title"), [(161, "snmp", "SNMP"), (111, "sunrpc", "RPC"), (2049, "nfs", "NFS")]
)
def test_services_that_do_not_belong_are_found_by_udp(port: int, name: str, title: str) -> None:
    facts = [state(one, State.CLOSED) for one in (111, 161, 2049) if one != port]
    judgement, _ = judged(scope(looked_at=(111, 161, 2049)), *facts, state(port, State.OPEN), service(port, name))
    (finding,) = judgement.findings
    assert finding.rule == "ports.forbidden-service"
    assert title in finding.title.en
    assert f"{port}/udp" in finding.title.en


def test_an_undeclared_port_that_answers_in_no_known_protocol_is_still_open() -> None:
    judgement, _ = judged(scope(looked_at=(161,)), state(161, State.OPEN), service(161, ""))
    assert [finding.rule for finding in judgement.findings] == ["ports.undeclared-open"]


def test_silence_among_silence_is_a_filter() -> None:
    facts = [state(port, State.OPEN_OR_FILTERED) for port in (111, 161, 2049)]
    judgement, rows = judged(scope(looked_at=(111, 161, 2049)), *facts)
    assert not judgement.findings
    assert {outcome for outcome, _ in rows.values()} == {Outcome.CLEAN}


def test_silence_among_refusals_is_not_tested() -> None:
    facts = state(111, State.CLOSED), state(161, State.OPEN_OR_FILTERED), state(2049, State.CLOSED)
    judgement, rows = judged(scope(looked_at=(111, 161, 2049)), *facts)
    assert not judgement.findings
    assert rows["ports.forbidden-service"] == (Outcome.NOT_TESTED, f"port 161: {STANDS_OUT}")
    assert rows["ports.undeclared-open"][0] is Outcome.NOT_TESTED
    assert rows["ports.declared-not-open"][0] is Outcome.CLEAN


@pytest.mark.parametrize("facts", [(), (state(161, State.UNKNOWN, detail="no route"),)])
def test_what_was_not_looked_at_is_not_tested(facts: tuple[PortState, ...]) -> None:
    _, rows = judged(scope(looked_at=(161,)), *facts)
    assert rows["ports.forbidden-service"][0] is Outcome.NOT_TESTED


def test_a_look_that_was_cut_off_is_not_tested() -> None:
    _, rows = judged(scope(looked_at=(161,)), state(161, State.CLOSED), ending=Ending.STOPPED)
    assert {outcome for outcome, _ in rows.values()} == {Outcome.NOT_TESTED}
