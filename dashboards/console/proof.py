"""Proof of control, as the review body asks for it: by DNS, when a plan is offered and again when its window opens.

Loopback needs none, and then nothing is asked. A private address cannot be proven by a public name here: a stranger's name could
otherwise lead the inspectors into the review body's own network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from probes.control.judge import ControlProof
from probes.control.prove import prove_by_dns
from probes.control.token import token
from probes.target import Resolver
from scheduler.system import System


class Prover:
    """Asks the DNS who answers for the addresses of a system. Blocks; safe to use from several threads."""

    def __init__(self, secret: bytes, resolvers: Sequence[Resolver]) -> None:
        self._secret = secret
        self.resolvers = tuple(resolvers)

    def prove(self, system: System) -> ControlProof:
        """Give what is proven now."""
        made = token(system.name, [name for target in system.targets for name in target.host_names], self._secret)
        return asyncio.run(prove_by_dns(system.targets, made, self.resolvers, private_by_dns=False))

    def refusal(self, system: System) -> str:
        """Say which addresses are not proven and what to publish; empty when all are."""
        return self.prove(system).refusal.en
