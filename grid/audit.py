"""The audit log: who did what, append-only, hash-chained and signed (promise 10).

One canonical JSON document a line. Every entry carries the SHA-256 of the line before it, and an Ed25519 signature, so that a
change of any byte, a removed, added or moved entry is noticed and named. A second file, the head, holds the number and digest of
the newest entry, so that a cut-off tail is noticed too. What this cannot see: somebody who restores an older log *and* its head
together; for that, keep the head somewhere else as well (`tenken audit verify` prints it).

An action that cannot be logged does not happen: `append` returns only when the entry is on the disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from grid.key import TrustedKeys, key_id, raw_public
from plugins import canonical
from plugins.clock import Clock
from plugins.value import value

_DOMAIN = b"tenken-audit/1\n"
_START = "0" * 64
"""What the first entry names as its predecessor."""
_MAX_LINE = 65_536


class Action(StrEnum):
    """What was done."""

    SYSTEM_REGISTERED = "system-registered"
    PLAN_OFFERED = "plan-offered"
    PLAN_COUNTERED = "plan-countered"
    PLAN_ACCEPTED = "plan-accepted"
    PLAN_DECLINED = "plan-declined"
    PLAN_WITHDRAWN = "plan-withdrawn"
    ORDER_SEALED = "order-sealed"
    INSPECTION_STARTED = "inspection-started"
    INSPECTION_ENDED = "inspection-ended"
    RUN_VOID = "run-void"
    STOP_CALLED = "stop-called"
    PACE_LOWERED = "pace-lowered"
    PULSE_ABORTED = "pulse-aborted"
    PACK_SIGNED = "pack-signed"
    PACK_TAKEN = "pack-taken"
    LOG_MENDED = "log-mended"


class AuditError(Exception):
    """The log cannot be written, or what it holds is not what was written."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(where, problem)
        self.where, self.problem = where, problem

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


@value
class Entry:
    """One thing that was done."""

    number: int
    """1, 2, 3, ..."""
    at: datetime
    """When, UTC."""
    actor: str
    """Who: `review-body`, `operator:<system>`, `cli:<user>`, `grid`."""
    action: Action
    """What."""
    subject: str
    """To what: a system, a plan, an order."""
    detail: str = ""
    """Anything that a reader in a dispute needs."""
    previous: str
    """SHA-256 (hex) of the line before, without its newline."""


@value
class _Line:
    """How an entry stands in the file."""

    entry: Entry
    key_id: str
    signature: bytes


@value
class Head:
    """The newest entry."""

    number: int
    """Its number; 0: the log is empty."""
    digest: str
    """SHA-256 (hex) of its line."""


class AuditLog:
    """Appends to one log file. Several processes may hold the same log."""

    def __init__(self, path: Path, key: Ed25519PrivateKey, clock: Clock) -> None:
        self._path = path
        self._key = key
        self._key_id = key_id(raw_public(key.public_key()))
        self._clock = clock

    def append(self, actor: str, action: Action, subject: str, detail: str = "") -> Entry:
        """Write one entry and wait until it is on the disk; raises `AuditError`, and then the action must not happen."""
        try:
            with _locked(self._path) as handle:
                head = self._mend(handle)
                return self._write(handle, head, actor, action, subject, detail)
        except OSError as error:
            raise AuditError(
                str(self._path), f"cannot be written ({error.strerror}); the action does not happen"
            ) from None

    def _mend(self, handle: int) -> Head:
        """Take away a line that a crash tore: its `append` never returned, so its action never happened. Log that, too."""
        size = os.fstat(handle).st_size
        tail = os.pread(handle, _MAX_LINE * 2, max(0, size - _MAX_LINE * 2))
        torn = len(tail) - (tail.rfind(b"\n") + 1)
        head = _head_of(tail[: len(tail) - torn], str(self._path))
        kept = _read_head(self._path)
        if kept.number > head.number:
            raise AuditError(
                str(self._path), f"head says {kept.number} entries, the log has {head.number}: entries were cut off"
            )
        if not torn:
            return head
        os.ftruncate(handle, size - torn)
        self._write(
            handle, head, "grid", Action.LOG_MENDED, self._path.name, f"{torn} bytes of an unfinished entry removed"
        )
        return _head_of(
            os.pread(handle, _MAX_LINE * 2, max(0, os.fstat(handle).st_size - _MAX_LINE * 2)), str(self._path)
        )

    def _write(self, handle: int, head: Head, actor: str, action: Action, subject: str, detail: str) -> Entry:
        entry = Entry(
            number=head.number + 1,
            at=self._clock.now(),
            actor=actor,
            action=action,
            subject=subject,
            detail=detail,
            previous=head.digest,
        )
        signature = self._key.sign(_DOMAIN + canonical.dumps(entry))
        line = canonical.dumps(_Line(entry=entry, key_id=self._key_id, signature=signature))
        if len(line) > _MAX_LINE:
            raise AuditError(str(self._path), f"entry of {len(line)} bytes; expected at most {_MAX_LINE}")
        _write_all(handle, line + b"\n")
        os.fsync(handle)
        _write_head(self._path, Head(number=entry.number, digest=hashlib.sha256(line).hexdigest()))
        return entry


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _write_head(path: Path, head: Head) -> None:
    draft = path.with_suffix(".head.part")
    draft.write_bytes(canonical.dumps(head))
    draft.replace(path.with_suffix(".head"))


