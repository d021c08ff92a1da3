"""Sweeps over networks on paper: what is found, with how many knocks, and what liars come to."""

from __future__ import annotations

import random

import pytest

from probes.dial import CutOffError
from probes.ports.course import BLOCKED, LIMITED
from probes.ports.engine import Reply
from probes.ports.facts import PortState, State
from probes.ports.sweep import CONTRADICTED, RECHECKS
from tests.probes.ports.network import HOST, Knock, Swept

OPEN = {22, 80, 443, 900}
PORTS = range(1, 1001)


def honest(knock: Knock) -> Reply:
    return Reply.OPEN if knock.port in OPEN else Reply.CLOSED


def dropping(knock: Knock) -> Reply:
    return Reply.OPEN if knock.port in OPEN else Reply.SILENCE


async def test_a_host_that_refuses_gets_one_knock_per_closed_port() -> None:
    swept = await Swept(honest, PORTS).run()
    assert {port for port, state in swept.states().items() if state is State.OPEN} == OPEN
    assert set(swept.states().values()) == {State.OPEN, State.CLOSED}
    assert len(swept.engine.knocks) == 1000
    assert len(swept.facts) == len(OPEN) + 2  # the masses are told in one block


async def test_a_host_that_drops_gets_two_knocks_per_silent_port() -> None:
    swept = await Swept(dropping, PORTS).run()
    assert {port for port, state in swept.states().items() if state is State.OPEN} == OPEN
    assert set(swept.states().values()) == {State.OPEN, State.FILTERED}
    assert len(swept.engine.knocks) == 2 * 1000 - len(OPEN)


async def test_a_declared_port_that_is_silent_is_tried_more_often() -> None:
    swept = await Swept(dropping, PORTS, declared=(25,)).run()
    assert swept.engine.knocks.count((HOST, 25)) == 4
    assert swept.states()[25] is State.FILTERED


@pytest.mark.parametrize("seed", range(20))
async def test_lost_packets_make_no_closed_port_silent(seed: int) -> None:
    luck = random.Random(seed)
    swept = await Swept(lambda k: honest(k) if luck.random() > 0.04 else Reply.SILENCE, PORTS).run()
    assert {port for port, state in swept.states().items() if state is State.OPEN} == OPEN
    assert set(swept.states().values()) == {State.OPEN, State.CLOSED}
    assert not swept.account.disturbed


async def test_every_address_is_swept() -> None:
    other = "192.0.2.2"
    swept = await Swept(
        lambda k: honest(k) if k.address == HOST else Reply.CLOSED, PORTS, addresses=(HOST, other)
    ).run()
    assert State.OPEN not in set(swept.states(other).values())
    assert sum(state is State.OPEN for state in swept.states().values()) == len(OPEN)


async def test_masses_of_open_ports_are_told_in_blocks() -> None:
    swept = await Swept(lambda _: Reply.OPEN, range(1, 5001)).run()
    assert set(swept.states().values()) == {State.OPEN}
    assert sum(isinstance(fact, PortState) for fact in swept.facts) == 512


async def test_a_limit_slows_the_sweep_down_until_everything_is_heard() -> None:
    """Something lets 200 knocks of each wave through until the sweep has slowed down."""
    through = 0

    def limited(knock: Knock) -> Reply:
        nonlocal through
        through += 1
        return honest(knock) if swept.engine.slowed or through % 5 == 0 else Reply.SILENCE

    swept = Swept(limited, range(1, 51))
    await swept.run()
    assert swept.engine.slowed
    assert set(swept.states().values()) <= {State.OPEN, State.CLOSED}
    assert not swept.account.disturbed


async def test_a_limit_that_never_ends_makes_silence_unknown() -> None:
    swept = await Swept(lambda k: Reply.SILENCE if k.before % 5 else Reply.CLOSED, range(1, 201)).run()
    assert swept.account.disturbed == LIMITED
    assert set(swept.states().values()) == {State.CLOSED, State.UNKNOWN}


