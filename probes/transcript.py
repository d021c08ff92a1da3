"""Transcripts: what went over one connection, byte for byte, kept as evidence."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum

from plugins import canonical
from plugins.value import value


class Direction(StrEnum):
    """Who sent it."""

    SENT = "sent"
    RECEIVED = "received"


@value
class Passage:
    """Bytes that went one way without a turn in between."""

    direction: Direction
    """Who sent them."""
    data: bytes
    """The bytes, cut to what the transcript may hold."""


@value
class Transcript:
    """One connection."""

    server: str
    """Name of the declared server."""
    address: str
    """Peer address."""
    port: int
    """Peer TCP port."""
    tls: bool
    """True: the passages are what was inside TLS."""
    started: datetime
    """Connection made, UTC."""
    passages: tuple[Passage, ...]
    """In order."""
    cut: bool = False
    """True: more bytes went over the wire than are kept."""
    ended: str = ""
    """How it failed; empty when it ended as meant."""

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON: the name under which evidence is stored and referred to."""
        return hashlib.sha256(canonical.dumps(self)).hexdigest()


def printable(data: bytes, limit: int = 200) -> str:
    r"""Show server bytes safely: printable ASCII stays, everything else becomes `\xNN`; cut at `limit` bytes."""
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7F and byte != 0x5C else f"\\x{byte:02x}" for byte in data[:limit])
    return shown + ("..." if len(data) > limit else "")
