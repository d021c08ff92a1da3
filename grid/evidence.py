"""Evidence on disk: what a verdict can be recomputed from, offline, by a third party.

evidence/keys.json                     public keys that signed the orders
evidence/<server>/order.json           the sealed order
evidence/<server>/observations.jsonl   one observation a line, canonical JSON, in order
evidence/<server>/<digest>.json        one transcript, named by its SHA-256
evidence/_pulse/order.json             the sealed order of the heartbeat, when one was agreed
evidence/_pulse/beats.jsonl            one beat a line
evidence/control.json                  what became of the control of the run
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TypeVar

from grid.key import TrustedKeys
from grid.report import Report
from grid.seal import SealedOrder, read_order
from plugins import canonical
from plugins.value import value
from probes.observation import Observation
from probes.pulse.facts import Pulse
from probes.transcript import Transcript

T = TypeVar("T")
PULSE = "_pulse"
"""Folder of the heartbeat; no server can have this name."""
CONTROL = "control.json"
"""File that says what became of the control of the run."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")  # noqa: TID251 - our own names, not a server's bytes


class EvidenceError(Exception):
    """Evidence that cannot be written or read."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


@value
class KeyRing:
    """Public keys beside the evidence."""

    keys: tuple[tuple[str, bytes], ...]
    """Key id and raw Ed25519 public key."""


class EvidenceFolder:
    """Writes the evidence of one inspection as it arrives (an `Intake`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[Path, IO[bytes]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def order(self, sealed: SealedOrder, trusted: TrustedKeys) -> None:
        """Keep a sealed order and the keys before anything is sent."""
        order = read_order(sealed, trusted)
        ring = KeyRing(keys=tuple(sorted(trusted.items())))
        _write(self._folder / "keys.json", canonical.dumps(ring))
        if isinstance(order.pulse, Pulse):
            (self._folder / PULSE).mkdir(exist_ok=True)
            _write(self._folder / PULSE / "order.json", canonical.dumps(sealed))
            return
        _write(self._of(order.scope.target.name) / "order.json", canonical.dumps(sealed))
        (self._of(order.scope.target.name) / "observations.jsonl").touch()

    def took(self, report: Report) -> None:
        """Keep what a worker reported."""
        for transcript in report.transcripts:
            _write(self._of(report.server) / f"{transcript.digest}.json", canonical.dumps(transcript))
        self.observed(report.server, report.observations)
        self._append(self._folder / PULSE / "beats.jsonl", report.beats)

    def observed(self, server: str, observations: tuple[Observation, ...]) -> None:
        """Append observations."""
        if observations:
            self._append(self._of(server) / "observations.jsonl", observations)

    def _append(self, path: Path, values: Sequence[object]) -> None:
        if not values:
            return
        file = self._open.get(path)
        if file is None:
            file = self._open[path] = path.open("ab")
        file.writelines(canonical.dumps(each) + b"\n" for each in values)
        file.flush()

    def control(self, outcome: bytes) -> None:
        """Keep what became of the control of the run, as canonical JSON."""
        _write(self._folder / CONTROL, outcome)

    def close(self) -> None:
        """Make everything that was kept durable."""
        for file in self._open.values():
            os.fsync(file.fileno())
            file.close()
        self._open.clear()

    def _of(self, server: str) -> Path:
        if not _NAME.fullmatch(server):
            raise EvidenceError(server, "not a server name: expected lower-case letters, digits, dots, hyphens")
        folder = self._folder / server
        folder.mkdir(exist_ok=True)
        return folder


def _write(path: Path, data: bytes) -> None:
    draft = path.with_suffix(".part")
    draft.write_bytes(data)
    draft.replace(path)


def read_keys(folder: Path) -> TrustedKeys:
    """Give the keys beside the evidence. Whether they are to be trusted is the reader's decision."""
    return dict(_read(KeyRing, folder / "keys.json").keys)


def read_sealed(folder: Path) -> Iterator[SealedOrder]:
    """Give the sealed orders of an evidence folder, by server name."""
    for path in sorted(folder.glob("*/order.json")):
        if path.parent.name == PULSE:
            continue
        yield _read(SealedOrder, path)


def read_observations(folder: Path, server: str) -> Iterator[Observation]:
    """Give the observations of one server, in order."""
    path = folder / server / "observations.jsonl"
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise EvidenceError(str(path), error.strerror or "cannot be read") from None
    for number, line in enumerate(lines, 1):
        try:
            yield canonical.loads(Observation, line)
        except canonical.NotCanonicalError as error:
            raise EvidenceError(f"{path}:{number}", str(error)) from None


def read_transcript(folder: Path, server: str, digest: str) -> Transcript:
    """Give one transcript; raises `EvidenceError` when its content is not what its name says."""
    path = folder / server / f"{digest}.json"
    transcript = _read(Transcript, path)
    if transcript.digest != digest:
        raise EvidenceError(str(path), f"content has digest {transcript.digest}: the file was changed")
    return transcript


def _read(type_: type[T], path: Path) -> T:
    try:
        return canonical.loads(type_, path.read_bytes())
    except OSError as error:
        raise EvidenceError(str(path), error.strerror or "cannot be read") from None
    except canonical.NotCanonicalError as error:
        raise EvidenceError(str(path), str(error)) from None
