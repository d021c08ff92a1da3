"""The child process that runs nmap: `python -m probes.services.prober`, a `Job` on stdin, a `Found` per port on stdout (`wire.py`).

nmap looks at a loopback address of this process. Every connection that it opens there is carried over the line to the parent, who
dials the server: under its order, at its pace, counted and written down. nmap itself sends nothing anywhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import secrets
import sys
from typing import NoReturn

import nmap

from plugins import canonical
from probes.crowd import each
from probes.services import enclosure
from probes.services.fingerprint import Fingerprint, ReportError, read
from probes.services.wire import CHUNK_BYTES, LINE_BYTES, Closed, Found, Job, Line, Opened, Said, Wanted
from probes.transcript import printable

QUIET_S = 0.5
"""How long a connection to a quiet port may stay without a question; nmap waits six seconds for a greeting that does not come."""
QUIET_WORD = b"\x02tenken\x03"
"""What nmap hears then instead: no service says it, so nmap goes on to its next question. Silence it would take for a refusal."""


class Lane:
    """The line to the parent. When the parent is gone, so is this process."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def job(self) -> Job:
        """Hear what to do."""
        return canonical.loads(Job, await self._reader.readline())

    async def hear(self) -> Said | Closed:
        """Wait for the parent's next word."""
        line = await self._reader.readline()
        if not line:
            raise EOFError
        says = canonical.loads(Line, line).says
        return says if isinstance(says, Said | Closed) else Closed(number=0)

    async def say(self, message: Opened | Said | Closed | Found) -> None:
        """Send one line."""
        self._writer.write(canonical.dumps(Line(says=message)) + b"\n")
        await self._writer.drain()


class Carrier:
    """Carries nmap's connections over the line."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._numbers = itertools.count(1)
        self._writers: dict[int, asyncio.StreamWriter] = {}

    async def listen(self, wanted: Wanted) -> tuple[str, int]:
        """Answer on a loopback address of our own, at the wanted port number where that can be had; give both."""
        seen = itertools.count()

        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.closing(writer):
                # The first connection is nmap's port scan: it is open, as the parent knows, and nothing needs to be sent.
                if 1 <= next(seen) <= wanted.most_connections:
                    await self._carry(wanted, reader, writer)

        host = ".".join(("127", *(str(1 + secrets.randbelow(254)) for _ in range(3))))
        for port in (wanted.shown_as, 0):
            with contextlib.suppress(OSError):
                server = await asyncio.start_server(carry, host, port, limit=CHUNK_BYTES)
                return host, int(server.sockets[0].getsockname()[1])
        raise OSError(f"nothing can listen at {host}")

    async def _carry(self, wanted: Wanted, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = b""
        try:
            if wanted.quiet:
                async with asyncio.timeout(QUIET_S):
                    first = await reader.read(CHUNK_BYTES)
        except TimeoutError:
            writer.write(QUIET_WORD)
            return
        except OSError:
            return
        number = next(self._numbers)
        self._writers[number] = writer
        await self._lane.say(Opened(number=number, port=wanted.port))
        with contextlib.suppress(OSError):
            while data := first or await reader.read(CHUNK_BYTES):
                await self._lane.say(Said(number=number, data=data))
                first = b""
        if self._writers.pop(number, None):
            await self._lane.say(Closed(number=number))

    async def obey(self) -> None:
        """Hand on what the parent says, until it is gone."""
        while True:
            word = await self._lane.hear()
            if isinstance(word, Closed):
                writer = self._writers.pop(word.number, None)
                if writer:
                    writer.close()
            elif word.number in self._writers:
                self._writers[word.number].write(word.data)


class Scanner(nmap.PortScanner):  # type: ignore[misc]  # python-nmap ships no types
    """python-nmap with a strict reader: its own keeps one CPE name of many and expands entities."""

    def analyse_nmap_xml_scan(self, nmap_xml_output: bytes = b"", *_: object, **__: object) -> Fingerprint:
        """Read the report; raises `ReportError`."""
        return read(nmap_xml_output)


def _look(job: Job, wanted: Wanted, host: str, port: int) -> Found:
    """Run nmap once; blocks."""
    trouble = ""
    try:
        scanner = Scanner(nmap_search_path=(enclosure.program(),))
        found = scanner.scan(host, str(port), enclosure.arguments(job), timeout=job.seconds)
    except (nmap.PortScannerError, ReportError, OSError, ValueError) as error:
        found, trouble = Fingerprint(), printable(f"{type(error).__name__}: {error}".encode(), 200)
    return Found(port=wanted.port, fingerprint=found, trouble=trouble)


async def _run(lane: Lane) -> None:
    job = await lane.job()
    carrier = Carrier(lane)
    places = {wanted: await carrier.listen(wanted) for wanted in job.wanted}
    # The account changes and threads start behind the wall only.
    enclosure.build(enclosure.commands(job, places.values()))

    async def look(wanted: Wanted) -> None:
        await lane.say(await asyncio.to_thread(_look, job, wanted, *places[wanted]))

    obeying = asyncio.create_task(carrier.obey())
    working = asyncio.create_task(each(job.wanted, job.parallel, look))
    await asyncio.wait({obeying, working}, return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        os._exit(3)  # nobody is there to ask for; nmap ends when nobody answers it


async def _on_pipes() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    await _run(Lane(reader, asyncio.StreamWriter(transport, protocol, None, loop)))


def main() -> NoReturn:
    """Run one job. Leaves at once when it is over, whatever nmap still does."""
    with contextlib.suppress(EOFError, canonical.NotCanonicalError):
        asyncio.run(_on_pipes())
    sys.exit(0)


if __name__ == "__main__":
    main()
