"""The catalogue of probes: one line each, and the way from observations to a verdict."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from plugins.pack import Pack
from probes.dial import Dialer
from probes.holes import judge as holes_judge
from probes.holes import look as holes_look
from probes.hosts import judge as hosts_judge
from probes.hosts import look as hosts_look
from probes.observation import Ending, ItemEnded, Observation
from probes.ports import judge as ports_judge
from probes.ports import look as ports_look
from probes.recorder import Recorder
from probes.set import judge as set_judge
from probes.set import look as set_look
from probes.target import Item, Scope
from probes.tls import judge as tls_judge
from probes.tls import look as tls_look
from probes.verdict import Coverage, Judgement, Outcome, Verdict, decide

Look = Callable[[Scope, Dialer, Recorder, Pack], Awaitable[None]]
"""Sees facts: puts what it sees into the recorder."""
Judge = Callable[[Scope, Sequence[Observation], Pack], Judgement]
"""Forms opinions: pure."""


@dataclass(frozen=True)
class Probe:
    """How one item is looked at and judged."""

    look: Look
    """Facts."""
    judge: Judge
    """Opinions."""


PROBES: dict[Item, Probe] = {
    Item.PORTS: Probe(ports_look.look, ports_judge.judge),
    Item.TLS: Probe(tls_look.look, tls_judge.judge),
    Item.SET: Probe(set_look.look, set_judge.judge),
    Item.HOLES: Probe(holes_look.look, holes_judge.judge),
    Item.HOSTS: Probe(hosts_look.look, hosts_judge.judge),
}
"""Every probe. The order is the order in which items run."""


def judge_server(scope: Scope, observations: Sequence[Observation], pack: Pack) -> Verdict:
    """Decide about one server from stored facts; the same facts, pack and rules always give the same verdict."""
    judgements = [_judge_item(item, scope, observations, pack) for item in scope.items]
    return decide(judgements, interrupted=any(_interrupts(observation) for observation in observations))


def _interrupts(observation: Observation) -> bool:
    fact = observation.fact
    return isinstance(fact, ItemEnded) and fact.ending in {Ending.STOPPED, Ending.WINDOW_OVER, Ending.NOT_STARTED}


def _judge_item(item: Item, scope: Scope, observations: Sequence[Observation], pack: Pack) -> Judgement:
    probe = PROBES.get(item)
    if probe is None:
        gap = Coverage(
            server=scope.target.name,
            item=item,
            check=item,
            subject=scope.target.name,
            outcome=Outcome.NOT_TESTED,
            reason="this version has no probe for the item",
        )
        return Judgement(coverage=(gap,))
    return probe.judge(scope, [entry for entry in observations if entry.item is item], pack)
