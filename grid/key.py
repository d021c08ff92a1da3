"""Signing keys (Ed25519, RFC 8032) and their ids."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TrustedKeys = dict[str, bytes]
"""Key id -> raw Ed25519 public key (32 bytes). Plain bytes, so that it can travel to a worker."""


class KeyFileError(Exception):
    """The key file cannot be used."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


def raw_public(key: Ed25519PublicKey) -> bytes:
    """Give the 32 bytes of a public key."""
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def key_id(public: bytes) -> str:
    """Give the id of a raw public key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def trusted(*keys: Ed25519PrivateKey) -> TrustedKeys:
    """Give the trust set that holds the public halves of `keys`."""
    raws = [raw_public(key.public_key()) for key in keys]
    return {key_id(raw): raw for raw in raws}


def load_or_create(path: Path) -> Ed25519PrivateKey:
    """Load the local signing key, made on first use with mode 0600; raises `KeyFileError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _create(path)
        return _load(path)
    except OSError as error:
        raise KeyFileError(str(path), f"cannot be used: {error.strerror}") from None


def _create(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # Written whole beside it, then linked: two first starts at once end with one key, and never with half a file.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600 by itself
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    with contextlib.suppress(FileExistsError):  # the other start was first; its key is loaded next
        Path(path).hardlink_to(draft)
    Path(draft).unlink()


def _load(path: Path) -> Ed25519PrivateKey:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise KeyFileError(str(path), f"expected mode 0600, seen {mode:04o}; run: chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(
            str(path), "expected an Ed25519 private key in PEM (PKCS #8); move the file away to get a new one"
        )
    return key
