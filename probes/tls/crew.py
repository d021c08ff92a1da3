"""The prober's processes: each is started once for a look, and forks a child of its own for every end point (see `prober.py`)."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import probes
from probes.tls.wire import LINE_BYTES

Process = asyncio.subprocess.Process
PROBER = "probes.tls.prober"
"""Makes the handshakes of the normal look."""
DEEP_PROBER = "probes.tls.deep.prober"
"""Lets sslyze make those of the deep scan."""


class Crew:
    """Lends out probers; one that was not given back in good order is ended, and another one is started when it is needed."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._idle: list[Process] = []
        self._all: set[Process] = set()

    @contextlib.asynccontextmanager
    async def prober(self) -> AsyncIterator[Process]:
        """Lend one for one end point; whatever ends the block but its own end also ends the prober."""
        one = self._idle.pop() if self._idle else await self._start()
        whole = False
        try:
            yield one
            whole = one.returncode is None
        finally:
            if whole:
                self._idle.append(one)
            else:
                await asyncio.shield(self._end(one))

    async def dismiss(self) -> None:
        """End them all."""
        for one in list(self._all):
            await asyncio.shield(self._end(one))

    async def _start(self) -> Process:
        """Start one with nothing of this process's environment."""
        one = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            self._module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LINE_BYTES,
            env={
                "PYTHONPATH": str(Path(probes.__file__).parent.parent),
                "PYTHONDONTWRITEBYTECODE": "1",
                "LC_ALL": "C.UTF-8",
            },
        )
        self._all.add(one)
        return one

    async def _end(self, one: Process) -> None:
        self._all.discard(one)
        if one.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                one.kill()
        await one.wait()
