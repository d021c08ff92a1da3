"""Second opinions: what pyhanko-certvalidator and `cryptography.x509.verification` think of a path. Facts only.

Both are asked in a child process of their own (`witness.py`) that reaches no network, with a hard time limit for
every question: path builders can be made to hang. Our own judgement (`probes/tls/chain/`) is bounded by counted steps instead, so
that it is the same on every machine; where it accepts what both libraries refuse, the path is not called clean.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import probes
from plugins import canonical
from plugins.canonical import NotCanonicalError
from plugins.value import value
from probes.tls.facts import Opinion, TlsSeen

START_S = 60.0
"""Longest time until the child is ready; it includes starting Python on a busy machine."""
QUESTION_S = 2.0
"""Longest time for one path."""
STARTS = 3
"""Most children of one look; who kills them all gets no second opinions."""
LINE_BYTES = 4_000_000
CERTIFICATES = 10
"""Most certificates of a chain that are shown to the libraries."""


@value
class Setup:
    """What the child is told first."""

    anchors: tuple[str, ...]
    """PEM of trust anchors beside Mozilla's."""


@value
class Ready:
    """The child has read the anchors."""

    ready: bool = True
    """Always."""


@value
class AskedPath:
    """One question."""

    chain: tuple[str, ...]
    """PEM, leaf first, as sent."""
    at: float
    """Moment, seconds of Unix time."""


@value
class Thought:
    """The answer."""

    opinions: tuple[Opinion, ...]
    """One per library; the number of the chain is 0."""


class Witnesses:
    """Asks the libraries for one look. A context manager: its child is gone at the end."""

    def __init__(self, anchors: tuple[str, ...]) -> None:
        self._anchors = anchors
        self._child: asyncio.subprocess.Process | None = None
        self._starts = 0
        self._turn = asyncio.Lock()
        self._starting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to start the child; nobody waits for it yet."""
        self._starting = asyncio.create_task(self._start())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the child."""
        if self._starting is not None:
            self._starting.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await self._starting
        await asyncio.shield(self._end())

    async def witness(self, seen: TlsSeen, at: float) -> TlsSeen:
        """Add what the libraries think of every chain."""
        opinions = [opinion async for opinion in self._opinions(seen, at)]
        return replace(seen, opinions=tuple(opinions))

    async def _opinions(self, seen: TlsSeen, at: float) -> AsyncIterator[Opinion]:
        for number, chain in enumerate(seen.chains):
            async with self._turn:
                for opinion in await self._ask(AskedPath(chain=chain[:CERTIFICATES], at=at)):
                    yield replace(opinion, chain=number)

    async def _ask(self, question: AskedPath) -> tuple[Opinion, ...]:
        try:
            if self._starting is not None:
                await self._starting
                self._starting = None
            elif self._child is None:
                await self._start()
            return (await self._exchange(question)).opinions
        except (TimeoutError, OSError, ValueError, NotCanonicalError) as error:
            await self._end()
            words = f"no answer within {QUESTION_S:g} s" if isinstance(error, TimeoutError) else "it broke off"
            return (Opinion(chain=0, by="libraries", accepts=None, words=words),)

    async def _exchange(self, question: AskedPath) -> Thought:
        if self._child is None or self._child.stdin is None or self._child.stdout is None:
            raise OSError("no child")
        self._child.stdin.write(canonical.dumps(question) + b"\n")
        async with asyncio.timeout(QUESTION_S):
            return canonical.loads(Thought, await self._child.stdout.readline())

    async def _start(self) -> None:
        self._starts += 1
        if self._starts > STARTS:
            raise OSError("too many children ended")
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "probes.tls.witness",
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
        self._child = child
        assert child.stdin is not None  # noqa: S101 - it was asked for as a pipe
        assert child.stdout is not None  # noqa: S101 - same
        child.stdin.write(canonical.dumps(Setup(anchors=self._anchors)) + b"\n")
        async with asyncio.timeout(START_S):
            canonical.loads(Ready, await child.stdout.readline())

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
