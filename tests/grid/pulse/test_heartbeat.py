"""The heartbeat against real servers: what it tells, its rhythm, and what it never does."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.pulse.heartbeat import RETRY_MOST_S, heartbeat, next_due, pulse_pace, retry_after_s, told
from plugins.ask import HttpAnswer, NoAnswer, NoAnswerReason, WebEndpoint
from plugins.clock import SystemClock
from probes.meter import READ_BYTES
from probes.pulse.facts import BEAT_BYTES, HOLD_S, Echo, PulseBeat, PulsePage
from tests.fakes import LoopbackLeave
from tests.probes.scene import dialer_for
from tests.servers.process import free_port
from tests.servers.shopfront import HEARTBEAT, Manner, shopfront
from tests.servers.zoo import garbage_later, serving, slam

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


def page(port: int, every_s: float = 0.02) -> PulsePage:
    endpoint = WebEndpoint(address="127.0.0.1", port=port, tls=False, host="shop.example")
    return PulsePage(endpoint=endpoint, path=HEARTBEAT, every_s=every_s)


async def beats(of: PulsePage, number: int, leave: LoopbackLeave | None = None) -> list[PulseBeat]:
    """Listen until so many beats were heard."""
    heard: list[PulseBeat] = []
    stop = asyncio.Event()

    def on_beat(seen: PulseBeat) -> None:
        heard.append(seen)
        if len(heard) >= number:
            stop.set()

    dialer = dialer_for(leave, pulse_pace(of))
    async with asyncio.timeout(20):
        await heartbeat(of, dialer, SystemClock(), "Review Body, body@example.org", on_beat, stop)
    return heard


async def test_every_beat_tells_how_long_the_page_took_and_who_asked() -> None:
    with shopfront(Manner(base_s=0.05)) as shop:
        heard = await beats(page(shop.port), 5)
        seen = shop.beats()
    assert len(seen) == len(heard) == 5
    assert all((one.echo, one.status, one.trouble) == (Echo.ANSWERED, 200, "") for one in heard)
    assert all(0.05 <= one.latency_s < 1.0 for one in heard)
    assert {visit.user_agent.partition(" ")[2] for visit in seen} == {"(+Review Body, body@example.org)"}


async def test_the_wait_for_our_own_pace_is_not_the_shops_slowness() -> None:
    with shopfront(Manner(base_s=0.001)) as shop:
        slow = page(shop.port, 0.01)
        dialer = dialer_for(pace=pulse_pace(PulsePage(endpoint=slow.endpoint, path="/", every_s=0.4)))
        heard: list[PulseBeat] = []
        stop = asyncio.Event()
        beating = asyncio.create_task(heartbeat(slow, dialer, SystemClock(), "", heard.append, stop))
        async with asyncio.timeout(20):
            while len(heard) < 3:  # noqa: ASYNC110 - the loop under test gives no event of its own
                await asyncio.sleep(0.01)
        stop.set()
        await beating
        gaps = [other.at - one.at for one, other in pairwise(shop.visits)]
    assert min(gaps) > 0.3, "the pace was waited for"
    assert sorted(one.latency_s for one in heard)[1] < 0.2, "and the wait was not counted"


@pytest.mark.parametrize(("manner", "reason"), [(slam, "reset"), (garbage_later, "not-http")])
async def test_what_the_server_does_wrong_is_told(manner: object, reason: str) -> None:
    with serving(manner, "127.0.0.1") as port:  # type: ignore[arg-type]  # one of the zoo
        (seen,) = await beats(page(port), 1)
    assert (seen.echo, seen.trouble, seen.latency_s) == (Echo.FAILED, reason, 0.0)


async def test_a_closed_port_is_the_shops_trouble() -> None:
    (seen,) = await beats(page(free_port("127.0.0.1")), 1)
    assert seen.trouble == "refused"


async def test_a_beat_that_may_not_be_sent_is_told_as_not_sent() -> None:
    with shopfront(Manner()) as shop:
        (seen,) = await beats(page(shop.port), 1, LoopbackLeave(allowed={("127.0.0.1", 1)}))
        assert shop.visits == []
    assert (seen.echo, seen.reason, seen.trouble) == (Echo.NOT_SENT, "out-of-scope", "")


async def test_it_ends_with_its_leave() -> None:
    leave = LoopbackLeave()
    leave.stop()
    with shopfront(Manner()) as shop:
        assert await beats(page(shop.port), 1, leave) == []
        assert shop.visits == []


async def test_a_shop_that_wants_to_be_left_alone_gets_no_heartbeat_either() -> None:
    manner = Manner(base_s=0.001, busy_after=0, leave_alone_s=1.0)
    with shopfront(manner) as shop:
        heard = await beats(page(shop.port), 3)
        gap = shop.visits[1].at - shop.visits[0].at
    assert (heard[0].status, heard[0].retry_after_s, heard[1].status) == (429, 1.0, 200)
    assert gap >= 1.0


@given(
    due=st.floats(0, 1000),
    every=st.floats(0.01, 30),
    late=st.floats(0, 100),
    took=st.floats(0, 100),
    hold=st.one_of(st.just(0.0), st.floats(0, 600)),
)
def test_the_rhythm_is_kept_and_never_caught_up(
    due: float, every: float, late: float, took: float, hold: float
) -> None:
    started = due + late
    now = started + took
    following = next_due(due, every, started, now, hold)
    slack = 1e-6 * (1 + due + every)
    assert following >= now + hold - slack
    assert following - started >= 0.9 * every - slack, "no burst after a beat that began late"
    steps = (following - due) / every
    assert abs(steps - round(steps)) < 1e-4, "in rhythm"
    assert following - every < max(now + hold, started + 0.9 * every) + slack, "and not later than need be"


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("120", 120.0), ("0", 0.0), (" 7 ", 7.0), ("Sun, 01 Mar 2026 02:01:30 GMT", 90.0), ("Sun, 01 Mar 2026 01:00:00 GMT", 0.0),
        ("Sun, 01 Mar 2026 02:01:30 -0000", 90.0), ("99999999999999999999", RETRY_MOST_S), ("-5", 0.0), ("soon", 0.0), ("", 0.0),
        ("٣", 0.0), ("1e9", 0.0), ("Fri, 31 Dec 9999 23:59:59 GMT", RETRY_MOST_S), ("Fri, 99 Zzz 9999 99:99:99 GMT", 0.0),
        ("a" * 10_000, 0.0), ("9" * 5000, RETRY_MOST_S),
    ],
)  # fmt: skip
def test_retry_after(words: str, seconds: float) -> None:
    assert retry_after_s(HttpAnswer(status=503, headers=(("retry-after", words),)), NOW) == seconds


@given(st.text(st.characters(max_codepoint=255), max_size=70))
def test_any_retry_after_of_a_server_is_survived(words: str) -> None:
    held = retry_after_s(HttpAnswer(status=503, headers=(("retry-after", words),)), NOW)
    assert 0 <= held <= RETRY_MOST_S
    assert not math.isnan(held)


def test_an_answer_is_told_as_a_beat() -> None:
    beat = told(HttpAnswer(status=429), NOW, 0.25)
    assert (beat.latency_s, beat.trouble, beat.hold_s) == (0.25, "status-429", HOLD_S)
    cut = told(NoAnswer(reason=NoAnswerReason.CUT_OFF), NOW, 0.0)
    assert (cut.echo, cut.trouble) == (Echo.NOT_SENT, "")
    assert told(HttpAnswer(status=404), NOW, 0.1).trouble == "status-404"
    assert told(HttpAnswer(status=302), NOW, 0.1).well


def test_the_heartbeats_own_pace_is_one_beat_and_lets_the_whole_page_through() -> None:
    pace = pulse_pace(page(1, every_s=2.0))
    assert (pace.connections_per_s, pace.requests_per_s, pace.concurrent_connections) == (0.5, 0.5, 1)
    burst = max(READ_BYTES, pace.bytes_per_s // 50)
    assert burst >= BEAT_BYTES, "no wait within a page"


async def test_a_beat_reads_no_more_than_agreed() -> None:
    with shopfront(Manner(base_s=0.001, page="x" * 500_000)) as shop:
        short = replace(page(shop.port), most_bytes=1024)
        dialer = dialer_for(pace=pulse_pace(short))
        stop = asyncio.Event()
        heard: list[PulseBeat] = []

        def once(seen: PulseBeat) -> None:
            heard.append(seen)
            stop.set()

        await heartbeat(short, dialer, SystemClock(), "", once, stop)
    assert (heard[0].echo, heard[0].status) == (Echo.ANSWERED, 200)
    assert dialer.tally.bytes_received < 4096
