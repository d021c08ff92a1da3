"""Percentiles of latencies, and the bound that follows from them. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from probes.pulse.facts import Pulse


def percentile(latencies: Sequence[float], share: float) -> float:
    """Give the nearest-rank percentile (`share` 0..1): the smallest value that so many are not above. 0 of nothing."""
    if not latencies:
        return 0.0
    rank = max(1, math.ceil(share * len(latencies)))
    return sorted(latencies)[rank - 1]


def p95(latencies: Sequence[float]) -> float:
    """Give the 95th percentile; with fewer than 20 values that is the largest, which errs on the gentle side."""
    return percentile(latencies, 0.95)


def allowance_s(pulse: Pulse, baseline_p95: float) -> float:
    """Give how much slower the page may become: the larger of the agreed percentage and the agreed milliseconds."""
    return max(baseline_p95 * pulse.added_latency_percent / 100, pulse.added_latency_ms / 1000)


def bound_s(pulse: Pulse, baseline_p95: float) -> float:
    """Give the p95 that the page may have while it is inspected."""
    return baseline_p95 + allowance_s(pulse, baseline_p95)
