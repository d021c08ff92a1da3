"""The shelf: which signature pack the next inspection uses, exchanged while the service runs.

A release that two reviewers of the service's own list have signed lies in the data folder. Before every inspection the shelf looks
whether it is another one. It is verified, written into the audit log, and only then used; what is no good is told, and the pack
that was in use stays. An inspection that has begun keeps its pack, because its orders are bound to the digest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from pathlib import Path

import structlog

from grid.audit import Action, AuditError
from plugins.pack import Pack, PackError
from plugins.release import ReleaseError, from_bytes, load_reviewers, opened, signers
from scheduler.controls.planted import missing
from scheduler.trail import GRID, Audit, Note

PACK_FILE = "signatures.tenken-pack"
"""Release in the data folder."""
REVIEWERS_FILE = "reviewers.yaml"
"""List of those whose signatures count, in the data folder."""

_log = structlog.get_logger("tenken.shelf")
_State = tuple[int, int, int]


class Shelf:
    """Gives the pack for the next inspection. Safe from any thread."""

    def __init__(
        self,
        folder: Path,
        installed: Callable[[], Pack],
        audit: Audit,
        lacks: Callable[[Collection[str]], tuple[str, ...]] = missing,
    ) -> None:
        """Look in `folder`; without a release there, `installed` gives the pack of this installation.

        `lacks` names the signatures that a pack must hold and that are not among the ids it is given.
        """
        self._lacks = lacks
        self._file, self._reviewers = folder / PACK_FILE, folder / REVIEWERS_FILE
        self._installed, self._audit = installed, audit
        self._turn = threading.Lock()
        self._seen: _State | None = None
        self._pack: Pack | None = None

    def current(self) -> Pack:
        """Give the pack. Raises `ReleaseError`, `PackError`, `AuditError` only when there is no earlier one to go on with."""
        with self._turn:
            state = self._state()
            if state is not None and state != self._seen:
                self._seen = state
                self._take()
            if self._pack is None:
                self._pack = self._installed()
            return self._pack

    def _state(self) -> _State | None:
        try:
            stat = self._file.stat()
        except FileNotFoundError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _take(self) -> None:
        try:
            pack, people = self._open()
            if self._pack is not None and pack.digest == self._pack.digest:
                return
            before = self._pack.digest[:16] if self._pack else "none"
            detail = (
                f"digest={pack.digest} before={before} signed_by={', '.join(people)} decisions={len(pack.decisions)}"
            )
            subject = f"pack {pack.digest[:16]}"
            Note(actor=GRID, action=Action.PACK_TAKEN, subject=subject, detail=detail[:2000]).write(self._audit)
        except (ReleaseError, PackError, AuditError, OSError) as error:
            if self._pack is None:
                self._seen = None
                raise
            _log.error("a new signature pack is not used", file=str(self._file), problem=str(error))
            return
        self._pack = pack
        _log.info("signature pack", digest=pack.digest, signatures=len(pack.signatures), signed_by=list(people))

    def _open(self) -> tuple[Pack, tuple[str, ...]]:
        name = str(self._file)
        try:
            reviewers = load_reviewers(self._reviewers.read_bytes(), str(self._reviewers))
        except FileNotFoundError:
            problem = "is missing: without a list of reviewers no signature counts"
            raise ReleaseError(str(self._reviewers), problem) from None
        release = from_bytes(self._file.read_bytes(), name, whole=False)
        pack = opened(release, reviewers, name)
        if lacking := self._lacks({signature.id for signature in pack.signatures}):
            problem = f"lacks {', '.join(lacking)}, which the control of every run has to find; add it to the pack"
            raise ReleaseError(name, problem)
        return pack, signers(release, reviewers)
