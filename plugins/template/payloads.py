"""Payloads: which values stand in the marked places together (semantics 9)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

from plugins.template.filling import Filling
from plugins.template.model import Payloads, Template

MAX_VALUES = 100
"""Most values of one list."""


def count(payloads: Payloads) -> int:
    """Give the number of combinations; 1 when there are no payloads."""
    sizes = [len(values) for _, values in payloads.lists]
    if not sizes:
        return 1
    return min(sizes) if payloads.attack == "pitchfork" else math.prod(sizes)


def planned_asks(template: Template) -> int:
    """Give the number of asks that a template sends when nothing redirects it."""
    over_http = sum(len(block.requests) * count(block.payloads) for block in template.http)
    over_tcp = sum(count(block.payloads) for block in template.tcp)
    return over_http + over_tcp + len(template.dns) + len(template.ssl)


def combinations(payloads: Payloads) -> Iterator[dict[str, Filling]]:
    """Give every combination, the last list turning fastest; one empty combination when there are no payloads.

    batteringram: one list, each value in all places at once; pitchfork: lists side by side, as long as the shortest;
    clusterbomb: each value with each.
    """
    names = [name for name, _ in payloads.lists]
    lists = [values for _, values in payloads.lists]
    walked = zip(*lists, strict=False) if names and payloads.attack == "pitchfork" else product(*lists)
    for chosen in walked:
        yield dict(zip(names, chosen, strict=True))
