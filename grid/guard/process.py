"""Arms a process: from then on nothing leaves it but what the running order names. There is no way back.

    guard = arm()
    with guard.admitting(permit):
        ...

An audit hook belongs to the process, so this is the one state of the product that a module keeps.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

from grid.guard import natives, quiet
from grid.guard.programs import Program, Programs, deep_tls_prober, service_prober, tls_prober, tls_witness
from grid.guard.sockets import Sockets
from grid.guard.veto import Event, GuardError, Rule, SecondOrderError, UnguardableError
from probes.dial import CutOffError, Leave

LATE = "late"
"""Counted under this name: it was in the order, but the window was over or somebody had said stop."""
NEEDED = ("probes.catalog", "plugins.pack", "encodings.idna", "asyncssh", "h11", "re2", "cryptography.x509", "ctypes")
"""What a worker loads before it is armed. asyncssh looks for optional libraries with a linker when it is loaded."""


class Guard:
    """The guard of this process; from `arm`."""

    def __init__(self, programs: Sequence[Program], raw: Sequence[str]) -> None:
        self.programs, self.raw = tuple(programs), frozenset(raw)
        self._sockets = Sockets()
        self._turn = threading.Lock()
        self._vetoes: dict[str, int] = {}
        self._counting = threading.RLock()

    @property
    def vetoes(self) -> dict[str, int]:
        """How often each kind of event was vetoed since arming; libraries swallow exceptions, so count them here."""
        return dict(self._vetoes)

    @property
    def total(self) -> int:
        """All vetoes since arming."""
        return sum(self.vetoes.values())

    @contextlib.contextmanager
    def admitting(self, leave: Leave) -> Iterator[None]:
        """Let out what `leave` allows, for this block; what was connected in it is hung up at its end."""
        if not self._turn.acquire(blocking=False):
            self._count("admitting")
            raise SecondOrderError
        try:
            self._sockets.admit(leave)
            yield
        finally:
            self._sockets.admit(None)
            self._sockets.hang_up()
            self._turn.release()

    @contextlib.contextmanager
    def allowing_raw(self, reason: str) -> Iterator[None]:
        """Let this thread open raw sockets for TCP segments, for a reason that was named at arming. None is, by default.

        A raw socket may be connected to an address of the running order and then sends nowhere else; ports, window and pace are
        the permit's matter (probes/raw.py asks it for every segment). Packet sockets and all other raw ones stay vetoed.
        """
        if reason not in self.raw:
            raise GuardError("allowing_raw", f"the reason {reason!r} was not named at arming")
        self._sockets.raw_thread = threading.get_ident()
        try:
            yield
        finally:
            self._sockets.raw_thread = 0

    def hook(self) -> Callable[[str, Event], None]:
        """Give the audit hook. It keeps its own table of rules, out of reach of whoever holds the guard."""
        rules: dict[str, Rule] = {
            **self._sockets.rules(),
            **Programs(self.programs).rules(),
            **natives.rules(),
        }

        def watch(event: str, args: Event) -> None:
            rule = rules.get(event)
            if rule is not None:
                self._judge(event, rule, args)

        return watch

    def _judge(self, event: str, rule: Rule, args: Event) -> None:
        try:
            subject = rule(args)
        except CutOffError:
            self._count(LATE)
            raise
        except Exception:
            self._count(event)  # the error itself keeps it from happening
            raise
        if subject:
            self._count(event)
            raise GuardError(event, subject)

    def _count(self, event: str) -> None:
        with self._counting:
            self._vetoes[event] = self._vetoes.get(event, 0) + 1


_ARMED: list[Guard] = []
_ARMING = threading.Lock()


def arm(programs: Sequence[Program] | None = None, *, needed: Sequence[str] = NEEDED, raw: Sequence[str] = ()) -> Guard:
    """Guard this process from now on, for good; give its guard. A second call gives the same guard.

    Raises `UnguardableError` when that cannot be promised.
    """
    usual = (tls_prober(), deep_tls_prober(), tls_witness(), service_prober())
    wanted = tuple(programs) if programs is not None else usual
    with _ARMING:
        if _ARMED:
            return _same(_ARMED[0], wanted, raw)
        for name in needed:
            importlib.import_module(name)
        if loaded := [name for name in natives.STACKS if name in sys.modules]:
            raise UnguardableError(
                f"{', '.join(loaded)} is loaded and opens connections that no guard sees; uninstall it"
            )
        guard = Guard(wanted, raw)
        quiet.speak_up()
        sys.addaudithook(guard.hook())
        _ARMED.append(guard)
        return guard


def _same(guard: Guard, programs: tuple[Program, ...], raw: Sequence[str]) -> Guard:
    if guard.programs != programs or guard.raw != frozenset(raw):
        raise UnguardableError("it was armed before, and its allowed programs or reasons are others")
    return guard
