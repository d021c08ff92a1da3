"""What the parts of the judge say: a rule is broken and why, or it could not be applied and why not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from plugins.text import Text
from plugins.value import value
from probes.rule import Rule, filled
from probes.set.parts import Answer, Certificate, Request
from probes.target import SetEndpoint


class Breach(NamedTuple):
    """A rule that is broken."""

    rule: Rule
    """The rule."""
    why: Text
    """The cause, in words that do not change from one answer to the next."""
    seen: str = ""
    """What was seen, made printable."""
    declared: str = ""
    """What the declaration says."""


class Gap(NamedTuple):
    """A rule that could not be applied."""

    rule: Rule
    """The rule."""
    reason: str
    """Why."""


class Skip(NamedTuple):
    """A rule that does not apply."""

    rule: Rule
    """The rule."""
    reason: str
    """Why."""


Opinion = Breach | Gap | Skip
"""One thing that is said."""
Opinions = Iterator[Opinion]
"""What one part of the judge says."""


@value
class Case:
    """One answer and what it is held to."""

    endpoint: SetEndpoint
    """What was declared."""
    roots: tuple[Certificate, ...]
    """Declared roots."""
    request: Request
    """What was asked."""
    answer: Answer
    """What came back."""
    at: datetime
    """When, UTC."""


def say(cause: Text, **words: Text | str) -> Text:
    """Fill a cause in."""
    return filled(cause, words)


def day(when: datetime) -> str:
    """Write a day."""
    return f"{when:%Y-%m-%d}"
