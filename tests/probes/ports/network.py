"""A network on paper: an engine whose doors answer by rules, so that losses and liars can be tried by the thousand."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from plugins.clock import SystemClock
from plugins.value import value
from probes.ports.engine import Field, Hearing, Reply, SweepBrake
from probes.ports.facts import PortBlock, PortState, State, SweepSeen
from probes.ports.ledger import Outlet
from probes.ports.sweep import Sweep
from probes.ports.view import single


@value
class Knock:
    """One knock, as the network sees it."""

    address: str
    """At which address."""
    port: int
    """At which port."""
    before: int
    """How many knocks there were before it."""


Host = Callable[[Knock], Reply | tuple[Reply, ...]]
"""Gives what a door says."""
HOST = "192.0.2.1"


class PaperEngine:
    """Knocks at doors on paper, and notes them."""

    name = "paper"
    least_patience_s = 0.1
    hears_late = True

    def __init__(self, field: Field, host: Host, on_knock: Callable[[], None] = lambda: None) -> None:
        self._field, self._host, self._on_knock = field, host, on_knock
        self.knocks: list[tuple[str, int]] = []
        self.slowed = 0

    def close(self) -> None:
        """Nothing is held."""

    async def wave(self, numbers: Iterator[int], hearing: Hearing, brake: SweepBrake) -> None:
        """Knock once at every door."""
        self.slowed += brake.pulled
        for number in numbers:
            self._on_knock()
            address, port = self._field.door(number)
            said = self._host(Knock(address=address, port=port, before=len(self.knocks)))
            self.knocks.append((address, port))
            for reply in said if isinstance(said, tuple) else (said,):
                if reply is not Reply.SILENCE:
                    hearing.measured(number, 0.01)
                    hearing.heard(number, reply)


class Swept:
    """A sweep over a network on paper, and what it told."""

    def __init__(
        self,
        host: Host,
        ports: range,
        declared: tuple[int, ...] = (),
        addresses: tuple[str, ...] = (HOST,),
        on_knock: Callable[[], None] = lambda: None,
    ) -> None:
        field = Field(addresses, ports)
        self.facts: list[PortState | PortBlock | SweepSeen] = []
        self.engine = PaperEngine(field, host, on_knock)
        outlet = Outlet(fact=self.facts.append, done=lambda _: None)
        self.sweep = Sweep(field, self.engine, declared, outlet, below=random.Random(5).randrange, clock=SystemClock())

    async def run(self) -> Swept:
        await self.sweep.run()
        return self

    def states(self, address: str = HOST) -> dict[int, State]:
        """Give the last word about each port."""
        told = (one for fact in self.facts if isinstance(fact, PortState | PortBlock) for one in single(fact))
        return {one.port: one.state for one in told if one.address == address}

    @property
    def account(self) -> SweepSeen:
        (one,) = (fact for fact in self.facts if isinstance(fact, SweepSeen))
        return one
