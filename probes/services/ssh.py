"""Asks an SSH server what it is and how it would let a user in, without ever trying to get in.

asyncssh brings its own socket, so this is its one wrapper: `Dialer.admit` gives leave, pace and count for every connection.
The ask is the `none` request of RFC 4252, section 5.2, for a user that does not exist: no password and no key is ever sent,
and there is no account that could be locked. What the server offers in the clear is read from a connection of our own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import asyncssh

from plugins.value import value
from probes.dial import Connection, Dialer, DialError
from probes.services.facts import HostKey, SshAlgorithms, SshSeen
from probes.services.kexinit import IDENTIFICATION, MOST_BYTES, offered
from probes.transcript import Transcript, printable

T = TypeVar("T")

NOBODY = "tenken-inspection"
"""The user that is asked for."""
PASSWORD_METHODS = frozenset({"password", "keyboard-interactive"})
"""Methods by which a password can be typed (keyboard-interactive is PAM's way of asking for it)."""
MOST_KEYS = 4
"""Host keys that are asked for, one connection each."""
_FAMILIES: dict[str, tuple[str, ...]] = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa": ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"),
    "ssh-dss": ("ssh-dss",),
    "ssh-ed448": ("ssh-ed448",),
}
"""Algorithms that are signed with the same kind of key: one connection for each family that is offered."""

# asyncssh tells the log about every connection; what a server sends does not belong there.
asyncssh.set_log_level(logging.CRITICAL)


@value
class Entrance:
    """What an SSH server said about letting users in."""

    password_login: bool | None
    """Whether a password could be tried; None: it could not be found out."""
    detail: str
    """The methods offered, or why they are not known."""
    methods: tuple[str, ...] = ()
    """The methods offered; `none` alone: it lets everybody in."""


@value
class SshLook:
    """Everything that was seen of one SSH server."""

    entrance: Entrance
    """How it lets users in."""
    seen: SshSeen
    """How it presents itself."""
    transcripts: tuple[Transcript, ...]
    """What was said in the clear."""


async def look_at(dialer: Dialer, address: str, port: int, seconds: float) -> SshLook:
    """See algorithms, authentication methods and host keys; every connection gets `seconds`. `CutOffError` comes through."""
    algorithms, transcripts, trouble = await _algorithms(dialer, address, port, seconds)
    way_in = await entrance(dialer, address, port, seconds)
    keys: list[HostKey] = []
    # A server that does not finish one key exchange with us will not finish four.
    for family in list(_families(algorithms))[:MOST_KEYS] if way_in.methods else []:
        key = await _host_key(dialer, address, port, seconds, family)
        keys += [key] if key else []
    detail = "; ".join(words for words in (trouble, "" if way_in.methods else way_in.detail) if words)
    seen = SshSeen(
        address=address,
        port=port,
        methods=way_in.methods,
        algorithms=algorithms,
        host_keys=tuple(keys),
        detail=detail,
    )
    return SshLook(entrance=way_in, seen=seen, transcripts=transcripts)


async def entrance(dialer: Dialer, address: str, port: int, seconds: float) -> Entrance:
    """Find out whether password authentication is offered."""
    try:
        methods = await _admitted(dialer, address, port, seconds, lambda: _methods(address, port))
    except TimeoutError:
        return Entrance(password_login=None, detail=f"no authentication methods within {seconds:g} s")
    except (OSError, asyncssh.Error, ValueError) as error:
        return Entrance(password_login=None, detail=f"authentication methods could not be asked: {_words(error)}")
    if not methods:
        return Entrance(password_login=None, detail="it offers no authentication method")
    shown = printable(", ".join(methods).encode(), 200)
    if methods == ("none",):
        return Entrance(password_login=True, detail="it lets users in without authentication", methods=methods)
    return Entrance(password_login=bool(PASSWORD_METHODS & set(methods)), detail=f"offers: {shown}", methods=methods)


async def _admitted(dialer: Dialer, address: str, port: int, seconds: float, ask: Callable[[], Awaitable[T]]) -> T:
    """Let asyncssh have one connection, paced and counted, for `seconds` at most and never beyond the leave."""
    await dialer.meter.request()
    async with dialer.admit(address, port):
        dialer.counter.request()
        # asyncssh does not ask the leave before it writes.
        async with asyncio.timeout(min(seconds, dialer.leave.remaining_s())):
            return await ask()


async def _methods(address: str, port: int) -> tuple[str, ...]:
    offered_ = await asyncssh.get_server_auth_methods(address, port, NOBODY, config=None, options=_options())
    return tuple(sorted(str(method) for method in offered_))


async def _host_key(
    dialer: Dialer, address: str, port: int, seconds: float, algorithms: tuple[str, ...]
) -> HostKey | None:
    """Give the host key of one kind; None when the server does not show it."""

    async def ask() -> asyncssh.SSHKey | None:
        return await asyncssh.get_server_host_key(
            address, port, config=None, server_host_key_algs=algorithms, options=_options()
        )

    try:
        key = await _admitted(dialer, address, port, seconds, ask)
    except (TimeoutError, OSError, asyncssh.Error, ValueError):
        return None
    return HostKey(algorithm=key.get_algorithm(), fingerprint=key.get_fingerprint()) if key else None


def _options() -> asyncssh.SSHClientConnectionOptions:
    """Give options with everything switched off by which asyncssh would look at this machine's files or agents."""
    return asyncssh.SSHClientConnectionOptions(
        config=None,
        agent_path=None,
        client_keys=None,
        known_hosts=None,
        gss_host=None,
        compression_algs=None,
        client_version="Tenken",
    )


def _families(algorithms: SshAlgorithms) -> Iterator[tuple[str, ...]]:
    for family in _FAMILIES.values():
        wanted = tuple(name for name in family if name in algorithms.host_key)
        if wanted:
            yield wanted


async def _algorithms(
    dialer: Dialer, address: str, port: int, seconds: float
) -> tuple[SshAlgorithms, tuple[Transcript, ...], str]:
    """Read what the server offers before anything is encrypted; with the transcript, and why it is not known."""
    await dialer.meter.request()
    try:
        async with dialer.connect(address, port, timeout_s=seconds) as connection:
            dialer.counter.request()
            found = await _read_offer(connection, seconds)
            return found or SshAlgorithms(), (connection.transcript,), "" if found else "its algorithms are not known"
    except DialError as error:
        return SshAlgorithms(), (), f"its algorithms could not be asked: {_words(error)}"


async def _read_offer(connection: Connection, seconds: float) -> SshAlgorithms | None:
    heard = bytearray()
    try:
        async with asyncio.timeout(seconds):
            await connection.write(IDENTIFICATION)
            while len(heard) < MOST_BYTES:
                data = await connection.read(MOST_BYTES - len(heard))
                heard += data
                found = offered(bytes(heard))
                if found or not data:
                    return found
    except (TimeoutError, DialError):
        pass
    return None


def _words(error: Exception) -> str:
    return printable(f"{type(error).__name__}: {error}".encode(), 200)