async def test_an_address_that_falls_silent_was_not_looked_at_to_its_end() -> None:
    swept = await Swept(lambda k: honest(k) if k.before < 300 else Reply.SILENCE, PORTS, declared=(80, 443)).run()
    assert swept.account.disturbed == BLOCKED
    assert State.FILTERED not in set(swept.states().values())
    assert sum(state is State.UNKNOWN for state in swept.states().values()) == 700


async def test_it_notices_that_by_the_silence_alone() -> None:
    swept = await Swept(lambda k: honest(k) if k.before < 600 else Reply.SILENCE, PORTS).run()
    assert swept.account.disturbed == BLOCKED
    assert sum(state is State.UNKNOWN for state in swept.states().values()) == 400


async def test_open_ports_behind_a_filter_are_found_although_packets_get_lost() -> None:
    """A wave that brings what an earlier one lost calls for another. Only what was lost twice, alone, is missed."""
    open_ports = set(range(100, 1000, 45))
    answers = {True: Reply.OPEN, False: Reply.SILENCE}
    missed = 0
    for seed in range(100):
        luck = random.Random(seed)
        swept = await Swept(lambda k: answers[k.port in open_ports and luck.random() > 0.02], PORTS).run()  # noqa: B023 - run at once
        found = {port for port, state in swept.states().items() if state is State.OPEN}
        assert found <= open_ports
        assert not swept.account.disturbed
        missed += len(open_ports - found)
    assert missed <= 3, "of 2,000"


async def test_servers_that_differ_behind_one_address_are_told() -> None:
    """A balancer sends every other knock to a server on which 443 is closed."""
    turns: dict[int, int] = {}

    def balanced(knock: Knock) -> Reply:
        turns[knock.port] = turns.get(knock.port, 0) + 1
        return Reply.CLOSED if knock.port == 443 and turns[knock.port] % 2 else honest(knock)

    swept = await Swept(balanced, PORTS, declared=(80, 443)).run()
    assert swept.states()[443] is State.UNKNOWN
    (told,) = [fact for fact in swept.facts if isinstance(fact, PortState) and fact.state is State.UNKNOWN]
    assert told.detail == CONTRADICTED
    assert swept.account.contradicted == "443"
    assert swept.states()[80] is State.OPEN


async def test_an_answer_both_ways_is_no_answer() -> None:
    swept = await Swept(
        lambda k: (Reply.OPEN, Reply.CLOSED) if k.port == 80 else honest(k), PORTS, declared=(80,)
    ).run()
    assert swept.states()[80] is State.UNKNOWN
    assert (HOST, 80) not in swept.sweep.open_doors


async def test_answers_beyond_one_per_knock_are_counted() -> None:
    swept = await Swept(lambda _: (Reply.CLOSED,) * 3, PORTS).run()
    assert swept.account.excess == 2000


async def test_an_icmp_error_is_filtered_until_a_better_answer_comes() -> None:
    swept = await Swept(lambda k: (Reply.UNREACHABLE, Reply.OPEN) if k.port == 80 else Reply.UNREACHABLE, PORTS).run()
    assert swept.states()[80] is State.OPEN
    assert swept.states()[81] is State.FILTERED
    assert len(swept.engine.knocks) == 1000


async def test_what_was_heard_is_told_when_it_is_cut_off() -> None:
    knocks = 0

    def stopping() -> None:
        nonlocal knocks
        knocks += 1
        if knocks > 400:
            raise CutOffError("stop")

    swept = Swept(honest, PORTS, on_knock=stopping)
    with pytest.raises(CutOffError):
        await swept.run()
    assert len(swept.states()) == 400


async def test_declared_ports_are_asked_again_and_the_count_says_so() -> None:
    swept = await Swept(honest, PORTS, declared=(80, 7)).run()
    again = 2 * RECHECKS
    assert (swept.account.rechecks, swept.account.lost) == (again, 0)
    assert len(swept.engine.knocks) == 1000 + again
