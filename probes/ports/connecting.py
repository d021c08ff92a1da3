"""The engine that needs no rights: every knock is an ordinary connection, dropped at once."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from functools import partial

from plugins.ask import NoAnswerReason
from probes.crowd import each
from probes.dial import Dialer, DialError, OutOfScopeError
from probes.ports.engine import Field, Hearing, Reply, SweepBrake, words


class ConnectEngine:
    """Knocks by connecting, as many at once as the pace allows."""

    name = "connect"
    least_patience_s = 0.3
    hears_late = False

    def __init__(self, field: Field, dialer: Dialer) -> None:
        self._field, self._dialer = field, dialer

    def close(self) -> None:
        """Nothing is held between waves."""

    async def wave(self, numbers: Iterator[int], hearing: Hearing, brake: SweepBrake) -> None:
        """Knock once at every door; return when each has answered or used up its patience."""

        async def knock(number: int) -> None:
            if brake.pulled:
                await brake.knocks(1)
            await self._knock(number, hearing)

        await each(numbers, min(len(self._field), self._dialer.meter.pace.concurrent_connections), knock)

    async def _knock(self, number: int, hearing: Hearing) -> None:
        address, port = self._field.door(number)
        try:
            await self._dialer.knock(
                address, port, timeout_s=hearing.patience_s(number), measured=partial(hearing.measured, number)
            )
        except DialError as error:
            reply = _reply(error)
            if reply is not Reply.SILENCE:
                hearing.heard(number, reply, words(error.code) if error.code else "")
        except OutOfScopeError as error:
            hearing.heard(number, Reply.TROUBLE, str(error))
        else:
            hearing.heard(number, Reply.OPEN)


def _reply(error: DialError) -> Reply:
    """Say what a failed connection means; trouble of our own is never the server's reply."""
    match error.reason:
        case NoAnswerReason.REFUSED:
            return Reply.CLOSED
        case NoAnswerReason.RESET:
            # A reset that is no refusal comes after the handshake (RFC 9293, section 3.10.7.3), so somebody listens there.
            return Reply.OPEN
        case NoAnswerReason.TIMEOUT:
            return Reply.SILENCE
        case NoAnswerReason.UNREACHABLE if error.icmp or error.code == errno.EHOSTUNREACH:
            # The kernel says the latter also for an address whose neighbour does not answer.
            return Reply.UNREACHABLE
        case _:
            return Reply.TROUBLE
