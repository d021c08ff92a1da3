"""A small POP3 server (RFC 1939): it greets, answers the commands of the authorization state, and knows no mailbox."""

from __future__ import annotations

import asyncio
import contextlib

LINE_BYTES = 255
"""Longest command line (RFC 2449, section 4)."""
IDLE_S = 60.0
"""Seconds of silence after which it hangs up."""
_ANSWERS = {
    b"CAPA": b"+OK Capability list follows\r\nUSER\r\nUIDL\r\n.\r\n",
    b"NOOP": b"-ERR log in first\r\n",
    b"PASS": b"-ERR wrong user name or password\r\n",
    b"QUIT": b"+OK bye\r\n",
    b"STAT": b"-ERR log in first\r\n",
    b"USER": b"+OK send the password\r\n",
}


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hold one conversation."""
    with contextlib.suppress(OSError, TimeoutError, ValueError):
        writer.write(b"+OK POP3 server ready\r\n")
        command = b""
        while command != b"QUIT":
            async with asyncio.timeout(IDLE_S):
                line = await reader.readline()
            if not line:
                break
            command = line.strip().split(b" ")[0].upper()
            writer.write(_ANSWERS.get(command, b"-ERR unknown command\r\n"))
            await writer.drain()
    writer.close()