def _read_head(path: Path) -> Head:
    file = path.with_suffix(".head")
    try:
        return canonical.loads(Head, file.read_bytes())
    except FileNotFoundError:
        # Only a log without entries, or with one whose append was torn, may have no head.
        return Head(number=0, digest=_START)
    except canonical.NotCanonicalError as error:
        raise AuditError(str(file), str(error)) from None


def _head_of(tail: bytes, where: str) -> Head:
    """Give the head of the log that ends with `tail` (whole lines at its end)."""
    if not tail:
        return Head(number=0, digest=_START)
    line = tail[:-1].rsplit(b"\n", 1)[-1]
    try:
        return Head(number=canonical.loads(_Line, line).entry.number, digest=hashlib.sha256(line).hexdigest())
    except canonical.NotCanonicalError as error:
        raise AuditError(where, f"the newest entry cannot be read ({error}); verify the log before going on") from None


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def entries(path: Path) -> Iterator[Entry]:
    """Give what a log says, in order, unchecked (see `verify`); raises `AuditError` naming a line that is no entry."""
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(_MAX_LINE + 2), b""), 1):
            try:
                yield canonical.loads(_Line, line).entry
            except canonical.NotCanonicalError as error:
                raise AuditError(f"{path}:{number}", f"not an entry: {error}") from None


def verify(path: Path, trusted: TrustedKeys) -> Head:
    """Check every entry, the chain and the head; raises `AuditError` naming the first line that is not what was written."""
    head = Head(number=0, digest=_START)
    try:
        with path.open("rb") as file:
            while line := file.readline(_MAX_LINE + 2):
                head = _verify_line(line, head, trusted, f"{path}:{head.number + 1}")
        kept = _read_head(path)
    except OSError as error:
        raise AuditError(str(error.filename), error.strerror or "cannot be read") from None
    if kept != head:
        # The head is written after its entry, so a crash between the two leaves the log exactly one entry ahead.
        ahead = head.number - kept.number
        if ahead != 1:
            raise AuditError(
                str(path), f"head says {kept.number} entries, the log has {head.number}: entries were cut off"
            )
    return head


def _verify_line(line: bytes, head: Head, trusted: TrustedKeys, where: str) -> Head:
    if not line.endswith(b"\n"):
        raise AuditError(where, "unfinished entry (a crash, or cut off); the next append mends it and says so")
    try:
        parsed = canonical.loads(_Line, line)
    except canonical.NotCanonicalError as error:
        raise AuditError(where, f"not an entry: {error}") from None
    entry = parsed.entry
    if canonical.dumps(parsed) != line[:-1]:
        raise AuditError(where, "bytes are not canonical: the line was changed")
    if entry.number != head.number + 1 or entry.previous != head.digest:
        raise AuditError(where, f"does not follow entry {head.number}: an entry was changed, added, removed or moved")
    public = trusted.get(parsed.key_id)
    if public is None:
        raise AuditError(where, f"signed by key {parsed.key_id}, which is not trusted here")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(parsed.signature, _DOMAIN + canonical.dumps(entry))
    except InvalidSignature:
        raise AuditError(where, f"the signature does not fit entry {entry.number}: it was changed") from None
    return Head(number=entry.number, digest=hashlib.sha256(line[:-1]).hexdigest())
