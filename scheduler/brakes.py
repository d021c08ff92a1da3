"""The brakes of everything that runs, by plan. Safe between threads.

A stop pulls the brake first and is kept and logged afterwards. The inspection may be over before that is done; then its end
waits, so that whoever said stop is never told that there was nothing to stop, and the stop is never missing from the logs.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from grid.brake import Brake


class Brakes:
    """One brake per plan, made by whoever comes first, so that a stop between the decision to start and the start is not lost."""

    def __init__(self) -> None:
        self._brakes: dict[str, Brake] = {}
        self._systems: dict[str, str] = {}
        self._kept = threading.Condition()
        self._being_kept: Counter[str] = Counter()

    def of(self, plan_id: str) -> Brake:
        """Give the brake of a plan."""
        return self._brakes.setdefault(plan_id, Brake())

    def begun(self, plan_id: str, system: str, share: float) -> None:
        """Note that the inspection of a plan begins, at a share of its pace."""
        self.of(plan_id).lower(share)
        self._systems[plan_id] = system

    def over(self, plan_id: str) -> None:
        """Note that it is over, and kept."""
        self._systems.pop(plan_id, None)
        self._brakes.pop(plan_id, None)

    def running(self, system: str = "") -> tuple[str, ...]:
        """Give the plans whose inspections run; of one system, or all when it is empty."""
        return tuple(plan_id for plan_id, of in tuple(self._systems.items()) if system in ("", of))

    @contextmanager
    def pulled(self, plan_ids: Iterable[str], reason: str) -> Iterator[None]:
        """Pull the brakes of what runs, at once; its end is not kept before the block is over."""
        held = [plan_id for plan_id in plan_ids if plan_id in self._systems]
        with self._kept:
            self._being_kept.update(held)
        for plan_id in held:
            self.of(plan_id).stop(reason)
        try:
            yield
        finally:
            with self._kept:
                self._being_kept.subtract(held)
                self._kept.notify_all()

    def wait_until_kept(self, plan_id: str) -> None:
        """Wait until no stop of the plan is being kept."""
        with self._kept:
            self._kept.wait_for(lambda: self._being_kept[plan_id] <= 0)
