"""The data folder of `tenken serve`: one service at a time, secrets that only their owner can read.

DIR/tenken.db            the store (unless another database is named)
DIR/order-key.pem        signs the orders
DIR/review-body.token    the review body's token, 0600
DIR/monitor.token        the token that Prometheus reads (`credentials_file`), 0600
DIR/audit.jsonl          who did what: append-only, chained, signed (and audit.head, its newest entry)
DIR/inspections/<id>/    result.json and evidence of each inspection
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plugins.clock import Clock
from scheduler.store.store import Store
from scheduler.store.token import Principal, Role

TOKEN_FILES = {Role.REVIEW_BODY: "review-body.token", Role.MONITOR: "monitor.token"}
"""Where the tokens of the review body's own roles are written when they are made."""


AUDIT_LOG = "audit.jsonl"
"""File of the audit log in the data folder."""


class ServeError(Exception):
    """A service that cannot start."""

    def __init__(self, what: str, problem: str, remedy: str) -> None:
        super().__init__(what, problem, remedy)
        self.what, self.problem, self.remedy = what, problem, remedy

    def __str__(self) -> str:
        return f"{self.what}: {self.problem}; {self.remedy}"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder: two services on one store would be two workers on one server."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ServeError(
            str(folder), f"cannot be used: {error.strerror}", "choose another folder with --data"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        remedy = "stop it first, or choose another folder with --data"
        raise ServeError(str(folder), "another tenken serve uses this folder", remedy) from None
    try:
        yield
    finally:
        os.close(descriptor)


def first_tokens(store: Store, folder: Path, clock: Clock, *, renew: bool = False) -> dict[Role, Path]:
    """Make the tokens that are missing (all of them when `renew`); give the files that they were written to."""
    made = {}
    for role, name in TOKEN_FILES.items():
        with store.reading() as reading:
            known = reading.has_token(role)
        if known and not renew:
            continue
        made[role] = folder / name
        # The file is written before the transaction ends: a token that nobody has is never the valid one.
        with store.changing() as change:
            _write_secret(made[role], change.issue(Principal(role=role), clock.now()).text)
    return made


def _write_secret(path: Path, secret: str) -> None:
    draft = path.with_suffix(".part")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    # Without a line end: Prometheus sends the file as it is.
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret)
    draft.replace(path)
