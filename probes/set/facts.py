"""Facts about a SET end point: what was asked and what came back. Whether that is right is the judge's business."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Discriminator

from plugins.ask import HttpAnswer, NoAnswer
from plugins.value import value


class Step(StrEnum):
    """What an exchange was for."""

    INITIATION = "initiation"
    """The page that gives the initiation message."""
    FIRST = "first"
    """PInitReq."""
    AGAIN = "again"
    """Another PInitReq, with ids and challenge of its own: what has to be new with every request is seen to be new."""


@value
class SetExchange:
    """One exchange with a SET end point at one address."""

    kind: Literal["set-exchange"] = "set-exchange"
    """Discriminator among facts."""
    url: str
    """Declared URL of the end point."""
    address: str
    """Address that was dialled."""
    step: Step
    """What it was for."""
    reading: str
    """Version of `probes.set.unconfirmed` under which it was asked."""
    sent: bytes = b""
    """DER of the PInitReq; empty for the initiation page."""
    answer: Annotated[HttpAnswer | NoAnswer, Discriminator("kind")]
    """What came back, or how it failed."""
