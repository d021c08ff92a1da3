"""Reading a small file of an operator: bounded, never hanging, whatever the path leads to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from plugins.strict_yaml import MAX_BYTES


class UnreadableError(ValueError):
    """A file that cannot be read; the reason is for the operator."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return self.reason


def read_file(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Read a regular file of at most `limit` bytes; raises `UnreadableError`."""
    try:
        # Without O_NONBLOCK the opening of a FIFO waits for a writer that may never come.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise UnreadableError(str(path), _reason(error)) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnreadableError(str(path), "not a regular file; give the path of a text file")
        data = _read(descriptor, limit + 1)
    except OSError as error:
        raise UnreadableError(str(path), _reason(error)) from None
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise UnreadableError(str(path), f"larger than {limit} bytes; is this the right file?")
    return data


def _read(descriptor: int, size: int) -> bytes:
    parts = []
    while size > 0 and (part := os.read(descriptor, min(size, 65_536))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file; check the path"
    if isinstance(error, PermissionError):
        return "this file may not be read; check its permissions"
    return f"cannot be read ({getattr(error, 'strerror', None) or error}); check the path"
