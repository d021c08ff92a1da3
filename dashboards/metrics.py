"""The figures for Prometheus: every name, help text and label set, in this one file.

Labels come from closed sets only: never a system's name, an address, or anything that a server said. Everything is derived from the
store when Prometheus asks, so that a restart loses nothing and counters never go back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from plugins.clock import Clock
from probes.finding import Grade
from probes.tally import Tally
from probes.target import Item
from probes.verdict import RULES_VERSION
from scheduler.negotiation import Phase
from scheduler.result import Kind
from scheduler.store.values import Figures, InspectionOutcome, Underway

MEDIA_TYPE = CONTENT_TYPE_LATEST
"""Media type of the text format."""
LEAST_BURST = 1.0
"""What a bound lets through beyond its rate in one second, at least, per server (see `probes.dial.Meter`)."""
BURST_SHARE = 0.02
"""The same as a share of the rate."""


class Bound(StrEnum):
    """Bounds of a pace that are shown."""

    CONNECTIONS = "connections"
    REQUESTS = "requests"
    BYTES = "bytes"


class Direction(StrEnum):
    """Which way bytes went."""

    SENT = "sent"
    RECEIVED = "received"


ENDED = tuple(outcome for outcome in InspectionOutcome if outcome is not InspectionOutcome.RUNNING)
"""Outcomes of inspections that came to an end."""
NOTHING = Figures(
    inspections={}, underway=(), sent=Tally(), windows={}, debts={}, oldest_debt=None, findings={}, plans={}
)
"""Figures of an empty store."""


def _counter(name: str, help_: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"tenken_{name}", help_, labels=labels)


def _gauge(name: str, help_: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"tenken_{name}", help_, labels=labels)


def build() -> Metric:
    """Which version answers."""
    family = _gauge(
        "build_info", "Always 1; the labels say which version of program and rules answers.", "version", "rules"
    )
    family.add_metric([_version(), RULES_VERSION], 1)
    return family


def _version() -> str:
    try:
        return version("tenken")
    except PackageNotFoundError:
        return "unknown"


def inspections(figures: Figures) -> Iterator[Metric]:
    """Inspections: ended, running, past their window."""
    ended = _counter("inspections", "Inspections that came to an end, by kind and outcome.", "kind", "outcome")
    for kind in Kind:
        for outcome in ENDED:
            ended.add_metric([kind, outcome], figures.inspections.get((kind, outcome), 0))
    yield ended
    running = _gauge("inspections_running", "Inspections that run now, by kind.", "kind")
    for kind in Kind:
        running.add_metric([kind], sum(each.kind is kind for each in figures.underway))
    yield running


def overrun(figures: Figures, now: datetime) -> Metric:
    """How far an inspection runs past its window: must be 0 but for moments."""
    family = _gauge(
        "inspection_overrun_seconds", "Longest time by which a running inspection is past the end of its window."
    )
    late = [(now - each.window.end).total_seconds() for each in figures.underway]
    family.add_metric([], max([0.0, *late]))
    return family


def sent(figures: Figures) -> Iterator[Metric]:
    """What was sent."""
    asks = _counter("asks", "Asks sent to inspected servers (HTTP requests, banner dialogues, TLS handshakes).")
    asks.add_metric([], figures.sent.requests)
    yield asks
    connections = _counter("connections", "TCP connections tried to inspected servers.")
    connections.add_metric([], figures.sent.connections)
    yield connections
    octets = _counter("bytes", "Application bytes exchanged with inspected servers, by direction.", "direction")
    octets.add_metric([Direction.SENT], figures.sent.bytes_sent)
    octets.add_metric([Direction.RECEIVED], figures.sent.bytes_received)
    yield octets


def pace(figures: Figures, now: datetime) -> Iterator[Metric]:
    """Pace allowed and used by what runs now."""
    allowed = _gauge(
        "pace_allowed",
        "Most that all running inspections together may do in a second (rate and burst), by bound.",
        "bound",
    )
    used = _gauge(
        "pace_used",
        "What running inspections do in a second, by bound: connections in their worst second (servers added), others on average.",
        "bound",
    )
    for bound in Bound:
        allowed.add_metric([bound], sum(_allowed(each, bound) for each in figures.underway))
        used.add_metric([bound], sum(_used(each, bound, now) for each in figures.underway))
    yield allowed
    yield used


def _allowed(underway: Underway, bound: Bound) -> float:
    agreed = underway.pace
    if bound is Bound.BYTES:
        return float(agreed.bytes_per_s)
    rate = agreed.connections_per_s if bound is Bound.CONNECTIONS else agreed.requests_per_s
    return rate + max(LEAST_BURST * underway.servers, BURST_SHARE * rate)


def _used(underway: Underway, bound: Bound, now: datetime) -> float:
    tally = underway.tally
    if bound is Bound.CONNECTIONS:
        return float(tally.peak_connections_per_s)
    seconds = max(1.0, (now - underway.started).total_seconds())
    return (tally.requests if bound is Bound.REQUESTS else tally.bytes_sent + tally.bytes_received) / seconds


def windows(figures: Figures) -> Iterator[Metric]:
    """How much of the agreed windows was used."""
    agreed = _counter(
        "window_agreed_seconds", "Length of the windows of inspections that came to an end, by kind.", "kind"
    )
    used = _counter(
        "window_used_seconds", "Time from start to end of inspections that came to an end, by kind.", "kind"
    )
    for kind in Kind:
        use = figures.windows.get(kind)
        agreed.add_metric([kind], use.agreed_s if use else 0.0)
        used.add_metric([kind], use.used_s if use else 0.0)
    yield agreed
    yield used
    share = _gauge(
        "window_use_ratio", "Share of their windows that ended inspections used, by kind; 0 when none ended.", "kind"
    )
    for kind in Kind:
        use = figures.windows.get(kind)
        share.add_metric([kind], use.used_s / use.agreed_s if use and use.agreed_s else 0.0)
    yield share


def debts(figures: Figures, now: datetime) -> Iterator[Metric]:
    """What is owed."""
    open_ = _gauge(
        "debts_open", "Items of servers that are not fully tested and wait for a new window, by item.", "item"
    )
    for item in Item:
        open_.add_metric([item], figures.debts.get(item, 0))
    yield open_
    oldest = _gauge("debt_oldest_seconds", "Age of the oldest open debt; 0 when there is none.")
    oldest.add_metric([], (now - figures.oldest_debt).total_seconds() if figures.oldest_debt else 0.0)
    yield oldest


def findings(figures: Figures) -> Metric:
    """What was found."""
    family = _counter("findings", "Findings of all inspections, by grade.", "grade")
    for grade in Grade:
        family.add_metric([grade], figures.findings.get(grade, 0))
    return family


def plans(figures: Figures) -> Metric:
    """How plans stand."""
    family = _gauge("plans", "Inspection plans, by phase.", "phase")
    for phase in Phase:
        family.add_metric([phase], figures.plans.get(phase, 0))
    return family


class _FromTheStore(Collector):
    """Asks the store whenever Prometheus asks."""

    def __init__(self, look: Callable[[], Figures], clock: Clock) -> None:
        self._look = look
        self._clock = clock

    def describe(self) -> list[Metric]:
        """Nothing: otherwise the store would be asked before it is open."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give every family."""
        yield from families(self._look(), self._clock.now())


def families(figures: Figures, now: datetime) -> Iterator[Metric]:
    """Give every family of figures."""
    yield build()
    yield from inspections(figures)
    yield overrun(figures, now)
    yield from sent(figures)
    yield from pace(figures, now)
    yield from windows(figures)
    yield from debts(figures, now)
    yield findings(figures)
    yield plans(figures)


def registry(look: Callable[[], Figures], clock: Clock) -> CollectorRegistry:
    """Give a registry of its own, so that nothing else of the process is shown."""
    made = CollectorRegistry(auto_describe=False)
    made.register(_FromTheStore(look, clock))
    return made


def text(shown: CollectorRegistry) -> bytes:
    """Give the figures in the text format."""
    return generate_latest(shown)


def names() -> frozenset[str]:
    """Give every name of a time series, as an expression writes it."""
    from_nothing = families(NOTHING, datetime.min.replace(tzinfo=UTC))
    return frozenset(sample.name for family in from_nothing for sample in family.samples)
