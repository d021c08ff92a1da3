"""The process guard in real Ray workers: honest orders go on under it without a veto, and hostile code in a worker gets nowhere."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid.brake import Brake
from grid.cluster import ray
from grid.guard.process import arm
from grid.guard.veto import GuardError
from grid.key import trusted
from grid.report import Report
from grid.run import Grid
from grid.seal import seal
from probes.observation import Ending, ItemEnded
from probes.target import Item
from probes.tls.facts import TlsSeen
from tests.grid.escape import SCENES, Goal
from tests.grid.escaping import GOAL, NAME, Watch, permit
from tests.grid.test_hostile import hostile_order
from tests.servers import zoo

TRIES = ("connect", "sendto", "datagrams", "streams", "httpx", "popen", "shell", "fork", "multiprocess", "libc", "raw")
KEY = Ed25519PrivateKey.generate()


class Last:
    """An intake that keeps each order's last report."""

    def __init__(self) -> None:
        self.reports: dict[str, Report] = {}

    def took(self, report: Report) -> None:
        self.reports[report.order_id] = report


@pytest.fixture(scope="module")
def grid() -> Iterator[Grid]:
    with Grid.start(workers=2) as started:
        yield started


def test_an_honest_order_runs_to_its_end_without_a_veto(grid: Grid) -> None:
    order, kept = hostile_order("127.0.68.20", "web-1"), Last()
    with zoo.serving(zoo.garbage, "127.0.68.20", 8000), zoo.serving(zoo.garbage, "127.0.68.20", 8443):
        (record,) = grid.run([seal(order, KEY)], trusted(KEY), kept, Brake())
    ended = {each.item: each.fact.ending for each in record.observations if isinstance(each.fact, ItemEnded)}
    assert ended == dict.fromkeys((Item.PORTS, Item.TLS, Item.HOLES), Ending.FINISHED)
    (tls,) = [each.fact for each in record.observations if isinstance(each.fact, TlsSeen)]
    assert len(tls.versions) == 6, "the TLS child told of every version, so it was allowed to start"
    assert record.tally.connections > 10
    assert record.tally.vetoes == 0
    assert kept.reports["web-1"].last


def hostile(port: int) -> tuple[dict[str, str], dict[str, int], int]:
    """What a hostile library does in a worker: every try in turn. The body of a Ray task."""
    guard, leave, ended = arm(), permit(KEY), {}
    for name in TRIES:
        act = SCENES[name].act(Goal(GOAL, port, NAME, leave))
        with guard.admitting(leave):
            try:
                next(act)
                next(act, None)
            except Exception as error:  # noqa: BLE001 - whatever a scene ends with is told
                ended[name] = type(error).__name__
    gc.collect()
    return ended, guard.vetoes, os.getpid()


def told(port: int) -> None:
    """A task that lets a veto through."""
    arm()
    next(act := SCENES["connect"].act(Goal(GOAL, port, NAME, permit(KEY))))
    next(act)


def test_hostile_code_in_a_worker_reaches_nothing_and_is_counted(grid: Grid) -> None:
    assert grid is not None
    goal = Watch(GOAL)
    task = ray.remote(hostile).options(num_cpus=0, max_retries=0)
    ended, vetoes, worker = ray.get(task.remote(goal.port))
    assert goal.close() == 0
    assert worker != os.getpid()
    assert set(ended.values()) == {"GuardError"}
    assert set(TRIES) - set(ended) == {"datagrams"}, "asyncio swallows that one"
    assert sum(vetoes.values()) == len(TRIES)


def test_a_veto_is_told_through_ray(grid: Grid) -> None:
    assert grid is not None
    with pytest.raises(GuardError, match="while no order is running"):
        ray.get(ray.remote(told).options(num_cpus=0, max_retries=0).remote(9))


def test_an_order_after_a_hostile_one_in_the_same_process_is_not_blamed(grid: Grid) -> None:
    order = replace(hostile_order("127.0.68.21", "web-2"))
    order = replace(order, scope=replace(order.scope, items=(Item.PORTS,)))
    with zoo.serving(zoo.garbage, "127.0.68.21", 8000), zoo.serving(zoo.garbage, "127.0.68.21", 8443):
        (record,) = grid.run([seal(order, KEY)], trusted(KEY), Last(), Brake())
    assert record.tally.vetoes == 0
    assert record.tally.connections > 0
