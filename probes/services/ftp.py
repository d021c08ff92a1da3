"""Asks an FTP server how it lets users in: are anonymous users refused, is TLS offered. No password is ever sent.

One connection: greeting, `FEAT` (RFC 2389), `USER anonymous` (RFC 1635), and where FEAT did not say it `AUTH TLS` (RFC 4217).
"""

from __future__ import annotations

import asyncio

import re2

from probes.dial import Connection, Dialer, DialError
from probes.services.facts import Anonymous, FtpSeen
from probes.transcript import Transcript

_OPTIONS = re2.Options()
_OPTIONS.case_sensitive = False
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_OPTIONS.log_errors = False
_GUEST = re2.compile(rb"anonymous|guest|e-?mail|identity", _OPTIONS)
_AUTH_TLS = re2.compile(rb"(?m)^ AUTH\b.*\bTLS\b", _OPTIONS)
_LAST_LINE = re2.compile(rb"(?m)^(\d\d\d) [^\n]*\n", _OPTIONS)
REPLY_BYTES = 2048
"""Most bytes of a reply that are read."""


async def look_at(dialer: Dialer, address: str, port: int, seconds: float) -> tuple[FtpSeen, tuple[Transcript, ...]]:
    """See how one FTP server lets users in; every reply gets `seconds`. `CutOffError` comes through."""
    await dialer.meter.request()
    try:
        async with dialer.connect(address, port, timeout_s=seconds) as connection:
            dialer.counter.request()
            try:
                return await _ask(connection, address, port, seconds), (connection.transcript,)
            except (DialError, TimeoutError) as error:
                return _unknown(address, port, error), (connection.transcript,)
    except DialError as error:
        return _unknown(address, port, error), ()


def _unknown(address: str, port: int, error: Exception) -> FtpSeen:
    detail = str(error) or "it did not answer in time"
    return FtpSeen(address=address, port=port, anonymous=Anonymous.UNKNOWN, tls=None, detail=detail)


async def _ask(connection: Connection, address: str, port: int, seconds: float) -> FtpSeen:
    await _reply(connection, seconds)
    features = await _said(connection, b"FEAT\r\n", seconds)
    user = await _said(connection, b"USER anonymous\r\n", seconds)
    tls = bool(_AUTH_TLS.search(features)) or (await _said(connection, b"AUTH TLS\r\n", seconds)).startswith(b"234")
    return FtpSeen(address=address, port=port, anonymous=anonymous(user), tls=tls)


def anonymous(reply: bytes) -> Anonymous:
    """Tell what the reply to `USER anonymous` means for guests (RFC 959, section 4.2; RFC 1635)."""
    if reply.startswith(b"230"):
        return Anonymous.LET_IN
    if reply.startswith((b"331", b"332")):
        # Many servers ask everybody for a password, so that nobody can tell which users exist.
        ordinary = b"password required for anonymous" in reply.lower()
        return Anonymous.INVITED if _GUEST.search(reply) and not ordinary else Anonymous.UNKNOWN
    return Anonymous.REFUSED if reply[:1] in {b"4", b"5"} else Anonymous.UNKNOWN


async def _said(connection: Connection, command: bytes, seconds: float) -> bytes:
    async with asyncio.timeout(seconds):
        await connection.write(command)
    return await _reply(connection, seconds)


async def _reply(connection: Connection, seconds: float) -> bytes:
    """Read one reply, to its last line (RFC 959, section 4.2)."""
    heard = bytearray()
    async with asyncio.timeout(seconds):
        while len(heard) < REPLY_BYTES and not _LAST_LINE.search(bytes(heard)):
            data = await connection.read(REPLY_BYTES - len(heard))
            if not data:
                break
            heard += data
    return bytes(heard)
