"""Every chain and revocation defect over real sockets: named, on the right certificate, by the right rule, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from probes.observation import Ending, ItemEnded, Observation
from probes.target import ClientAuth, Item, Role, Scope, Source, Target, TlsEndpoint
from probes.tls.judge import judge
from probes.tls.look import look
from probes.verdict import Judgement, Outcome, Standing, decide
from tests.probes.scene import dialer_for, recorder
from tests.tls.defects import HOST, Defect, Ground
from tests.tls.serving import SHOPS, SOURCE, served

DEFECTS = {defect.name: defect for defect in Ground("http://127.45.0.1:1").defects}


@dataclass
class Scene:
    ground: Ground
    ports: dict[str, int]
    source: int
    observations: list[Observation]
    connections: dict[int, int]


def endpoint(defect: Defect, port: int) -> TlsEndpoint:
    return TlsEndpoint(
        port=port,
        server_name=HOST,
        versions=defect.versions,
        client_auth=ClientAuth.NONE,
        names=defect.names,
    )


def scope_of(defects: list[Defect], ports: dict[str, int], source: int) -> Scope:
    ends = tuple(endpoint(defect, ports[defect.name]) for defect in defects)
    anchors = tuple(dict.fromkeys(anchor.pem for defect in defects for anchor in defect.anchors))
    sources = (
        Source(host=SOURCE, port=source, addresses=(SOURCE,)),
        Source(host="127.45.0.9", port=9, addresses=("127.45.0.9",)),
    )
    target = Target(name="web", role=Role.WEB, addresses=(SHOPS,), tls=ends)
    return Scope(target=target, items=(Item.TLS,), tcp_ports=(), anchors=anchors, sources=sources, contact="Body")


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with served() as (ground, ports, listeners, source):
        notes = recorder()
        groups: dict[tuple[str, ...], list[Defect]] = {}
        for defect in ground.defects:
            groups.setdefault(tuple(anchor.pem for anchor in defect.anchors), []).append(defect)

        async def run() -> None:
            for defects in groups.values():
                await look(scope_of(defects, ports, source), dialer_for(), notes, None)

        asyncio.run(run())
        yield Scene(ground, ports, source, notes.observations, dict(listeners.accepted))


def judged(scene: Scene, name: str) -> tuple[Judgement, Defect]:
    defect = next(one for one in scene.ground.defects if one.name == name)
    scope = scope_of([defect], scene.ports, scene.source)
    ended = Observation(
        server="web", item=Item.TLS, at=scene.observations[-1].at, fact=ItemEnded(ending=Ending.FINISHED)
    )
    return judge(scope, [*scene.observations, ended], None), defect


@pytest.mark.parametrize("name", DEFECTS)
def test_each_defect_is_named_and_nothing_else(scene: Scene, name: str) -> None:
    judgement, defect = judged(scene, name)
    found = [(finding.rule, finding.grade.value) for finding in judgement.findings]
    assert found == ([(defect.rule, defect.grade)] if defect.rule else []), [f.title.en for f in judgement.findings]
    untested = {row.check for row in judgement.coverage if row.outcome is Outcome.NOT_TESTED}
    assert untested == set(defect.inconclusive)
    if defect.rule:
        (finding,) = judgement.findings
        subject = {"leaf": f"CN={HOST}", "intermediate": "CN=Intermediate", "root": "CN=Defect Root", "": "CN="}
        assert finding.seen.startswith(subject.get(defect.on, f"CN={defect.on}"))
        assert finding.clause.startswith("4.3.5.1 (")
        assert "{" not in finding.title.en + finding.title.ja
    elif not defect.inconclusive:
        assert decide([judgement]).standing is Standing.PASS


def test_each_end_point_costs_at_most_16_connections(scene: Scene) -> None:
    ends = set(scene.ports.values())
    assert max(count for port, count in scene.connections.items() if port in ends) <= 16
