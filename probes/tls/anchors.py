"""Trust anchors: Mozilla's set, as certifi carries it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import certifi
from cryptography import x509


@cache
def mozilla() -> tuple[x509.Certificate, ...]:
    """Give Mozilla's anchors; read once."""
    return tuple(load(Path(certifi.where()).read_bytes()))


def anchors(more: Iterable[str]) -> tuple[x509.Certificate, ...]:
    """Give Mozilla's anchors and those that the order names, PEM; raises `ValueError`."""
    return (*mozilla(), *(certificate for pem in more for certificate in load(pem.encode())))


def load(pem: bytes) -> list[x509.Certificate]:
    """Read PEM certificates; raises `ValueError`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some certificates have serial numbers that RFC 5280 does not allow
        return x509.load_pem_x509_certificates(pem)
