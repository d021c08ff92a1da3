"""A choice of TCP ports in a few letters: a preset or a list. Pure."""

from __future__ import annotations

from probes.ports.top1000 import TOP_1000
from probes.target import PortRange

HIGHEST = 65_535
MAX_PARTS = 40
"""Most ports and ranges of a choice that is no preset: whoever agrees to it reads every one."""
PRESETS: dict[str, tuple[PortRange, ...]] = {
    "declared": (),
    "top-1000": TOP_1000,
    "all": (PortRange(first=1, last=HIGHEST),),
}
"""Ports beside the declared ones, by name."""
EXPECTED = f"{', '.join(PRESETS)}, or at most {MAX_PARTS} ports and ranges such as 1-1024,8080"


def chosen(text: str) -> tuple[PortRange, ...]:
    """Read a choice; raises `ValueError` that says what was expected and what was seen."""
    word = text.strip()
    if word in PRESETS:
        return PRESETS[word]
    parts = word.split(",")
    if len(parts) > MAX_PARTS:
        raise ValueError(f"{len(parts)} ports and ranges; expected {EXPECTED}")
    return tuple(_range(part.strip()) for part in parts)


def worded(picked: tuple[PortRange, ...]) -> str:
    """Give a choice in the letters that `chosen` reads."""
    for name, ports in PRESETS.items():
        if picked == ports:
            return name
    return ",".join(str(part.first) if part.first == part.last else f"{part.first}-{part.last}" for part in picked)


def readable(picked: tuple[PortRange, ...]) -> bool:
    """Tell whether `chosen` can give this choice: a preset, or few ports and ranges that exist."""
    return picked in PRESETS.values() or (len(picked) <= MAX_PARTS and all(map(_exists, picked)))


def _range(text: str) -> PortRange:
    first, dash, last = text.partition("-")
    if (
        not all(number.isascii() and number.isdigit() for number in (first, *([last] if dash else [])))
        or len(text) > 11
    ):
        raise ValueError(f"{text[:40]!r} is no port and no range; expected {EXPECTED}")
    ports = PortRange(first=int(first), last=int(last or first))
    if not _exists(ports):
        raise ValueError(f"{text!r} is outside 1-{HIGHEST}, or begins after its end; expected {EXPECTED}")
    return ports


def _exists(ports: PortRange) -> bool:
    return 1 <= ports.first <= ports.last <= HIGHEST
