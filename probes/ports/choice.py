"""A choice of TCP ports in a few letters: a preset or a list. Pure."""

from __future__ import annotations

from probes.ports.top1000 import TOP_1000
from probes.target import PortRange

HIGHEST = 65_535
PRESETS: dict[str, tuple[PortRange, ...]] = {
    "declared": (),
    "top-1000": TOP_1000,
    "all": (PortRange(first=1, last=HIGHEST),),
}
"""Ports beside the declared ones, by name."""
_EXPECTED = f"expected {', '.join(PRESETS)}, or ports and ranges such as 1-1024,8080"


def chosen(text: str) -> tuple[PortRange, ...]:
    """Read a choice; raises `ValueError` that says what was expected and what was seen."""
    word = text.strip()
    return PRESETS[word] if word in PRESETS else tuple(_range(part.strip()) for part in word.split(","))


def _range(text: str) -> PortRange:
    first, dash, last = text.partition("-")
    if not all(number.isascii() and number.isdigit() for number in (first, *([last] if dash else []))):
        raise ValueError(f"{text!r} is no port and no range; {_EXPECTED}")
    ports = PortRange(first=int(first), last=int(last or first))
    if not 1 <= ports.first <= ports.last <= HIGHEST:
        raise ValueError(f"{text!r} is outside 1-{HIGHEST}, or begins after its end; {_EXPECTED}")
    return ports
