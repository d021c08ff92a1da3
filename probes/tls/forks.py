"""How a prober works through its jobs: a child for every end point, forked off a process that has everything imported.

The process that forks reads nothing that a server sent: it only spares the next end point the start of Python.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn, TypeVar

from plugins import canonical
from plugins.clock import SystemClock
from probes.tls import wall
from probes.tls.deep.facts import DeepSeen
from probes.tls.facts import TlsSeen
from probes.tls.wire import DeepJob, Gone, Job, Seen

J = TypeVar("J", Job, DeepJob)
_PR_SET_PDEATHSIG = 1


def serve(kind: type[J], work: Callable[[wall.Lane, J], TlsSeen | DeepSeen]) -> None:
    """Fork a child for every job of stdin, until the parent is gone."""
    for line in iter(sys.stdin.buffer.readline, b""):
        number = os.fork()
        if number == 0:
            _one(kind, line, work)
        _, status = os.waitpid(number, 0)
        wall.tell(sys.stdout.buffer, Gone(well=status == 0))


def _one(kind: type[J], line: bytes, work: Callable[[wall.Lane, J], TlsSeen | DeepSeen]) -> NoReturn:
    """Look at one end point, in a process of its own that ends with the prober."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    code = 1
    try:
        job = canonical.loads(kind, line)
        lane = wall.Lane(sys.stdin.buffer, sys.stdout.buffer, SystemClock())
        wall.build(job.address, job.port, asked=lambda: lane.connecting)
        lane.say(Seen(seen=work(lane, job)))
        code = 0
    finally:
        os._exit(code)
