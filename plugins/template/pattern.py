"""Patterns that meet a server's bytes: RE2 only, linear in time, bounded in memory."""

from __future__ import annotations

from functools import cache
from typing import Any

import re2


class PatternError(ValueError):
    """Not a pattern that RE2 accepts."""

    def __init__(self, pattern: str, reason: str) -> None:
        super().__init__(pattern, reason)
        self.pattern, self.reason = pattern, reason

    def __str__(self) -> str:
        return f"pattern {self.pattern[:80]!a}: {self.reason}"


@cache
def compiled(pattern: str) -> Any:  # noqa: ANN401 - re2 has no types
    """Compile for bytes; raises `PatternError`.

    ASCII patterns see bytes as characters, so `.` also takes what is not UTF-8 (shops still serve Shift_JIS). Others see UTF-8.
    """
    options = re2.Options()
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1 if pattern.isascii() else re2.Options.Encoding.UTF8
    try:
        return re2.compile(pattern.encode(), options)
    except re2.error as error:
        reason = error.args[0] if error.args else "not RE2"
        raise PatternError(pattern, reason.decode() if isinstance(reason, bytes) else str(reason)) from None


def found(pattern: str, data: bytes) -> bool:
    """Tell whether the pattern occurs in `data`."""
    return compiled(pattern).search(data) is not None
