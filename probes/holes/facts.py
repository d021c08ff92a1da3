"""Facts of the holes probe: what of chance the programs saw, and exchanges. Which hole they show is the judge's business."""

from __future__ import annotations

from typing import Literal

from plugins.ask import AnyAnswer, AnyAsk, AnyEndpoint
from plugins.template.chance import Occasion
from plugins.value import value


@value
class HolesBegan:
    """The first fact: with it, a judge asks exactly what was asked."""

    kind: Literal["holes-began"] = "holes-began"
    """Discriminator among facts."""
    occasion: Occasion
    """Chance and clock of this look."""


@value
class Exchange:
    """One ask and what came of it. The key of an exchange is (endpoint, look, ask)."""

    kind: Literal["exchange"] = "exchange"
    """Discriminator among facts."""
    endpoint: AnyEndpoint
    """Where it was sent."""
    ask: AnyAsk
    """The complete send policy."""
    answer: AnyAnswer
    """What came back, or how it failed."""
    look: int = 1
    """1: the first look; 2: the second look, that confirms what the first one showed."""
