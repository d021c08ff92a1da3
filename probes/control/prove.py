"""Looking and judging in one: what `tenken inspect` asks before it writes an order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from plugins.clock import Clock
from probes.control.judge import ControlProof, Way, judge, questions, visits
from probes.control.look import PACE, ControlLeave, fetch, look_up
from probes.dial import Dialer
from probes.target import Resolver, Target

SECONDS = 30.0
"""Longest time that a proof may take."""


def _never() -> bool:
    return False


async def prove_by_dns(
    targets: Sequence[Target],
    made: str,
    resolvers: Sequence[Resolver],
    *,
    private_by_dns: bool,
    seconds: float = SECONDS,
    stopped: Callable[[], bool] = _never,
) -> ControlProof:
    """Look for the token in the DNS and decide. Sends nothing when every address is loopback; asks only the resolvers."""
    facts = await look_up(questions(targets), resolvers, seconds, stopped)
    return judge(targets, made, facts, Way.DNS, private_by_dns=private_by_dns)


async def prove_by_http(
    targets: Sequence[Target],
    made: str,
    clock: Clock,
    contact: str,
    *,
    seconds: float = SECONDS,
    stopped: Callable[[], bool] = _never,
) -> ControlProof:
    """Fetch one page from each declared address that is not loopback and decide. Only by the explicit wish of the caller."""
    wanted = visits(targets)
    dialer = Dialer("proof of control", ControlLeave(wanted, clock, seconds, stopped), PACE, clock)
    facts = await fetch(wanted, made, dialer, contact, stopped)
    return judge(targets, made, facts, Way.HTTP, private_by_dns=False)
