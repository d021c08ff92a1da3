"""The catalogue of checks: one line each, and whatever installed packages register."""

from __future__ import annotations

from functools import cache

from plugins.check import Check, CheckError, registered
from plugins.checks import backup_of_script, session_number

OWN: tuple[Check, ...] = (backup_of_script.CHECK, session_number.CHECK)
"""Checks of this tree."""


@cache
def catalogue() -> tuple[Check, ...]:
    """Give every check, by id; raises `CheckError`."""
    by_id: dict[str, Check] = {}
    for check in (*OWN, *registered()):
        if by_id.setdefault(check.card.id, check) is not check:
            raise CheckError(check.card.id, "is registered twice; every id is given once")
    return tuple(by_id[name] for name in sorted(by_id))


def find(identifier: str) -> Check:
    """Give a check by its id; raises `CheckError`."""
    for check in catalogue():
        if check.card.id == identifier:
            return check
    raise CheckError(identifier, "is not installed here")
