"""The few bytes of a certificate that libraries do not show, read strictly (X.690, DER). Pure."""

from __future__ import annotations

from collections.abc import Iterator

SEQUENCE, INTEGER, BIT_STRING, OBJECT_ID, EXPLICIT_0 = 0x30, 0x02, 0x03, 0x06, 0xA0
_LONGEST = 4
"""Most octets of a length: 4 GiB are more than anybody sends."""


class DerError(ValueError):
    """Bytes that are not DER where DER was expected."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return f"not DER: {self.why}"


def head(data: bytes, at: int = 0) -> tuple[int, int, int]:
    """Give tag, start and end of the content of the element at `at`; raises `DerError`."""
    if at + 2 > len(data):
        raise DerError("it ends in the middle")
    tag, size, start = data[at], data[at + 1], at + 2
    if size >= 0x80:
        octets = size & 0x7F
        if not 1 <= octets <= _LONGEST or start + octets > len(data):
            raise DerError("a length of indefinite or impossible form")
        size = int.from_bytes(data[start : start + octets], "big")
        start += octets
    if start + size > len(data):
        raise DerError("it ends in the middle")
    return tag, start, start + size


def parts(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Give tag, content and the whole bytes of every element inside the element `data`; raises `DerError`."""
    _, at, end = head(data)
    while at < end:
        tag, start, stop = head(data, at)
        if stop > end:
            raise DerError("an element sticks out of the one around it")
        yield tag, data[start:stop], data[at:stop]
        at = stop


class Bones:
    """The skeleton of a signed certificate or CRL: both have the same outer form (RFC 5280, sections 4.1 and 5.1)."""

    def __init__(self, der: bytes) -> None:
        outer = list(parts(der))
        if len(outer) != 3 or [tag for tag, *_ in outer] != [SEQUENCE, SEQUENCE, BIT_STRING]:
            raise DerError("neither a certificate nor a CRL")
        self.signed = outer[0][2]
        """The bytes that are signed."""
        self.outer_algorithm = outer[1][2]
        """AlgorithmIdentifier outside of what is signed."""
        self.inside = list(parts(self.signed))
        """The elements of what is signed."""

    @property
    def algorithms_agree(self) -> bool:
        """Whether the algorithm inside of what is signed is the one outside (section 4.1.1.2)."""
        return any(whole == self.outer_algorithm for tag, _, whole in self.inside if tag == SEQUENCE)

    @property
    def serial(self) -> bytes:
        """The octets of a certificate's serial number; empty when there is none."""
        return next((content for tag, content, _ in self.inside[:2] if tag == INTEGER), b"")
