"""Finds out which service answers on an open port: listens, asks in HTTP, looks inside TLS, tries the known prompts.

At most `4 + len(PROMPTS)` connections per port, each with its own time limit and 512 bytes of memory. What is not recognised
stays unnamed: the number of a port is no fact about what is behind it.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from functools import partial

from plugins.ask import NoAnswerReason
from plugins.value import value
from probes.dial import Connection, Dialer, DialError
from probes.services import recognise
from probes.services.banner import build
from probes.services.facts import Build, ServiceSeen
from probes.services.names import inside_tls
from probes.services.prompts import PROMPTS, Prompt, prompts_for
from probes.target import Transport
from probes.transcript import Transcript

BANNER_BYTES = 512
"""Most bytes of an answer that are read."""


@value
class Patience:
    """How long a server gets."""

    connect_s: float = 2.0
    """For a connection, and again for the handshake inside it."""
    greeting_s: float = 1.5
    """For its first words, unasked."""
    answer_s: float = 3.0
    """For the answer to a question in its own protocol."""
    prompt_s: float = 1.0
    """For the answer to a prompt of a protocol it may not speak."""
    login_s: float = 5.0
    """For an SSH server to say which authentication methods it offers."""
    fingerprint_s: float = 20.0
    """For nmap to recognise it; 0: nmap is not asked."""
    pause_s: float = 0.2
    """Silence after which it is taken to have finished."""


@value
class Heard:
    """What a server said in its turn."""

    data: bytes = b""
    """At most `BANNER_BYTES`."""
    hung_up: bool = False
    """True: it ended the connection."""


@value
class Named:
    """What one way of asking brought to light."""

    service: str = ""
    """Service, under the name it has in plain text; empty: not known."""
    data: bytes = b""
    """What it said."""
    tls: bool = False
    """True: it was said inside TLS, or TLS is all that is known."""
    turned_away: bool = False
    """True: it hung up or refused us before any service."""
    settled: bool = False
    """True: asking on would not bring more."""
    asked: bool = True
    """False: it was not asked in HTTP yet."""
    detail: str = ""
    """Why it is not known."""


Asking = Callable[[Connection], Awaitable[Named]]
"""One way of asking, on a connection of its own."""


class Identifier:
    """Asks one open port."""

    def __init__(self, dialer: Dialer, address: str, port: int, host: str, agent: str, patience: Patience) -> None:
        self._dialer, self._address, self._port = dialer, address, port
        self._host, self._agent, self._patience = host, agent, patience
        self.transcripts: list[Transcript] = []
        self.quiet = True
        """Whether it said nothing before it was asked."""

    async def seen(self) -> ServiceSeen:
        """Ask until something is recognised or all ways are tried."""
        named = await self._name()
        service = inside_tls(named.service) if named.tls else named.service
        return ServiceSeen(
            address=self._address,
            port=self._port,
            transport=Transport.TCP,
            service=service,
            tls=named.tls,
            build=build(named.data) if service else Build(),
            banner=named.data[:BANNER_BYTES],
            turned_away=named.turned_away,
            detail="" if service else (named.detail or "it said nothing that is known here"),
        )

    async def _name(self) -> Named:
        named = await self._any_service()
        teller = next((one for one in PROMPTS if one.tells_build and one.service == named.service), None)
        if teller is None or build(named.data):
            return named
        told = await self._attempt(partial(self._prompt, prompt=teller, tls=named.tls), tls=named.tls)
        return told if told.service else named

    async def _any_service(self) -> Named:
        """Try all ways until one of them brings a service to light."""
        plain = await self._attempt(self._plainly)
        if plain.settled:
            return plain
        if not plain.asked:
            plain = await self._attempt(self._ask_http)
        inside = plain if plain.settled else await self._attempt(self._inside_tls, tls=True)
        if inside.service or (inside.tls and not plain.service):
            return inside if inside.service else await self._prompted(inside, tls=True)
        return plain if plain.service else await self._prompted(plain, tls=False)

    async def _prompted(self, otherwise: Named, *, tls: bool) -> Named:
        """Try all prompts; give `otherwise` when none of them is answered."""
        for prompt in prompts_for(self._port):
            prompted = await self._attempt(partial(self._prompt, prompt=prompt, tls=tls), tls=tls)
            if prompted.service:
                return prompted
        return otherwise

    async def _attempt(self, ask: Asking, *, tls: bool = False) -> Named:
        """Ask on a connection of its own; a connection that fails is an answer, too."""
        name = self._host if tls else None
        await self._dialer.meter.request()
        try:
            async with self._dialer.connect(
                self._address, self._port, timeout_s=self._patience.connect_s, tls_name=name
            ) as connection:
                self._dialer.counter.request()
                try:
                    return await ask(connection)
                finally:
                    self.transcripts.append(connection.transcript)
        except DialError as error:
            reset = not tls and error.reason is NoAnswerReason.RESET
            return Named(tls=tls and _spoke_tls(error.detail), turned_away=reset, settled=reset, detail=str(error))

    async def _plainly(self, connection: Connection) -> Named:
        heard = await self._listen(connection, self._patience.greeting_s)
        if heard.data:
            return await self._greeted(connection, heard)
        if heard.hung_up:
            return Named(turned_away=True, settled=True, detail="it hung up before it said anything")
        likely = next((one for one in PROMPTS if self._port in one.likely), None)
        if likely is None:
            return await self._ask_http(connection)
        # Who listens where such a service usually does is spared an HTTP request that it might take for an attack.
        named = await self._prompt(connection, likely)
        return Named(service=named.service, data=named.data, settled=bool(named.service), asked=False)

    async def _greeted(self, connection: Connection, heard: Heard) -> Named:
        self.quiet = not heard.data
        service = recognise.greeting(heard.data)
        if service == recognise.GREETING_220:
            service = await self._tell_mail_from_files(connection)
        if service:
            return Named(service=service, data=heard.data, settled=True)
        if recognise.is_tls_alert(heard.data):
            return Named(data=heard.data)
        refused = recognise.is_refusal(heard.data)
        return Named(data=heard.data, turned_away=refused, settled=True, detail="its greeting is of no known service")

    async def _tell_mail_from_files(self, connection: Connection) -> str:
        """Tell SMTP from FTP after a bare 220: only SMTP knows EHLO, only FTP knows FEAT (RFC 5321, RFC 2389)."""
        if (await self._say(connection, b"EHLO tenken.invalid\r\n", self._patience.answer_s)).data.startswith(b"250"):
            return "smtp"
        answer = (await self._say(connection, b"FEAT\r\n", self._patience.answer_s)).data
        return "ftp" if answer.startswith((b"211", b"530")) else ""

    async def _ask_http(self, connection: Connection) -> Named:
        heard = await self._say(connection, self._http_request(), self._patience.answer_s)
        service = recognise.reply_to_http(heard.data)
        settled = bool(service) and not recognise.is_bad_request(heard.data)
        return Named(service=service, data=heard.data, settled=settled)

    async def _inside_tls(self, connection: Connection) -> Named:
        try:
            heard = await self._listen(connection, self._patience.greeting_s)
            if not heard.data and not heard.hung_up:
                named = await self._ask_http(connection)
            else:
                named = await self._greeted(connection, heard)
        except DialError as error:
            return Named(tls=True, detail=f"TLS, but nothing could be read inside: {error.detail}")
        return Named(service=named.service, data=named.data, tls=True, detail="TLS with an unknown service inside")

    async def _prompt(self, connection: Connection, prompt: Prompt, *, tls: bool = False) -> Named:
        heard = await self._say(connection, prompt.data, self._patience.prompt_s)
        return Named(service=prompt.recognise(heard.data), data=heard.data, tls=tls)

    def _http_request(self) -> bytes:
        host = f"[{self._host}]" if ":" in self._host else self._host
        lines = ("HEAD / HTTP/1.1", f"Host: {host}:{self._port}", f"User-Agent: {self._agent}", "Connection: close")
        return "\r\n".join((*lines, "", "")).encode("ascii", "replace")

    async def _say(self, connection: Connection, data: bytes, seconds: float) -> Heard:
        try:
            async with asyncio.timeout(seconds):
                await connection.write(data)
        except TimeoutError:
            return Heard()
        return await self._listen(connection, seconds)

    async def _listen(self, connection: Connection, seconds: float) -> Heard:
        """Read until it pauses, hangs up, or has said enough."""
        heard, wait = bytearray(), seconds
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while len(heard) < BANNER_BYTES and loop.time() < deadline:
            try:
                async with asyncio.timeout(min(wait, deadline - loop.time())):
                    data = await connection.read(BANNER_BYTES - len(heard))
            except TimeoutError:
                break
            except DialError as error:
                if error.reason is NoAnswerReason.TLS and not heard:
                    raise
                data = b""
            if not data:
                return Heard(data=bytes(heard), hung_up=True)
            heard += data
            wait = self._patience.pause_s
        return Heard(data=bytes(heard))


def _spoke_tls(detail: str) -> bool:
    """Tell by OpenSSL's reason whether the other side spoke TLS although the handshake failed."""
    return "ALERT" in detail or "UNSUPPORTED_PROTOCOL" in detail or "CERTIFICATE_REQUIRED" in detail


def host_for(address: str, names: tuple[str, ...]) -> str:
    """Name to ask for: the first declared host name, else the address itself."""
    return names[0] if names else ipaddress.ip_address(address).compressed
