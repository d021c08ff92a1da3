"""Tokens: who may speak for which side. The store keeps hashes only, so a stolen database opens nothing.

A token is `<id>.<secret>`. The secret has 256 random bits, so a plain SHA-256 of it cannot be guessed back.
"""

from __future__ import annotations

import hashlib
import secrets
from enum import StrEnum

from plugins.value import value


class Role(StrEnum):
    """What a token is for."""

    REVIEW_BODY = "review-body"
    """Registers systems, offers, counters, accepts, withdraws, stops; sees everything."""
    OPERATOR = "operator"
    """Counters, accepts, declines, stops for one system; sees that one only."""
    MONITOR = "monitor"
    """Reads /metrics and nothing else."""


@value
class Principal:
    """Who is asking."""

    role: Role
    """What it may do."""
    system: str = ""
    """The operator's system; empty for the other roles."""


@value
class NewToken:
    """A token on its way to its owner."""

    token_id: str
    """Public part: finds the row."""
    secret: str
    """Secret part: never stored."""

    @property
    def text(self) -> str:
        """The token as its owner writes it."""
        return f"{self.token_id}.{self.secret}"

    @property
    def digest(self) -> str:
        """What the store keeps."""
        return digest(self.secret)


def new_token() -> NewToken:
    """Make a token from the machine's randomness."""
    return NewToken(token_id=secrets.token_hex(8), secret=secrets.token_urlsafe(32))


def digest(secret: str) -> str:
    """Give the hash of a secret part."""
    return hashlib.sha256(secret.encode()).hexdigest()


def split(text: str) -> tuple[str, str]:
    """Give id and secret of a token as it was sent; of rubbish, something that no row has."""
    token_id, _, secret = text.partition(".")
    return token_id, secret


def matches(secret: str, kept: str) -> bool:
    """Compare a secret with the kept hash, in constant time."""
    return secrets.compare_digest(digest(secret), kept)
