"""Interference: something between us and the server answers in its place, so what is seen says nothing about the server. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from probes.ports.facts import SweepSeen
from probes.services.facts import ServiceSeen

FEWEST_PORTS = 50
"""Undeclared ports that must have been dialled before their number says anything."""
OPEN_SHARE = 0.9
"""Share of them above which it is not the server that answers."""
FEWEST_BANNERS = 20
"""Undeclared open ports that must say the same."""


def everything_open(answering: int, dialled: int) -> bool:
    """Tell whether so many of the undeclared ports answer that a SYN proxy or a tarpit must be in between."""
    return dialled >= FEWEST_PORTS and answering > dialled * OPEN_SHARE


def flooded(sweep: SweepSeen) -> bool:
    """Tell whether at least as many answers came unasked as there were knocks: it is not the server that sends those."""
    knocks = sum(wave.knocks for wave in sweep.waves) + sweep.rechecks
    return sweep.excess >= max(FEWEST_PORTS, knocks)


def same_words_everywhere(undeclared: Sequence[ServiceSeen]) -> bool:
    """Tell whether (almost) all undeclared open ports say the same thing that no known service says."""
    if len(undeclared) < FEWEST_BANNERS:
        return False
    banners = Counter(seen.banner for seen in undeclared if seen.banner and not seen.service)
    return bool(banners) and banners.most_common(1)[0][1] > len(undeclared) * OPEN_SHARE
