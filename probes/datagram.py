"""Datagrams to and from one UDP port. The socket is opened by `probes.dial.Dialer.datagrams` alone.

Every datagram asks the leave, waits for the pace like any ask, and is counted. What an ICMP error says is told apart from silence:
UDP has no other way of saying no.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from plugins.ask import NoAnswerReason
from probes.raw import Returned, listen_for_icmp, returned
from probes.target import Transport
from probes.transcript import Direction, Passage, Transcript

if TYPE_CHECKING:
    from probes.dial import Dialer, DialError

DATAGRAM_BYTES = 2048
"""Most bytes of an answer that are read and kept."""
_STRANGERS = 16
"""Datagrams of others that are thrown away before an exchange counts as silent."""


class Datagrams:
    """A socket for exchanges with one port of one address."""

    def __init__(self, dialer: Dialer, made: socket.socket, address: str, port: int) -> None:  # noqa: TID251 - opened by the dialer
        self._dialer, self._socket = dialer, made
        self._address, self._port = address, port
        self._started = dialer.clock.now()
        self._passages: list[Passage] = []
        made.setblocking(False)
        listen_for_icmp(made)

    async def exchange(
        self,
        payload: bytes,
        *,
        timeout_s: float,
        any_port: bool = False,
        fits: Callable[[bytes], bool] = lambda _: True,
    ) -> bytes | None:
        """Send one datagram; give the first answer that fits, None when there is none.

        `any_port`: it may come from another port (TFTP).

        Raises `DialError` for what ICMP says, `OutOfScopeError`, `CutOffError`.
        """
        await self._dialer.meter.datagram()
        await self._dialer.meter.transfer(len(payload))
        self._dialer.leave.check(self._address, self._port, Transport.UDP)
        self._dialer.counter.datagram()
        self._dialer.counter.sent(len(payload))
        self._passages.append(Passage(direction=Direction.SENT, data=payload))
        try:
            await asyncio.get_running_loop().sock_sendto(self._socket, payload, (self._address, self._port))
            async with asyncio.timeout(min(timeout_s, self._dialer.leave.remaining_s())):
                return await self._answer(any_port, fits)
        except TimeoutError:
            return None
        except OSError as error:
            raise self._refusal(error) from None

    async def _answer(self, any_port: bool, fits: Callable[[bytes], bool]) -> bytes | None:
        for _ in range(_STRANGERS):
            data, sender = await asyncio.get_running_loop().sock_recvfrom(self._socket, DATAGRAM_BYTES)
            if sender[0] == self._address and (any_port or sender[1] == self._port) and fits(data):
                self._passages.append(Passage(direction=Direction.RECEIVED, data=data))
                self._dialer.counter.received(len(data))
                return data
        return None

    def _refusal(self, error: OSError) -> DialError:
        """Say what a failed exchange means: only the server's own "port unreachable" is its refusal."""
        from probes.dial import DialError  # noqa: PLC0415 - the dialer opens us

        told = returned(self._socket) or Returned(code=0, segment=b"", told_by="")
        own = told.code == errno.ECONNREFUSED and told.told_by == self._address
        reason = NoAnswerReason.REFUSED if own else NoAnswerReason.UNREACHABLE
        code = told.code or error.errno or 0
        return DialError(self._address, self._port, reason, error.strerror or str(error), code, bool(told.code))

    @property
    def transcript(self) -> Transcript:
        """What was said so far."""
        return Transcript(
            server=self._dialer.server,
            address=self._address,
            port=self._port,
            tls=False,
            started=self._started,
            passages=tuple(self._passages),
        )

    def close(self) -> None:
        """Close the socket."""
        with contextlib.suppress(OSError):
            self._socket.close()
