"""Terms that a plan may never have."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins import canonical
from probes.pace import Pace
from probes.ports.choice import chosen
from probes.target import Item, PortRange
from scheduler.plan import InspectionPlan, PlanError, check_terms, in_calendar, outside_calendar
from scheduler.result import Kind
from tests.scheduler.scene import DAY, hours, make_plan, make_system

SYSTEM = make_system()


def test_a_plan_inside_its_declaration_stands() -> None:
    check_terms(make_plan(), SYSTEM, DAY)


def test_every_objection_is_told_at_once() -> None:
    plan = replace(make_plan(window=hours(-3, -2), items=()), system="other", trouble=" ", contacts=())
    with pytest.raises(PlanError) as caught:
        check_terms(plan, SYSTEM, DAY)
    assert [o.field for o in caught.value.objections] == ["system", "trouble", "contacts", "window", "items"]
    assert "plan p1: system: expected hana, seen other; offer it to that system instead" in str(caught.value)


def test_an_item_stands_once() -> None:
    with pytest.raises(PlanError, match="each item once"):
        check_terms(make_plan(items=(Item.PORTS, Item.PORTS)), SYSTEM, DAY)


def test_a_preliminary_inspection_looks_at_servers_and_names() -> None:
    check_terms(replace(make_plan(items=(Item.HOSTS,)), kind=Kind.PRELIMINARY), SYSTEM, DAY)
    with pytest.raises(PlanError, match="hosts, which is what a preliminary inspection is"):
        check_terms(replace(make_plan(items=(Item.PORTS,)), kind=Kind.PRELIMINARY), SYSTEM, DAY)


@pytest.mark.parametrize("picked", ["declared", "top-1000", "all", "1-1024,8080"])
def test_the_review_body_picks_ports(picked: str) -> None:
    plan = replace(make_plan(), picked=chosen(picked))
    check_terms(plan, SYSTEM, DAY)
    assert (plan.digest == make_plan().digest) == (picked == "declared")


@pytest.mark.parametrize(
    ("picked", "items", "told"),
    [
        ((PortRange(first=1, last=70_000),), (Item.PORTS,), "ports: expected declared, top-1000, all, or at most 40"),
        ((PortRange(first=1, last=1),) * 51, (Item.PORTS,), "pick fewer"),
        ((PortRange(first=1, last=1),), (Item.HOLES,), r"add the item, or pick none \(declared\)"),
    ],
)
def test_ports_that_nobody_could_read_or_nothing_looks_at_do_not_stand(
    picked: tuple[PortRange, ...], items: tuple[Item, ...], told: str
) -> None:
    with pytest.raises(PlanError, match=told):
        check_terms(replace(make_plan(items=items), picked=picked), SYSTEM, DAY)


def test_a_window_that_has_begun_may_still_be_agreed_but_not_one_that_is_over() -> None:
    check_terms(make_plan(window=hours(1, 2)), SYSTEM, hours(1.5, 2).start)
    with pytest.raises(PlanError, match="choose a later window"):
        check_terms(make_plan(window=hours(1, 2)), SYSTEM, hours(2, 3).start)


BOUNDS = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, 20.0, 20.000001, 10.0, -1.0])


@settings(deadline=None)
@given(
    connections=BOUNDS,
    requests=BOUNDS,
    concurrent=st.integers(-2, 12),
    size=st.integers(-5, 2_000_000),
    packets=BOUNDS | st.sampled_from([99.9, 100.0, 500.0, 500.1]),
)
def test_no_pace_above_the_declared_one_ever_stands(
    connections: float, requests: float, concurrent: int, size: int, packets: float
) -> None:
    pace = Pace(
        connections_per_s=connections,
        requests_per_s=requests,
        concurrent_connections=concurrent,
        bytes_per_s=size,
        packets_per_s=packets,
    )
    system = replace(SYSTEM, pace=replace(SYSTEM.pace, packets_per_s=500.0))
    agreeable = pace.lowest(system.pace) == pace and min(connections, requests, concurrent, size) > 0 and packets >= 100
    few = packets == 0 and 0 < pace.packets <= 500 and pace == replace(pace.lowest(system.pace), packets_per_s=0.0)
    if agreeable or (few and min(connections, requests, concurrent, size) > 0):
        check_terms(make_plan(pace=pace), system, DAY)
        return
    with pytest.raises(PlanError) as caught:
        check_terms(make_plan(pace=pace), system, DAY)
    assert all(objection.field.startswith("pace.") for objection in caught.value.objections)


def test_the_calendar_is_asked_apart() -> None:
    assert in_calendar(make_plan(window=hours(1, 2)), SYSTEM)
    assert not in_calendar(make_plan(window=hours(5, 7)), SYSTEM)
    assert "outside the calendar" in str(outside_calendar(make_plan(window=hours(5, 7))))


def test_the_digest_names_the_form() -> None:
    plan = make_plan()
    assert plan.digest == canonical.loads(InspectionPlan, canonical.dumps(plan)).digest
    assert plan.digest != make_plan(window=hours(1, 3)).digest
