"""The proof of gentleness, made of facts: beats, tallies, advices. Pure, so that anybody can make it again."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, groupby, pairwise
from typing import TypeVar

from probes.pace import Pace
from probes.pulse.facts import (
    Advised,
    BeatPoint,
    Echo,
    Gentleness,
    Impact,
    Latency,
    PacePoint,
    Phase,
    Pulse,
    PulseBeat,
    TallySeen,
)
from probes.pulse.latency import bound_s, p95, percentile
from probes.tally import Tally

MOST_POINTS = 600
"""Most points of a curve; longer inspections have more seconds to a point."""
MOST_EVENTS = 200
"""Most changes of pace that are told."""
ENOUGH = 20
"""Well answered beats before, and while inspecting, that a statement needs."""

Point = TypeVar("Point", BeatPoint, PacePoint)


def gentleness(
    pulse: Pulse,
    agreed: Pace,
    beats: Mapping[Phase, Sequence[PulseBeat]],
    sent: Sequence[TallySeen],
    advised: Sequence[Advised],
) -> Gentleness:
    """Give the proof.

    `beats` are sorted by the phase in which they were heard, `sent` holds cumulative looks at each order, `advised` every change
    of pace; each in the order of time, and `advised` not empty.
    """
    heard = sorted(chain.from_iterable(beats.values()), key=lambda seen: seen.at)
    before = _latency(beats.get(Phase.LEAD, ()))
    during = _latency(beats.get(Phase.RUN, ()))
    bound = _ms(bound_s(pulse, before.p95_ms / 1000)) if before.answered else 0.0
    origin = min([advised[0].at, *(seen.at for seen in heard[:1])])
    paces, latencies = tuple(_paces(origin, sent, advised)), tuple(_latencies(origin, heard))
    last = max([0, *(point.second for point in paces[-1:]), *(point.second for point in latencies[-1:])])
    step = math.ceil((last + 1) / MOST_POINTS)
    return Gentleness(
        pulse=pulse,
        impact=_impact(before, during, bound),
        before=before,
        during=during,
        paused=_latency((*beats.get(Phase.PAUSE, ()), *beats.get(Phase.ABORT, ()))),
        added_p95_ms=round(during.p95_ms - before.p95_ms, 3),
        bound_ms=bound,
        beats=sum(seen.echo is not Echo.NOT_SENT for seen in heard),
        tally=_total(sent),
        peak_connections_per_s=max((point.connections for point in paces), default=0.0),
        peak_requests_per_s=max((point.requests for point in paces), default=0.0),
        seconds_per_point=step,
        latencies=tuple(_slowest(group) for group in _grouped(latencies, step)),
        paces=tuple(_busiest(group, agreed) for group in _grouped(paces, step)),
        events=_told(advised),
        events_left_out=max(0, len(advised) - MOST_EVENTS),
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _latency(beats: Sequence[PulseBeat]) -> Latency:
    well = [seen.latency_s for seen in beats if seen.well]
    return Latency(
        beats=len(beats),
        errors=sum(bool(seen.trouble) for seen in beats),
        not_sent=sum(seen.echo is Echo.NOT_SENT for seen in beats),
        p50_ms=_ms(percentile(well, 0.5)),
        p95_ms=_ms(p95(well)),
    )


def _impact(before: Latency, during: Latency, bound_ms: float) -> Impact:
    """Say `beyond` of whatever was seen to be so; `within` needs enough beats."""
    if not before.answered or not during.beats:
        return Impact.NOT_SHOWN
    if during.p95_ms > bound_ms or during.errors * before.beats > before.errors * during.beats:
        return Impact.BEYOND
    return Impact.WITHIN if min(before.answered, during.answered) >= ENOUGH else Impact.NOT_SHOWN


def _told(advised: Sequence[Advised]) -> tuple[Advised, ...]:
    half = MOST_EVENTS // 2
    return (*advised[:half], *advised[-half:]) if len(advised) > MOST_EVENTS else tuple(advised)


def _offset(origin: datetime, at: datetime) -> float:
    return max(0.0, (at - origin).total_seconds())


def _orders(sent: Iterable[TallySeen]) -> Iterator[list[TallySeen]]:
    for _, looks in groupby(sorted(sent, key=lambda look: look.order_id), key=lambda look: look.order_id):
        yield list(looks)


def _total(sent: Sequence[TallySeen]) -> Tally:
    total = Tally()
    for looks in _orders(sent):
        total += looks[-1].tally
    return total


def _paces(origin: datetime, sent: Sequence[TallySeen], advised: Sequence[Advised]) -> Iterator[PacePoint]:
    connections: dict[int, float] = {}
    requests: dict[int, float] = {}
    for looks in _orders(sent):
        for one, other in pairwise([TallySeen(order_id="", at=looks[0].at, tally=Tally()), *looks]):
            start, end = _offset(origin, one.at), _offset(origin, other.at)
            _spread(connections, start, end, other.tally.connections - one.tally.connections)
            _spread(requests, start, end, other.tally.requests - one.tally.requests)
    last = max([*connections, *(int(_offset(origin, entry.at)) for entry in advised)], default=-1)
    factors = _factors(origin, advised, last)
    for second in range(last + 1):
        yield PacePoint(
            second=second,
            connections=round(connections.get(second, 0.0), 2),
            requests=round(requests.get(second, 0.0), 2),
            factor=factors[second],
        )


def _spread(seconds: dict[int, float], start: float, end: float, count: int) -> None:
    """Spread what was sent between two looks evenly over the seconds between them."""
    if end <= start:
        seconds[int(end)] = seconds.get(int(end), 0.0) + count
        return
    for second in range(int(start), math.ceil(end)):
        part = (min(end, second + 1) - max(start, second)) / (end - start)
        seconds[second] = seconds.get(second, 0.0) + count * part


def _factors(origin: datetime, advised: Sequence[Advised], last: int) -> list[float]:
    """Give the largest factor that was in force in each second."""
    changes = [(_offset(origin, entry.at), entry.advice.factor) for entry in advised]
    factors = [0.0] * (last + 1)
    for (start, factor), (end, _) in pairwise([*changes, (last + 1.0, 0.0)]):
        for second in range(int(start), min(math.ceil(end), last + 1)):
            factors[second] = max(factors[second], factor)
    return factors


def _latencies(origin: datetime, heard: Iterable[PulseBeat]) -> Iterator[BeatPoint]:
    for seen in heard:
        if seen.echo is not Echo.NOT_SENT:
            latency = _ms(seen.latency_s) if seen.well else 0.0
            yield BeatPoint(second=int(_offset(origin, seen.at)), latency_ms=latency, errors=int(bool(seen.trouble)))


def _grouped(points: Iterable[Point], step: int) -> Iterator[list[Point]]:
    for _, group in groupby(points, key=lambda point: point.second // step):
        yield list(group)


def _slowest(group: Sequence[BeatPoint]) -> BeatPoint:
    return BeatPoint(
        second=group[0].second,
        latency_ms=max(point.latency_ms for point in group),
        errors=sum(point.errors for point in group),
    )


def _busiest(group: Sequence[PacePoint], agreed: Pace) -> PacePoint:
    """Choose the second that used most of what was allowed, so that no second that used too much is hidden."""

    def share(point: PacePoint) -> float:
        used = max(point.connections / agreed.connections_per_s, point.requests / agreed.requests_per_s)
        return used / point.factor if point.factor else used * 1000

    return max(group, key=share)
