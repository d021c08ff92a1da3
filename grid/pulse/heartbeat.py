"""The heartbeat: one GET every few seconds, sent like every other ask (order, pace, User-Agent), and how long it took.

Beats keep their rhythm and never catch up: what was late is left out, not sent in a burst. Retry-After holds for the heartbeat too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from plugins.ask import HttpAnswer, HttpAsk, NoAnswer, NoAnswerReason, WebAnswer
from plugins.clock import Clock
from probes.dial import CutOffError, Dialer
from probes.http import exchange
from probes.pace import Pace
from probes.pulse.facts import BEAT_TIMEOUT_S, Echo, PulseBeat, PulsePage

RETRY_MOST_S = 86_400.0
"""Longest Retry-After that is told on; the inspection ends long before."""
_OWN = frozenset({NoAnswerReason.OUT_OF_SCOPE, NoAnswerReason.CUT_OFF})
_NEARLY = 0.9


def pulse_pace(page: PulsePage) -> Pace:
    """Give the pace of a heartbeat's own order: one connection at a time, one per beat.

    The bytes of a beat are bounded by its ask. The bound here is wide, so that the whole page comes in one go: a wait for our own
    pace must not be taken for the shop's slowness.
    """
    return Pace(
        connections_per_s=1 / page.every_s,
        requests_per_s=1 / page.every_s,
        concurrent_connections=1,
        bytes_per_s=64 * page.most_bytes,
    )


async def heartbeat(
    page: PulsePage,
    dialer: Dialer,
    clock: Clock,
    contact: str,
    on_beat: Callable[[PulseBeat], object],
    stop: asyncio.Event,
) -> None:
    """Beat until `stop`, or until the leave is over. Every beat is told to `on_beat` when it is done."""
    due = clock.monotonic()
    while not stop.is_set():
        started = clock.monotonic()
        try:
            seen = await _beat(page, dialer, clock, contact)
        except CutOffError:
            return
        on_beat(seen)
        due = next_due(due, page.every_s, started, clock.monotonic(), seen.hold_s)
        await _wait(stop, due - clock.monotonic())


def next_due(due: float, every_s: float, started: float, now: float, hold_s: float) -> float:
    """Give when the next beat is due: in rhythm with `due`, never soon after a beat that began late, never within a hold."""
    earliest = max(now + hold_s, started + _NEARLY * every_s)
    left_out = max(0, -((due + every_s - earliest) // every_s))
    return due + (1 + left_out) * every_s


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), max(seconds, 0.0))


async def _beat(page: PulsePage, dialer: Dialer, clock: Clock, contact: str) -> PulseBeat:
    ask = HttpAsk(path=page.path, max_bytes=page.most_bytes, timeout_s=BEAT_TIMEOUT_S)
    at, dialled = clock.now(), dialer.counter.tally.connections
    answer, _ = await exchange(dialer, page.endpoint, ask, contact)
    took = clock.monotonic() - dialer.counter.latest
    if dialer.counter.tally.connections == dialled:
        # Nothing left this machine, so nothing was seen of the shop.
        return PulseBeat(at=at, echo=Echo.NOT_SENT, reason=_reason(answer))
    return told(answer, at, took)


def _reason(answer: WebAnswer) -> str:
    return str(answer.reason) if isinstance(answer, NoAnswer) else ""


def told(answer: WebAnswer, at: datetime, took_s: float) -> PulseBeat:
    """Tell an answer as a beat."""
    if isinstance(answer, HttpAnswer):
        hold = retry_after_s(answer, at)
        return PulseBeat(at=at, echo=Echo.ANSWERED, latency_s=took_s, status=answer.status, retry_after_s=hold)
    echo = Echo.NOT_SENT if answer.reason in _OWN else Echo.FAILED
    return PulseBeat(at=at, echo=echo, reason=str(answer.reason))


def retry_after_s(answer: HttpAnswer, now: datetime) -> float:
    """Read Retry-After, seconds or a date (RFC 9110, section 10.2.3), as seconds from `now`; 0 without one."""
    words = next((text.strip() for name, text in answer.headers if name == "retry-after"), "")
    if words.isascii() and words.isdecimal():
        return min(float(words[:9]), RETRY_MOST_S)
    try:
        moment = parsedate_to_datetime(words[:64])
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (aware - now).total_seconds()), RETRY_MOST_S)
