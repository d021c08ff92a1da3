"""Leases: no schedule of leases, crashes, delays, restarts and lowered paces breaks a bound."""

from __future__ import annotations

import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from probes.lease import HORIZON_S, Book, Purse, burst, effective_rate, keep, lease

RATES = st.one_of(st.sampled_from([0.5, 1.0, 5.0, 50.0, 75.0, 500.0]), st.floats(0.1, 1000))


def worst_second(uses: list[float]) -> int:
    """Give the most uses in any half-open second."""
    worst, first = 0, 0
    for last, at in enumerate(uses):
        while uses[first] <= at - 1.0:
            first += 1
        worst = max(worst, last - first + 1)
    return worst


@given(rate=RATES)
def test_little_of_the_rate_is_lost(rate: float) -> None:
    assert effective_rate(rate) >= 0.95 * rate
    assert keep(rate) >= 0.04


class Workers(RuleBasedStateMachine):
    """Workers with clocks of their own, a book that crashes, messages that take their time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.uses: list[float] = []
        self.late, self.most = False, 1

    @initialize(rate=RATES, seed=st.integers(0, 2**32))
    def start(self, rate: float, seed: int) -> None:
        self.agreed = rate
        self.random = random.Random(seed)
        self.books: tuple[Book, ...] = self._opened()
        self.purses = [Purse() for _ in range(4)]
        self.offsets = [self.random.uniform(-1e4, 1e4) for _ in self.purses]

    def _opened(self) -> tuple[Book, ...]:
        return (Book.opened(self.agreed, self.now), Book.opened(self.agreed * 3, self.now))

    @rule(who=st.integers(0, 3), want=st.integers(1, 500), there=st.floats(0, 0.03), back=st.floats(0, 0.1))
    def ask(self, who: int, want: int, there: float, back: float) -> None:
        """Lease: the request and its answer each take a while, and others use theirs meanwhile."""
        sent = self.now
        self._spend_until(self.now + there)
        issued = self.now
        self.books, lent = lease(self.books, want, issued)
        self._spend_until(self.now + back)
        self.purses[who].put(lent, issued, sent + self.offsets[who], self.now + self.offsets[who])

    @rule()
    def everybody_asks_at_once(self) -> None:
        for who in range(4):
            self.ask(who, 500, 0.0, 0.0)

    @rule()
    def everybody_works_flat_out(self) -> None:
        for _ in range(5):
            self.everybody_asks_at_once()
            self._spend_until(self.now + 0.15)

    @rule(seconds=st.floats(0, 0.5))
    def work(self, seconds: float) -> None:
        self._spend_until(self.now + seconds)

    @rule(late=st.booleans(), most=st.sampled_from([1, 3, 64]))
    def habits_change(self, late: bool, most: int) -> None:
        """Workers use permissions at the first or at the last possible moment, one by one or in handfuls: what can pile up."""
        self.late, self.most = late, most

    def _spend_until(self, end: float) -> None:
        while (moment := min(self._moments(), default=math.inf)) <= end:
            self.now = max(self.now, moment)
            if not self._spend():
                # (due - offset) + offset may fall one rounding short of due: that worker is a hair later, and time goes on.
                self.now += 1e-9
        self.now = max(self.now, end)

    def _spend(self) -> bool:
        before = len(self.uses)
        for purse, offset in zip(self.purses, self.offsets, strict=True):
            if self._due(purse, offset) <= self.now:
                self.uses += [self.now] * purse.take(self.now + offset, self.most)
        return len(self.uses) > before

    def _moments(self) -> list[float]:
        return [due for p, o in zip(self.purses, self.offsets, strict=True) if (due := self._due(p, o)) < math.inf]

    def _due(self, purse: Purse, offset: float) -> float:
        """Give when a worker uses its next permission, on the true clock."""
        live = [held for held in purse._held if held.left and held.until > self.now + offset]
        if not live:
            return math.inf
        moments = [held.until - 1e-7 if self.late else held.not_before for held in live if held.not_before < held.until]
        return max(self.now, min(moments, default=math.inf) - offset)

    @rule(who=st.integers(0, 3))
    def worker_crashes(self, who: int) -> None:
        """A worker is killed and restarted: its permissions are gone."""
        self.purses[who] = Purse()

    @rule()
    def book_crashes(self) -> None:
        """The budget restarts empty, while workers still hold what they leased."""
        self.books = self._opened()

    @rule(share=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0, 2.0]))
    def pace_is_changed(self, share: float) -> None:
        """Lowered, paused, raised again; more than agreed is cut to the agreed."""
        self.books = tuple(book.paced(book.agreed * share, self.now) for book in self.books)

    @invariant()
    def the_bound_holds(self) -> None:
        if self.uses:
            assert worst_second(self.uses) <= self.agreed + burst(self.agreed)


Workers.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestWorkers = Workers.TestCase


@given(rate=st.sampled_from([5.0, 50.0, 500.0, 5000.0]))
@settings(deadline=None, max_examples=8)
def test_a_busy_worker_gets_what_was_agreed(rate: float) -> None:
    """One worker that wakes every 10 ms and leases in time uses at least 95 % of the agreed rate."""
    now, purse, used = 0.0, Purse(), 0
    books: tuple[Book, ...] = (Book.opened(rate, 0.0),)
    begin = books[0].tat
    for _ in range(2000):
        now += 0.01
        while purse.take(now):
            used += now >= begin
        if purse.held < rate * HORIZON_S / 2 + 1:
            books, lent = lease(books, 10_000, now)
            purse.put(lent, now, now - 0.001, now + 0.001)
    assert used >= 0.95 * rate * (now - begin) - 1


def test_without_a_lease_a_worker_is_silent_within_the_slice() -> None:
    purse = Purse()
    _, lent = lease((Book.opened(50.0, 0.0),), 1000, 1.0)
    purse.put(lent, 1.0, 1.0, 1.0)
    last = max(at / 1000 for at in range(1000, 3000) if purse.take(at / 1000))
    assert last <= 1.0 + HORIZON_S + keep(50.0)
