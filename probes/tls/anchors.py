"""Trust anchors: Mozilla's set, as certifi carries it, and those that an order names."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import certifi

from probes.tls.chain.certificate import Certificate, pem_bodies, readable

MOZILLA = f"certifi {certifi.__version__}"
"""Which set of Mozilla's anchors this is."""


@cache
def mozilla() -> tuple[Certificate, ...]:
    """Give Mozilla's anchors; read once."""
    return tuple(readable(pem_bodies(Path(certifi.where()).read_bytes()))[0])


@cache
def vouched() -> frozenset[str]:
    """Give the fingerprints of the anchors whose form Mozilla's programme vouches for."""
    return frozenset(anchor.fingerprint for anchor in mozilla())


def anchor_certificates(more: Iterable[str]) -> tuple[Certificate, ...]:
    """Give Mozilla's anchors and those that the order names, PEM; raises `UnreadableError`, a `ValueError`."""
    named = [Certificate(der) for pem in more for der in pem_bodies(pem.encode())]
    return (*mozilla(), *named)
