"""An order runs once, and an address belongs to one inspection at a time: the same for the file and for the store."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from grid.order import Order
from scheduler.claims import ClaimError, ClaimOutcome, Claims, FileClaims
from scheduler.store.database import sqlite_url
from scheduler.store.orders import StoreClaims
from scheduler.store.store import Store
from scheduler.store.values import Registered
from tests.fakes import FakeClock
from tests.scheduler.claiming import order
from tests.scheduler.scene import DAY, make_plan, make_system, make_target

DIGEST = "d" * 64
Reopen = Callable[[], Claims]


def filled_store(path: Path) -> Store:
    """Open a store with two systems and the inspections i1 to i3 of the first; opened again, it is as it was left."""
    store = Store.open(sqlite_url(path))
    with store.changing() as change:
        if change.connection.exec_driver_sql("SELECT count(*) FROM systems").scalar():
            return store
        for name in ("hana", "tori"):
            change.register(Registered(system=make_system(name), declaration="doc", digest=DIGEST, at=DAY))
        statement = "INSERT INTO plans VALUES (?, 'hana', 'agreed', '2026-01-01', '2026-01-01', '{}', '2026-01-01')"
        for number in (1, 2, 3):
            change.connection.exec_driver_sql(statement, (f"p{number}",))
            change.begin(f"i{number}", make_plan(f"p{number}"), DAY)
    return store


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(DAY)


@pytest.fixture(params=["file", "store"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[Reopen]:
    """Open the same claims as another process would."""
    stores: list[Store] = []

    def again() -> Claims:
        if request.param == "file":
            return FileClaims(tmp_path / "claims.json", clock)
        stores.append(filled_store(tmp_path / "a.db"))
        return StoreClaims(stores[-1], clock)

    yield again
    for store in stores:
        store.close()


def test_an_order_runs_once_also_after_it_has_returned_and_after_a_restart(reopen: Reopen) -> None:
    claims = reopen()
    first = order(claims)
    claims.claim(first, DIGEST)
    with pytest.raises(ClaimError, match=r"o1 .*never ran.*claimed at 2026-03-02T00:00:00Z: held"):
        claims.claim(first, DIGEST)
    claims.release("o1", ClaimOutcome.RETURNED)
    with pytest.raises(ClaimError, match="an order runs once"):
        reopen().claim(replace(first, fence=reopen().next_fence(first.scope.target)), DIGEST)


def test_another_inspection_of_the_address_is_refused_also_when_another_system_declares_it(reopen: Reopen) -> None:
    claims = reopen()
    claims.claim(order(claims), DIGEST)
    beside = order(claims, "o2", target=make_target("other", "127.0.0.1"), inspection_id="i2", system="tori")
    with pytest.raises(ClaimError, match=r"o2 \(tori, server other\).*o1 \(hana, server web\).*127\.0\.0\.1 until"):
        reopen().claim(beside, DIGEST)
    apart = order(claims, "o3", target=make_target("other", "127.0.0.2"), inspection_id="i3", system="tori")
    claims.claim(apart, DIGEST)


def test_one_shared_address_of_several_is_enough(reopen: Reopen) -> None:
    claims = reopen()
    claims.claim(order(claims, target=replace(make_target(), addresses=("127.0.0.1", "127.0.0.2"))), DIGEST)
    shared = replace(make_target(), addresses=("127.0.0.3", "127.0.0.2"))
    with pytest.raises(ClaimError, match=r"holds 127\.0\.0\.2 until"):
        claims.claim(order(claims, "o2", target=shared, inspection_id="i2"), DIGEST)


@pytest.mark.parametrize("outcome", [ClaimOutcome.RETURNED, ClaimOutcome.UNSENT])
def test_what_has_come_back_gives_the_address_free(reopen: Reopen, outcome: ClaimOutcome) -> None:
    claims = reopen()
    claims.claim(order(claims), DIGEST)
    claims.release("o1", outcome)
    claims.claim(order(claims, "o2", inspection_id="i2"), DIGEST)


@pytest.mark.parametrize("lost", [True, False], ids=["lost worker", "dead driver"])
def test_what_never_came_back_lapses_with_the_end_of_its_window(
    reopen: Reopen, clock: FakeClock, *, lost: bool
) -> None:
    claims = reopen()
    claims.claim(order(claims, minutes=10), DIGEST)
    if lost:
        claims.release("o1", ClaimOutcome.LOST)
    clock.advance(599)
    with pytest.raises(ClaimError, match="its workers may live on"):
        reopen().claim(order(claims, "o2", inspection_id="i2"), DIGEST)
    clock.advance(1)
    reopen().claim(order(claims, "o3", inspection_id="i2"), DIGEST)


def test_the_parts_of_one_inspection_share_their_server_and_no_part_comes_twice(reopen: Reopen) -> None:
    claims = reopen()
    claims.claim(order(claims), DIGEST)
    claims.claim(order(claims, "o2", heartbeat=True), DIGEST)
    claims.claim(order(claims, "o3", target=make_target("behind-the-same-balancer", "127.0.0.1")), DIGEST)
    for again in (order(claims, "o4"), order(claims, "o5", heartbeat=True)):
        with pytest.raises(ClaimError, match="no other inspection holds"):
            claims.claim(again, DIGEST)


def test_fences_only_go_up_also_over_restarts_and_a_late_order_is_refused(reopen: Reopen) -> None:
    late = order(reopen(), "o1")
    new = order(reopen(), "o2", inspection_id="i2")
    assert (late.fence, new.fence) == (1, 2)
    reopen().claim(new, DIGEST)
    reopen().release("o2", ClaimOutcome.RETURNED)
    with pytest.raises(ClaimError, match=r"a fence above 2 and up to 2.*seen 1"):
        reopen().claim(late, DIGEST)
    invented = replace(order(reopen(), "o3", inspection_id="i2"), fence=99)
    with pytest.raises(ClaimError, match="seen 99"):
        reopen().claim(invented, DIGEST)


def test_a_server_with_a_new_address_takes_the_highest_fence_of_all(reopen: Reopen) -> None:
    claims = reopen()
    for _ in range(3):
        claims.next_fence(make_target(address="127.0.0.1"))
    both = replace(make_target(), addresses=("127.0.0.2", "127.0.0.1"))
    assert claims.next_fence(both) == 4
    assert claims.next_fence(make_target(address="127.0.0.2")) == 5


def test_of_many_at_once_exactly_one_gets_the_server(reopen: Reopen) -> None:
    claims = reopen()
    orders = [order(claims, f"o{number}", inspection_id=f"i{number % 3 + 1}") for number in range(12)]

    def tried(one: Order) -> bool:
        try:
            claims.claim(one, DIGEST)
        except ClaimError:
            return False
        return True

    with ThreadPoolExecutor(12) as threads:
        assert sum(threads.map(tried, orders)) == 1


def test_what_happened_to_an_unknown_order_is_no_matter(reopen: Reopen) -> None:
    reopen().release("nobody's", ClaimOutcome.RETURNED)


def _fences(path: Path, results: multiprocessing.Queue[list[int]]) -> None:
    claims = FileClaims(path, FakeClock(DAY))
    results.put([claims.next_fence(make_target()) for _ in range(25)])


def test_no_fence_of_the_file_is_given_to_two_processes(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=_fences, args=(tmp_path / "claims.json", results)) for _ in range(3)]
    for process in processes:
        process.start()
    given = [fence for _ in processes for fence in results.get(timeout=60)]
    for process in processes:
        process.join(30)
    assert sorted(given) == list(range(1, 76))


def test_a_file_that_is_none_of_ours_is_named_and_nothing_runs(tmp_path: Path) -> None:
    path = tmp_path / "claims.json"
    path.write_text("{}x")
    claims = FileClaims(path, FakeClock(DAY))
    with pytest.raises(ClaimError, match=r"claims\.json: expected .*move the file away"):
        claims.next_fence(make_target())
    claims.release("o1", ClaimOutcome.RETURNED)
    assert path.read_text() == "{}x"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ClaimError, match="TENKEN_HOME"):
        FileClaims(tmp_path / "file" / "claims.json", FakeClock(DAY)).next_fence(make_target())


def test_the_file_forgets_what_is_over_but_no_fence(tmp_path: Path) -> None:
    clock = FakeClock(DAY)
    claims = FileClaims(tmp_path / "claims.json", clock)
    for number in range(30):
        made = replace(order(claims, f"o{number}"))
        claims.claim(replace(made, window=replace(made.window, end=clock.now().replace(microsecond=1))), DIGEST)
        clock.advance(1)
    size = (tmp_path / "claims.json").stat().st_size
    assert size < 1500
    assert claims.next_fence(make_target()) == 31


class Interleaved(RuleBasedStateMachine):
    """Any order of writing, claiming, returning, dying and waiting: two inspections never hold one address."""

    written = Bundle("written")

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.clock = FakeClock(DAY)
        self.claims = FileClaims(Path(self.folder.name) / "claims.json", self.clock)
        self.count = 0
        self.held: dict[str, Order] = {}
        self.ran: list[str] = []
        self.fences: dict[str, int] = {}

    @rule(
        target=written,
        addresses=st.sets(st.sampled_from(["127.0.0.1", "127.0.0.2", "127.0.0.3"]), min_size=1),
        inspection=st.sampled_from(["i1", "i2", "i3"]),
        minutes=st.integers(1, 30),
    )
    def write(self, addresses: set[str], inspection: str, minutes: int) -> Order:
        self.count += 1
        target = replace(make_target(f"s{self.count}"), addresses=tuple(sorted(addresses)))
        made = order(self.claims, f"o{self.count}", target=target, inspection_id=inspection)
        end = self.clock.now().timestamp() + minutes * 60
        return replace(made, window=replace(made.window, end=DAY.fromtimestamp(end, DAY.tzinfo)))

    @rule(one=written)
    def claim(self, one: Order) -> None:
        try:
            self.claims.claim(one, DIGEST)
        except ClaimError:
            return
        assert one.order_id not in self.ran
        self.ran.append(one.order_id)
        self.held[one.order_id] = one
        for address in one.scope.target.addresses:
            assert one.fence > self.fences.get(address, 0)
            self.fences[address] = one.fence

    @rule(one=written, outcome=st.sampled_from(list(ClaimOutcome)))
    def release(self, one: Order, outcome: ClaimOutcome) -> None:
        if one.order_id in self.held:
            self.claims.release(one.order_id, outcome)
            if outcome in {ClaimOutcome.RETURNED, ClaimOutcome.UNSENT}:
                del self.held[one.order_id]

    @rule(seconds=st.integers(1, 1200))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)
        now = self.clock.now()
        self.held = {order_id: one for order_id, one in self.held.items() if now < one.window.end}

    @rule()
    def restart(self) -> None:
        self.claims = FileClaims(Path(self.folder.name) / "claims.json", self.clock)

    @invariant()
    def no_address_belongs_to_two(self) -> None:
        owners: dict[str, set[str]] = {}
        now = self.clock.now()
        # An order whose window is over opens nothing any more, so what is claimed behind it does no harm.
        for one in (held for held in self.held.values() if held.window.end > now):
            for address in one.scope.target.addresses:
                owners.setdefault(address, set()).add(one.inspection_id)
        assert all(len(inspections) == 1 for inspections in owners.values())

    def teardown(self) -> None:
        self.folder.cleanup()


TestInterleaved = Interleaved.TestCase
TestInterleaved.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
