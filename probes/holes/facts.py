"""Facts of the holes probe: exchanges. Which hole they show is the judge's business."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator

from plugins.ask import HttpAnswer, HttpAsk, NoAnswer, WebEndpoint
from plugins.value import value


@value
class Exchange:
    """One ask and what came of it. The key of an exchange is (endpoint, ask)."""

    kind: Literal["exchange"] = "exchange"
    """Discriminator among facts."""
    endpoint: WebEndpoint
    """Where it was sent."""
    ask: HttpAsk
    """The complete send policy."""
    answer: Annotated[HttpAnswer | NoAnswer, Discriminator("kind")]
    """What came back, or how it failed."""
