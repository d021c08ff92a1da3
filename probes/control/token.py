"""The token that proves control: made from what is declared and a secret of this installation."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

import rfc8785

MARK = "tenken-control="
"""What stands before the token wherever it is published."""
LEAST_SECRET = 16
"""Fewest bytes of a secret."""


class WeakSecretError(ValueError):
    """A secret that could be guessed."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size

    def __str__(self) -> str:
        return f"control secret: expected at least {LEAST_SECRET} bytes, seen {self.size}; make a new one"


def token(system_name: str, host_names: Iterable[str], secret: bytes) -> str:
    """Give the token of a system: HMAC-SHA256, 64 hex digits. It stays the same until name, host names or secret change."""
    if len(secret) < LEAST_SECRET:
        raise WeakSecretError(len(secret))
    declared = rfc8785.dumps(["tenken-control/1", system_name, sorted(set(host_names))])
    return hmac.new(secret, declared, hashlib.sha256).hexdigest()


def proof_line(made: str) -> str:
    """Give the line that is published: as TXT record, or as the whole page.

    The page holds more than what its path holds, so that a server that echoes paths proves nothing.
    """
    return f"{MARK}{made}"


def page_path(made: str) -> str:
    """Give the path of the page that holds the token."""
    return f"/.well-known/tenken/{made}"
