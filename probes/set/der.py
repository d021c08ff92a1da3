"""Whether bytes are one DER element, whole and within bounds (ITU-T X.690, section 10). Pure, without recursion.

Everything that a merchant sends passes here before a decoder sees it, so that no decoder meets indefinite lengths, deep nesting
or crowds of elements. What stands inside an implicit tag is checked by shape only: its type is not written in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MAX_BYTES = 262_144
"""Longest encoding that is read."""
MAX_DEPTH = 40
"""Deepest nesting; SET needs about twenty."""
MAX_ELEMENTS = 60_000
"""Most elements; a CRL has four for each revoked certificate."""

_CONSTRUCTED = 0x20
_SET = 0x31
_UNIVERSAL_CONSTRUCTED = {0x30, 0x31}


class DerError(ValueError):
    """Bytes that are not one DER element, and where they stop being it."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason, offset)
        self.reason, self.offset = reason, offset

    def __str__(self) -> str:
        return f"{self.reason} at byte {self.offset}"


@dataclass
class _Open:
    """A constructed element whose contents are being read."""

    tag: int
    end: int
    last: bytes = b""


@dataclass
class _Reader:
    """Walks over the elements of one encoding."""

    data: bytes
    open: list[_Open] = field(default_factory=list)
    elements: int = 0

    def element(self, at: int) -> int:
        """Read the element at `at`: give the offset of what is read next, inside it or behind it."""
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise DerError(f"more than {MAX_ELEMENTS} elements", at)
        first, start = self._identifier(at)
        length, start = self._length(start)
        end = start + length
        if end > (self.open[-1].end if self.open else len(self.data)):
            raise DerError("the element is longer than what holds it, or the rest is missing", at)
        self._in_order(at, end)
        if not first & _CONSTRUCTED:
            _primitive(first, self.data[start:end], at)
            return end
        if first < 0x40 and first not in _UNIVERSAL_CONSTRUCTED:
            raise DerError("BER: a simple type in pieces", at)
        if len(self.open) == MAX_DEPTH:
            raise DerError(f"nested more than {MAX_DEPTH} deep", at)
        self.open.append(_Open(first, end))
        return start

    def _byte(self, at: int) -> int:
        if at >= len(self.data):
            raise DerError("it ends in the middle of an element", len(self.data))
        return self.data[at]

    def _identifier(self, at: int) -> tuple[int, int]:
        first = self._byte(at)
        if first & 0x1F != 0x1F:
            return first, at + 1
        number, position = 0, at + 1
        while True:
            byte = self._byte(position)
            number = number << 7 | byte & 0x7F
            position += 1
            if not byte & 0x80:
                break
            if position - at > 4 or number == 0:
                raise DerError("a tag number that is too long", at)
        if number < 0x1F:
            raise DerError("a tag number in more bytes than it needs", at)
        return first, position

    def _length(self, at: int) -> tuple[int, int]:
        first = self._byte(at)
        if first < 0x80:
            return first, at + 1
        count = first & 0x7F
        if count == 0:
            raise DerError("BER: a length that is not given (indefinite)", at)
        self._byte(at + count)
        length = int.from_bytes(self.data[at + 1 : at + 1 + count])
        if length < 0x80 or self.data[at + 1] == 0:
            raise DerError("BER: a length in more bytes than it needs", at)
        return length, at + 1 + count

    def _in_order(self, at: int, end: int) -> None:
        """The members of a SET OF come in ascending order (X.690, section 11.6)."""
        if self.open and self.open[-1].tag == _SET:
            encoding = self.data[at:end]
            if encoding < self.open[-1].last:
                raise DerError("BER: members of a set that are not in order", at)
            self.open[-1].last = encoding


def check(data: bytes) -> None:
    """Return when `data` is exactly one DER element; raises `DerError`."""
    if len(data) > MAX_BYTES:
        raise DerError(f"more than {MAX_BYTES} bytes", MAX_BYTES)
    if not data:
        raise DerError("nothing", 0)
    reader = _Reader(data)
    at = reader.element(0)
    while True:
        while reader.open and reader.open[-1].end == at:
            reader.open.pop()
        if not reader.open:
            break
        at = reader.element(at)
    if at != len(data):
        raise DerError("more bytes behind the end", at)


def _boolean(contents: bytes) -> bool:
    return contents in {b"\x00", b"\xff"}


def _integer(contents: bytes) -> bool:
    if len(contents) < 2:
        return len(contents) == 1
    return not (contents[0] == 0 and contents[1] < 0x80) and not (contents[0] == 0xFF and contents[1] >= 0x80)


def _bits(contents: bytes) -> bool:
    if not contents or contents[0] > 7 or (len(contents) == 1 and contents[0]):
        return False
    return not contents[-1] & ((1 << contents[0]) - 1) if len(contents) > 1 else True


def _object_identifier(contents: bytes) -> bool:
    starts = [True, *(byte < 0x80 for byte in contents[:-1])]
    padded = any(byte == 0x80 and start for byte, start in zip(contents, starts, strict=False))
    return bool(contents) and contents[-1] < 0x80 and not padded


def _utc_time(contents: bytes) -> bool:
    """YYMMDDHHMMSSZ (X.690, section 11.8)."""
    return len(contents) == 13 and contents.endswith(b"Z") and contents[:-1].isdigit()


def _generalized_time(contents: bytes) -> bool:
    """YYYYMMDDHHMMSS, a fraction only when there is one, Z (X.690, section 11.7)."""
    whole, point, fraction = contents[:-1].partition(b".")
    right = len(whole) == 14 and whole.isdigit() and contents.endswith(b"Z")
    return right and (not point or (fraction.isdigit() and not fraction.endswith(b"0")))


_RULES: Mapping[int, tuple[str, Callable[[bytes], bool]]] = {
    0x01: ("a truth value", _boolean),
    0x02: ("a number", _integer),
    0x03: ("a bit string", _bits),
    0x05: ("a null", lambda contents: not contents),
    0x06: ("an object identifier", _object_identifier),
    0x0A: ("an enumerated number", _integer),
    0x17: ("a time", _utc_time),
    0x18: ("a time", _generalized_time),
}


def _primitive(tag: int, contents: bytes, at: int) -> None:
    if tag in {0x00, 0x10, 0x11}:
        raise DerError("BER: a tag that stands for nothing here", at)
    if tag in _RULES:
        what, holds = _RULES[tag]
        if not holds(contents):
            raise DerError(f"BER: {what} that is not written as DER asks", at)
