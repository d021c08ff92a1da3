"""Asks an SSH server how it would let a user in, without ever trying to get in.

asyncssh brings its own socket, so this is its one wrapper: `Dialer.admit` gives leave, pace and count for the connection.
The ask is the `none` request of RFC 4252, section 5.2, for a user that does not exist: no password and no key is ever sent,
and there is no account that could be locked.
"""

from __future__ import annotations

import asyncio
import logging

import asyncssh

from plugins.value import value
from probes.dial import Dialer
from probes.transcript import printable

NOBODY = "tenken-inspection"
"""The user that is asked for."""
PASSWORD_METHODS = frozenset({"password", "keyboard-interactive"})
"""Methods by which a password can be typed (keyboard-interactive is PAM's way of asking for it)."""

# asyncssh tells the log about every connection; what a server sends does not belong there.
asyncssh.set_log_level(logging.CRITICAL)


@value
class Entrance:
    """What an SSH server said about letting users in."""

    password_login: bool | None
    """Whether a password could be tried; None: it could not be found out."""
    detail: str
    """The methods offered, or why they are not known."""


async def entrance(dialer: Dialer, address: str, port: int, seconds: float) -> Entrance:
    """Find out whether password authentication is offered."""
    await dialer.meter.request()
    async with dialer.admit(address, port):
        dialer.counter.request()
        seconds = min(seconds, dialer.leave.remaining_s())  # asyncssh does not ask the leave before it writes
        try:
            async with asyncio.timeout(seconds):
                methods = await _methods(address, port)
        except TimeoutError:
            return Entrance(password_login=None, detail=f"no authentication methods within {seconds:g} s")
        except (OSError, asyncssh.Error, ValueError) as error:
            words = printable(f"{type(error).__name__}: {error}".encode(), 200)
            return Entrance(password_login=None, detail=f"authentication methods could not be asked: {words}")
    if not methods:
        return Entrance(password_login=None, detail="it lets users in without authentication, or offers no method")
    offered = bool(PASSWORD_METHODS & set(methods))
    shown = printable(", ".join(sorted(methods)).encode(), 200)
    return Entrance(password_login=offered, detail=f"offers: {shown}")


async def _methods(address: str, port: int) -> list[str]:
    """Ask by asyncssh, with everything switched off by which it would look at this machine's files or agents."""
    options = asyncssh.SSHClientConnectionOptions(
        config=None,
        agent_path=None,
        client_keys=None,
        known_hosts=None,
        gss_host=None,
        compression_algs=None,
        client_version="Tenken",
    )
    offered = await asyncssh.get_server_auth_methods(address, port, NOBODY, config=None, options=options)
    return [str(method) for method in offered]
