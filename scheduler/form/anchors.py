"""Trust anchors of a declaration: PEM text, or PEM files in its folder, checked to be certificates and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from plugins.plain_words import clip
from scheduler.form.source import UnreadableError, read_file

MAX_CERTIFICATES = 50
"""Most certificates of one anchor file."""
_MAX_PEM_BYTES = 262_144


def certificates(anchor: str, folder: Path | None) -> tuple[str, ...]:
    """Give the certificates of one entry, each as PEM; raises `ValueError` with the cure.

    `folder` is where the declaration lies; None when it did not come from a file, so that only PEM text is possible.
    """
    pem = anchor.encode() if "-----BEGIN" in anchor else _file(anchor, folder)
    if b"PRIVATE KEY-----" in pem:
        raise ValueError("this holds a private key; remove it from the file and treat the key as lost")
    try:
        found = x509.load_pem_x509_certificates(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(
            "expected one or more certificates in PEM (-----BEGIN CERTIFICATE-----), saw something else"
        ) from None
    if len(found) > MAX_CERTIFICATES:
        raise ValueError(
            f"expected at most {MAX_CERTIFICATES} certificates, saw {len(found)}; name the root certificates only"
        )
    return tuple(each.public_bytes(Encoding.PEM).decode("ascii") for each in found)


def _file(anchor: str, folder: Path | None) -> bytes:
    if folder is None:
        raise ValueError(
            "expected the PEM text itself (-----BEGIN CERTIFICATE-----): this declaration did not come from a file"
        )
    inside = folder.resolve()
    try:
        path = (inside / anchor).resolve()
        if not path.is_relative_to(inside):
            raise ValueError(f"{clip(anchor)} is outside the folder of the declaration; copy the certificate beside it")
        return read_file(path, _MAX_PEM_BYTES)
    except (UnreadableError, OSError, RuntimeError) as error:
        raise ValueError(f"{clip(anchor)}: {clip(str(error), 200)}") from None


def repeated(found: list[tuple[int, str]]) -> Iterator[int]:
    """Give the positions of entries whose certificate was there before."""
    seen: dict[str, int] = {}
    for position, pem in found:
        if seen.setdefault(pem, position) != position:
            yield position
