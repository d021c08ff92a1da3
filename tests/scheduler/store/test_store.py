"""What is changed is kept, all of it or nothing, and comes back as the same values."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from plugins import canonical
from probes.finding import Grade
from probes.tally import Tally
from probes.target import Item
from scheduler.dialogue import Accepted, Event, Gap, Offered, Pair, Side, WindowOpened
from scheduler.negotiation import Agenda, Phase, respond
from scheduler.result import Kind, LastPassed, NothingBefore, Result
from scheduler.store.database import sqlite_url
from scheduler.store.store import Store
from scheduler.store.token import Principal, Role
from scheduler.store.values import InspectionOutcome, Registered, WindowUse
from tests.scheduler.scene import DAY, make_plan, make_result, make_system

PLAN = make_plan()
OFFER = Offered(plan_id="p1", by=Side.REVIEW_BODY, at=DAY, plan=PLAN)
ACCEPT = Accepted(plan_id="p1", by=Side.OPERATOR, at=DAY + timedelta(minutes=1), digest=PLAN.digest)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(sqlite_url(tmp_path / "a.db"))
    with store.changing() as change:
        change.register(Registered(system=make_system(), declaration="doc", digest="d" * 64, at=DAY))
    yield store
    store.close()


def tell(store: Store, *events: Event) -> None:
    for event in events:
        with store.changing() as change:
            agenda = change.agenda("hana")
            assert agenda is not None
            after, _ = respond(agenda, event)
            held = after.of(event.plan_id)
            assert held is not None
            change.record(event, held)


def begin(store: Store, inspection_id: str = "i1") -> None:
    tell(store, OFFER, ACCEPT)
    with store.changing() as change:
        change.begin(inspection_id, PLAN, DAY)


def test_a_system_comes_back_and_may_be_registered_again(store: Store) -> None:
    newer = Registered(system=replace(make_system(), title="Newer"), declaration="doc 2", digest="e" * 64, at=DAY)
    with store.changing() as change:
        change.register(newer)
    with store.reading() as reading:
        assert reading.systems() == (newer,)
        assert reading.registered("hana") == newer
        assert reading.registered("nobody") is None


def test_the_agenda_is_what_the_core_left(store: Store) -> None:
    expected, _ = respond(Agenda(system=make_system()), OFFER)
    expected, _ = respond(expected, ACCEPT)
    tell(store, OFFER, ACCEPT)
    with store.changing() as change:
        assert change.agenda("hana") == expected
        assert change.agenda("nobody") is None
    with store.reading() as reading:
        assert reading.negotiation("p1") == expected.of("p1")
        assert reading.negotiations("hana", [Phase.AGREED]) == expected.negotiations
        assert reading.negotiations("hana", [Phase.OFFERED]) == ()
        assert reading.negotiations("nobody") == ()


def test_the_log_says_who_did_what_when_and_is_chained(store: Store) -> None:
    tell(store, OFFER, ACCEPT)
    with store.reading() as reading:
        log = reading.log("p1")
        assert [entry.event for entry in log] == [OFFER, ACCEPT]
        assert reading.whole_log() == log
    previous = ""
    for entry in log:
        previous = hashlib.sha256(previous.encode() + canonical.dumps(entry.event)).hexdigest()
        assert entry.digest == previous


def test_a_change_that_raises_leaves_nothing_behind(store: Store) -> None:
    def halfway() -> None:
        with store.changing() as change:
            change.issue(Principal(role=Role.MONITOR), DAY)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        halfway()
    with store.reading() as reading:
        assert not reading.has_token(Role.MONITOR)


def test_a_plan_begins_once(store: Store) -> None:
    begin(store)
    with pytest.raises(IntegrityError), store.changing() as change:
        change.begin("i2", PLAN, DAY)


def test_an_inspection_from_begin_to_result(store: Store) -> None:
    begin(store)
    tally = Tally(connections=7, requests=5, bytes_sent=300, bytes_received=900, peak_connections_per_s=4)
    with store.changing() as change:
        change.progress("i1", tally)
    with store.reading() as reading:
        (held,) = reading.unfinished()
    assert (held.outcome, held.tally, held.ended) == (InspectionOutcome.RUNNING, tally, None)

    result = make_result("i1")
    with store.changing() as change:
        change.end("i1", InspectionOutcome.FAIL, DAY + timedelta(seconds=90))
        change.keep(result)
    with store.reading() as reading:
        assert reading.unfinished() == ()
        (held,) = reading.inspections("hana")
        assert held.ended == DAY + timedelta(seconds=90)
        assert reading.inspection("p1") == held
        assert reading.inspection("p9") is None
        body = reading.result("i1")
        assert body is not None
        assert canonical.loads(Result, body) == result
        assert reading.result("i9") is None
        figures = reading.figures()
    assert figures.inspections == {(Kind.SCHEDULED, InspectionOutcome.FAIL): 1}
    assert (figures.sent.connections, figures.sent.bytes_received) == (7, 900)
    assert figures.windows == {Kind.SCHEDULED: WindowUse(agreed_s=3600.0, used_s=90.0)}
    assert figures.findings == {Grade.FAILING: 1, Grade.GUIDANCE: 0, Grade.ADVISORY: 0}


def test_what_was_seen_when_a_system_last_passed(store: Store) -> None:
    with store.reading() as reading:
        assert reading.last_passed("hana") == NothingBefore()
    passed = InspectionOutcome.PASS
    rounds: list[tuple[str, tuple[Item, ...], InspectionOutcome]] = [
        ("i1", (Item.PORTS,), passed),
        ("i2", (Item.PORTS, Item.TLS), passed),
        ("i3", (Item.PORTS,), InspectionOutcome.FAIL),
        ("i4", (Item.TLS,), passed),
    ]
    for number, (inspection_id, items, outcome) in enumerate(rounds):
        plan = replace(make_plan(items=items), plan_id=f"p-{inspection_id}")
        at = DAY + timedelta(days=number)
        findings = () if outcome is passed else None
        tell(store, Offered(plan_id=plan.plan_id, by=Side.REVIEW_BODY, at=DAY, plan=plan))
        with store.changing() as change:
            change.begin(inspection_id, plan, at)
            change.end(inspection_id, outcome, at)
            change.keep(make_result(inspection_id, plan=plan, findings=findings))
    with store.reading() as reading:
        last = reading.last_passed("hana")
        assert isinstance(last, LastPassed)
        assert (last.inspection_id, [server.name for server in last.servers]) == ("i2", ["web"])
        assert reading.last_passed("other") == NothingBefore()


def gap(item: Item, reason: str = "cut off") -> Gap:
    return Gap(server="web", item=item, checks=2, reason=reason)


def test_debts_are_owed_once_keep_their_age_and_are_settled(store: Store) -> None:
    tell(store, OFFER)
    later = DAY + timedelta(days=3)
    with store.changing() as change:
        change.owe(PLAN, (gap(Item.PORTS), gap(Item.HOLES)), DAY)
        change.owe(PLAN, (gap(Item.PORTS, "cut off again"),), later)
        change.owe(PLAN, (), later)
    with store.reading() as reading:
        debts = reading.debts("hana")
        assert [(d.item, d.reason, d.since) for d in debts] == [
            (Item.HOLES, "cut off", DAY),
            (Item.PORTS, "cut off again", DAY),
        ]
        assert reading.figures().debts == {Item.PORTS: 1, Item.HOLES: 1}
        assert reading.figures().oldest_debt == DAY
        assert reading.debts("nobody") == ()
    with store.changing() as change:
        change.settle(PLAN, (Pair(server="web", item=Item.PORTS), Pair(server="mail", item=Item.HOLES)), later)
    with store.reading() as reading:
        assert [d.item for d in reading.debts()] == [Item.HOLES]


def test_a_token_opens_until_the_next_one_is_issued(store: Store) -> None:
    shop = Principal(role=Role.OPERATOR, system="hana")
    with store.changing() as change:
        first = change.issue(shop, DAY)
        body = change.issue(Principal(role=Role.REVIEW_BODY), DAY)
        second = change.issue(shop, DAY)
    with store.reading() as reading:
        assert reading.principal(first.text) is None
        assert reading.principal(second.text) == shop
        assert reading.principal(body.text) == Principal(role=Role.REVIEW_BODY)
        assert reading.principal(f"{body.token_id}.{second.secret}") is None
        assert reading.principal("") is None
        assert reading.has_token(Role.OPERATOR)


def test_what_runs_now_is_counted_apart(store: Store) -> None:
    begin(store)
    tell(store, _opened())
    with store.reading() as reading:
        figures = reading.figures()
    (underway,) = figures.underway
    assert (underway.window, underway.pace, underway.servers) == (PLAN.window, PLAN.pace, 1)
    assert figures.inspections == {}
    assert figures.windows == {}
    assert figures.plans == {Phase.RUNNING: 1}
    assert figures.oldest_debt is None


def _opened() -> Event:
    return WindowOpened(plan_id="p1", by=Side.SERVICE, at=PLAN.window.start)


def test_two_writers_never_decide_on_the_same_state(store: Store) -> None:
    """Both read before either writes, unless the second waits: then the second sees what the first did."""
    tell(store, OFFER)
    seen: list[int] = []
    both = threading.Barrier(2)

    def count_up() -> None:
        both.wait()
        for _ in range(10):
            with store.changing() as change:
                before = change._on.exec_driver_sql("SELECT count(*) FROM tokens").scalar_one()
                change._on.exec_driver_sql(
                    "INSERT INTO tokens VALUES (?, '', 'monitor', NULL, '2026-01-01 00:00:00')",
                    (f"{threading.get_ident()}-{before}",),
                )
                seen.append(before)

    threads = [threading.Thread(target=count_up) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(20))
