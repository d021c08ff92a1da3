"""The secret of this installation that control tokens are made with: 32 random bytes in a file that only its owner may read."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

SIZE = 32
"""Bytes of the secret."""


class SecretFileError(Exception):
    """The file of the secret cannot be used."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


def load_or_create(path: Path) -> bytes:
    """Load the secret, made on first use with mode 0600; raises `SecretFileError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _create(path)
        return _load(path)
    except OSError as error:
        raise SecretFileError(str(path), f"cannot be used: {error.strerror}") from None


def _create(path: Path) -> None:
    # Written whole beside it, then linked: two first starts at once end with one secret.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600 by itself
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(SIZE))
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    Path(draft).unlink()


def _load(path: Path) -> bytes:
    state = path.stat()
    mode = stat.S_IMODE(state.st_mode)
    if mode & 0o077:
        raise SecretFileError(str(path), f"expected mode 0600, seen {mode:04o}; run: chmod 600 {path}")
    if not stat.S_ISREG(state.st_mode) or state.st_size != SIZE:
        raise SecretFileError(str(path), f"expected a file of {SIZE} bytes; move it away to get a new secret")
    return path.read_bytes()
