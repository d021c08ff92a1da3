"""The two curves of the proof of gentleness, as SVG paths in a box of `WIDE` by `HIGH`. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from plugins.value import value
from probes.pace import Pace
from probes.pulse.facts import Gentleness, PacePoint, Phase

WIDE = 1000.0
"""Width of a plot, in its own units."""
HIGH = 160.0
"""Height of a plot."""
_ROOM = 1.6
_BOUNDS = 4.0
"""How many bounds high the plot is at most, so that the bound stays visible."""


@value
class LatencyPlot:
    """Latency of the heartbeats."""

    top_ms: float
    """Latency at the upper edge."""
    dots: str
    """One dot per point within the bound, as a path."""
    beyond: str
    """One dot per point above the bound; what is higher than the edge stands at the edge."""
    errors: str
    """One mark at the lower edge per point with beats that were not answered well."""
    bound: str
    """Line of the agreed bound; empty without a baseline."""


@value
class PacePlot:
    """Pace beside what was allowed."""

    top_percent: float
    """Per cent of the agreed pace at the upper edge; 100 unless more was used."""
    allowed: str
    """Outline of what was allowed, as a path."""
    used: str
    """Outline of what was used, as a path."""


def seconds(proof: Gentleness) -> int:
    """Give how many seconds the plots show."""
    ends = [point.second for point in proof.latencies[-1:]] + [point.second for point in proof.paces[-1:]]
    return max((end + proof.seconds_per_point for end in ends), default=1)


def begun(proof: Gentleness) -> float:
    """Give where in the plots the lead ends; at the right edge when the inspection never began."""
    start = proof.events[0].at if proof.events else None
    for event in proof.events:
        if start is not None and event.advice.phase is Phase.RUN:
            return round(min((event.at - start).total_seconds() / seconds(proof), 1.0) * WIDE, 2)
    return WIDE


def latency_plot(proof: Gentleness) -> LatencyPlot:
    """Draw the latencies."""
    highest = max(proof.bound_ms, proof.before.p95_ms, proof.during.p95_ms, 1.0) * _ROOM
    top = min(highest, proof.bound_ms * _BOUNDS) if proof.bound_ms else highest
    wide = seconds(proof)
    seen = [(point.second, point.latency_ms) for point in proof.latencies if point.latency_ms > 0]
    bound = _y(proof.bound_ms, top)
    return LatencyPlot(
        top_ms=top,
        dots=_dots((_x(at, wide), _y(ms, top)) for at, ms in seen if ms <= proof.bound_ms or not proof.bound_ms),
        beyond=_dots((_x(at, wide), _y(ms, top)) for at, ms in seen if ms > proof.bound_ms > 0),
        errors=" ".join(f"M{_x(point.second, wide)} {HIGH} v-10" for point in proof.latencies if point.errors),
        bound=f"M0 {bound} H{WIDE:g}" if proof.bound_ms else "",
    )


def pace_plot(proof: Gentleness, agreed: Pace) -> PacePlot:
    """Draw the pace: of connections and asks whichever used more of what was agreed for it."""
    used = [(point.second, _used(point, agreed)) for point in proof.paces]
    top = max([1.0, *(share for _, share in used)])
    wide = seconds(proof)
    step = proof.seconds_per_point
    return PacePlot(
        top_percent=top * 100,
        allowed=_outline(((point.second, point.factor) for point in proof.paces), step, wide, top),
        used=_outline(used, step, wide, top),
    )


def _used(point: PacePoint, agreed: Pace) -> float:
    return max(point.connections / agreed.connections_per_s, point.requests / agreed.requests_per_s)


def _x(second: float, wide: float) -> float:
    return round(min(second / wide, 1.0) * WIDE, 2)


def _y(height: float, top: float) -> float:
    return round(HIGH - min(height / top, 1.0) * HIGH, 2)


def _dots(places: Iterable[tuple[float, float]]) -> str:
    """A dot is a line without length: with round ends and a stroke that does not scale it stays round."""
    return " ".join(f"M{x} {y} h0.01" for x, y in places)


def _outline(points: Iterable[tuple[int, float]], step: int, wide: float, top: float) -> str:
    """Give the steps of a curve as one closed outline on the lower edge."""
    steps = [f"M0 {HIGH}"]
    for second, share in points:
        steps.append(f"H{_x(second, wide)} V{_y(share, top)} H{_x(second + step, wide)}")
    return " ".join([*steps, f"V{HIGH} Z"])
