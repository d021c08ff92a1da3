"""A check: a signature whose judgement is a Python generator instead of a template.

It yields asks and is fed answers, like a template's program, so it cannot open a socket of its own. Its card is a template without
asks: the same metadata, the same admission. Third parties register checks as entry points of the group `tenken.checks`.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import TypeAlias

from plugins.ask import Answer, Ask, WebEndpoint
from plugins.template.model import Template
from plugins.template.program import Outcome

GROUP = "tenken.checks"
"""Entry-point group in which other packages register checks."""
MOST_ASKS = 40
"""Most asks of one check to one end point."""

CheckProgram: TypeAlias = Generator[Ask, Answer, Outcome]
"""Yields asks, is sent answers, returns an outcome."""


class CheckError(ValueError):
    """A registered check that cannot be used."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)
        self.name, self.problem = name, problem

    def __str__(self) -> str:
        return f"check {self.name}: {self.problem}"


@dataclass(frozen=True)
class Check:
    """One check."""

    card: Template
    """Id, texts, classification, threat, certainty, product gate; no asks."""
    run: Callable[[WebEndpoint], CheckProgram]
    """Starts it on a web end point; a generator function."""

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the module it is written in: a changed check is another check."""
        return _digest(inspect.getsourcefile(self.run) or "")


@cache
def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a module's own source
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        raise CheckError(path, "its source cannot be read, so it cannot be named by a digest") from None


@cache
def registered() -> tuple[Check, ...]:
    """Give the checks that installed packages register, by name; raises `CheckError` for what is none."""
    found = []
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda point: point.name):
        try:
            check = point.load()
        except Exception as error:
            raise CheckError(point.name, f"cannot be loaded: {type(error).__name__}: {error}") from error
        if not isinstance(check, Check) or not inspect.isgeneratorfunction(check.run):
            raise CheckError(point.name, "expected a plugins.check.Check whose run is a generator function")
        found.append(check)
    return tuple(found)
