"""Looking at declared servers and asking a resolver: real bind9 on loopback, and what the order does not name is not asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from probes.control.facts import RecordType
from probes.dial import CutOffError
from probes.hosts.facts import NameSeen
from probes.hosts.judge import judge
from probes.hosts.look import look, owner
from probes.observation import Ending, Fact, ItemEnded
from probes.ports.facts import PortState, State
from probes.target import Item, Resolver, Role, Scope, Site, Target
from probes.verdict import Judgement, Standing, decide
from tests.fakes import LoopbackLeave
from tests.probes.scene import declared, dialer_for, recorder
from tests.servers import zoo
from tests.servers.named import NAMED, named
from tests.servers.process import free_port

WEB, MAIL, NAMES = "127.42.2.1", "127.42.2.2", "127.0.0.1"  # bind9 listens at addresses of interfaces only
needs_bind = pytest.mark.skipif(not NAMED, reason="bind9 is not installed")
ZONES = {
    "mall.example": f"""@ NS ns
@ MX 10 mail
ns A {NAMES}
mail A {MAIL}
shop A {WEB}
wide A {WEB}
wide A 127.42.2.99
""",
    "2.42.127.in-addr.arpa": "@ NS ns.mall.example.\n1 PTR shop.mall.example.\n2 PTR mail.mall.example.\n",
}


@pytest.fixture(scope="module")
def resolver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolver]:
    """Debian's bind9 with the zones of a mall."""
    port = free_port(NAMES)
    with named(tmp_path_factory.mktemp("named"), NAMES, port, ZONES):
        yield Resolver(address=NAMES, port=port)


def scope(
    port: int,
    *resolvers: Resolver,
    hosts: tuple[str, ...] = ("shop.mall.example",),
    more: tuple[str, ...] = (MAIL, NAMES),
) -> Scope:
    target = Target(name="web", role=Role.WEB, addresses=(WEB,), host_names=hosts, ports=(declared(port, "http"),))
    site = Site(addresses=(WEB, *more), host_names=(*hosts, "mail.mall.example"), resolvers=resolvers)
    return Scope(target=target, items=(Item.HOSTS,), tcp_ports=(), site=site)


async def looked(scope: Scope, leave: LoopbackLeave | None = None) -> tuple[Judgement, list[Fact], int]:
    """Look and judge; give the judgement, the facts, and how many connections it took."""
    seen, dialer = recorder(), dialer_for(leave)
    await look(scope, dialer, seen, None)
    answers = [entry for entry in seen.observations if isinstance(entry.fact, NameSeen) and entry.fact.answered]
    assert all(entry.evidence for entry in answers)
    facts = [entry.fact for entry in seen.observations]
    seen.saw(Item.HOSTS, ItemEnded(ending=Ending.FINISHED))
    return judge(scope, seen.observations, None), facts, dialer.tally.connections


@needs_bind
@pytest.mark.real
async def test_a_declaration_that_agrees_passes(resolver: Resolver) -> None:
    with zoo.serving(zoo.slam, WEB) as port:
        judgement, facts, connections = await looked(scope(port, resolver))
    assert judgement.findings == ()
    assert decide([judgement]).standing is Standing.PASS
    asked = [(fact.question.name, fact.question.type) for fact in facts if isinstance(fact, NameSeen)]
    assert len(asked) == len(set(asked))
    assert {("mall.example", RecordType.MX), ("mail.mall.example", RecordType.A)} <= set(asked)
    assert connections == len(asked) + 1


@needs_bind
@pytest.mark.real
@pytest.mark.parametrize(
    ("hosts", "more", "rule"),
    [
        (("gone.mall.example",), (MAIL, NAMES), "hosts.name-unknown"),
        (("mail.mall.example",), (MAIL, NAMES), "hosts.name-elsewhere"),
        (("wide.mall.example", "shop.mall.example"), (MAIL, NAMES), "hosts.address-undeclared"),
        (("shop.mall.example",), (NAMES,), "hosts.server-undeclared"),
        (("shop.mall.example",), (MAIL,), "hosts.server-undeclared"),
    ],
)
async def test_each_mistake_gives_its_finding(
    resolver: Resolver, hosts: tuple[str, ...], more: tuple[str, ...], rule: str
) -> None:
    with zoo.serving(zoo.slam, WEB) as port:
        judgement, _, _ = await looked(scope(port, resolver, hosts=hosts, more=more))
    assert [finding.rule for finding in judgement.findings if finding.grade == "failing"] == [rule]


async def test_a_server_that_does_not_answer_fails() -> None:
    judgement, facts, connections = await looked(scope(free_port(WEB)))
    assert [finding.rule for finding in judgement.findings] == ["hosts.no-answer"]
    assert [fact.state for fact in facts if isinstance(fact, PortState)] == [State.CLOSED]
    assert connections == 1


@pytest.mark.parametrize(
    "manner", [zoo.hang, zoo.slam, zoo.reset, zoo.garbage, zoo.endless], ids=lambda manner: manner.__name__
)
async def test_a_hostile_resolver_proves_nothing(manner: zoo.Manner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.hosts.look.ANSWER_S", 0.2)
    with zoo.serving(manner, NAMES) as bad, zoo.serving(zoo.slam, WEB) as port:
        judgement, _, _ = await looked(scope(port, Resolver(address=NAMES, port=bad)))
    assert judgement.findings == ()
    assert decide([judgement]).standing is Standing.INCONCLUSIVE


async def test_a_resolver_outside_the_order_is_not_asked() -> None:
    with zoo.serving(zoo.slam, WEB) as port:
        leave = LoopbackLeave(allowed={(WEB, port)})
        judgement, facts, connections = await looked(scope(port, Resolver(address=NAMES, port=5353)), leave)
    assert connections == 1
    details = {fact.detail for fact in facts if isinstance(fact, NameSeen)}
    assert details == {f"{NAMES} 5353/tcp: not named by the order; nothing was sent"}
    assert decide([judgement]).standing is Standing.INCONCLUSIVE


async def test_a_stop_comes_through_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.hosts.look.ANSWER_S", 0.2)
    leave = LoopbackLeave()
    dialer = dialer_for(leave)
    with zoo.serving(zoo.hang, NAMES) as bad, zoo.serving(zoo.slam, WEB) as port:
        wanted = scope(port, Resolver(address=NAMES, port=bad))
        looking = asyncio.create_task(look(wanted, dialer, recorder(), None))
        while dialer.tally.connections < 3:  # noqa: ASYNC110 - the tally of the product has no event to wait for
            await asyncio.sleep(0.01)
        leave.stop()
        started = time.monotonic()
        with pytest.raises(CutOffError):
            await looking
    assert time.monotonic() - started < 1


def test_a_domain_is_asked_about_once_in_a_system() -> None:
    mine = scope(80, hosts=("shop.mall.example",))
    assert owner(mine, "mall.example") == "shop.mall.example"
    assert owner(mine, "mail.mall.example") == "mail.mall.example"
    assert owner(mine, "other.example") == ""
