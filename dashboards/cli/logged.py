"""An inspection from the shell, written into the audit log of its user: who started it, who stopped it, how it ended.

The stop comes first and its entry after it, because harmlessness does not wait for a disk. Everything else is written before it
happens.
"""

from __future__ import annotations

import getpass
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import typer

from grid.audit import Action, AuditError
from grid.brake import Brake
from probes.ports.choice import worded
from scheduler.orders import Inspection
from scheduler.result import Result
from scheduler.trail import Audit, Note, pace_text

AUDIT_LOG = "audit.jsonl"
"""File of the log in the user's folder, beside the key that signs it."""
CLAIMS = "claims.json"
"""File that says which orders of this user hold which addresses."""
_LOOK_S = 0.2


def actor() -> str:
    """Name whoever typed the command."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # an account without a name, as containers have
        return f"cli:{os.getuid()}"


def run_logged(audit: Audit, who: str, inspection: Inspection, brake: Brake, run: Callable[[], Result]) -> Result:
    """Run an inspection between its entries; raises `AuditError` before anything is sent, or when its end cannot be logged."""
    subject = f"inspection {inspection.inspection_id}"
    _started(who, subject, inspection).write(audit)
    try:
        with _noting_a_stop(audit, who, subject, brake):
            result = run()
    except BaseException as error:
        with suppress(AuditError):
            _ended(who, subject, f"standing=inconclusive broken: {type(error).__name__}: {error}").write(audit)
        raise
    _ended(who, subject, f"standing={result.verdict.standing}").write(audit)
    return result


def _started(who: str, subject: str, inspection: Inspection) -> Note:
    items = ",".join(inspection.items)
    asked = f"items={items} ports={worded(inspection.picked)} pace={pace_text(inspection.agreed)}"
    detail = f"system={inspection.system.name} window={inspection.window} {asked}"
    return Note(actor=who, action=Action.INSPECTION_STARTED, subject=subject, detail=detail)


def _ended(who: str, subject: str, detail: str) -> Note:
    return Note(actor=who, action=Action.INSPECTION_ENDED, subject=subject, detail=detail[:2000])


@contextmanager
def _noting_a_stop(audit: Audit, who: str, subject: str, brake: Brake) -> Iterator[None]:
    """Write a stop as soon as it was called. From a thread: a signal handler may not wait for a lock."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set() and not brake.wait(_LOOK_S):
            pass
        if brake.stopped:
            note = Note(actor=who, action=Action.STOP_CALLED, subject=subject, detail=f"reason={brake.stopped}")
            try:
                note.write(audit)
            except AuditError as error:
                typer.echo(f"STOPPED, BUT NOT IN THE AUDIT LOG: {error}", err=True)

    thread = threading.Thread(target=watch, name="stop into the audit log")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
