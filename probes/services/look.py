"""Sees what answers on open ports. Facts only; `judge.py` says what they mean.

Own questions first: they need nothing but this program. Then nmap, where it is installed and the pace can hold it, for what they
left open. What is seen is recorded at once, so that nothing is lost when the window ends; a later fact about a port says more.
"""

from __future__ import annotations

from dataclasses import replace

from plugins.value import value
from probes.dial import Dialer
from probes.http import user_agent
from probes.recorder import Recorder
from probes.services import ftp, ssh, version_scan
from probes.services.banner import build
from probes.services.facts import Build, ServiceSeen
from probes.services.identify import BANNER_BYTES, Identifier, Patience, host_for
from probes.services.merge import merged
from probes.services.names import without_tls
from probes.services.version_scan import Asked, Limits, Sounded
from probes.target import Item, Scope, Target
from probes.transcript import Direction, Transcript

MOST_SOUNDED = 32
"""Most ports of one address that nmap is asked about."""


@value
class Answering:
    """A port that was asked, and what nmap needs to know of it."""

    seen: ServiceSeen
    """What our own questions brought."""
    transcripts: tuple[Transcript, ...]
    """What was said."""
    quiet: bool
    """True: it said nothing before it was asked."""


class ServiceLook:
    """The look at the services of one server: `ask` every open port, then `sound` them all."""

    def __init__(self, scope: Scope, dialer: Dialer, recorder: Recorder, patience: Patience) -> None:
        self._scope, self._dialer, self._recorder, self._patience = scope, dialer, recorder, patience
        self._answering: list[Answering] = []

    async def ask(self, address: str, port: int) -> None:
        """Find out what answers on an open TCP port, and record it. `CutOffError` comes through."""
        host = _host(self._scope.target, address, port)
        agent = user_agent(self._scope.contact)
        identifier = Identifier(self._dialer, address, port, host, agent, self._patience)
        seen = await identifier.seen()
        transcripts = tuple(identifier.transcripts)
        try:
            if seen.service == "ssh":
                looked = await ssh.look_at(self._dialer, address, port, self._patience.login_s)
                self._recorder.saw(Item.PORTS, looked.seen, *looked.transcripts)
                way_in = looked.entrance
                seen = replace(seen, password_login=way_in.password_login, detail=way_in.detail)
            elif seen.service == "ftp":
                fact, more = await ftp.look_at(self._dialer, address, port, self._patience.answer_s)
                self._recorder.saw(Item.PORTS, fact, *more)
        finally:
            self._recorder.saw(Item.PORTS, seen, *transcripts)
        self._answering.append(Answering(seen=seen, transcripts=transcripts, quiet=identifier.quiet))

    async def sound(self) -> None:
        """Let nmap say what our own questions could not, and record it. `CutOffError` comes through.

        What told its product and version is left alone, and so is what turned us away.
        """
        limits = Limits(seconds=self._patience.fingerprint_s)
        for address in dict.fromkeys(one.seen.address for one in self._answering):
            wanted = [one for one in self._answering if one.seen.address == address and _worth_sounding(one.seen)]
            wanted.sort(key=lambda one: (not one.seen.service, one.seen.port))
            asked = [self._asked(one) for one in wanted[:MOST_SOUNDED]]
            for port, sounded in (await version_scan.scan(self._dialer, asked, limits)).items():
                self._add(next(one for one in wanted if one.seen.port == port), sounded)

    def _asked(self, one: Answering) -> Asked:
        seen = one.seen
        name = _host(self._scope.target, seen.address, seen.port) if seen.tls else None
        plain = without_tls(seen.service)
        return Asked(address=seen.address, port=seen.port, tls_name=name, service=plain, quiet=one.quiet)

    def _add(self, one: Answering, sounded: Sounded) -> None:
        more = merged(one.seen, sounded.fingerprint)
        if not more.build:
            # nmap asks what we did not; its answers may say to us what they do not say to it.
            more = replace(more, build=_told(sounded.transcripts))
        if more != one.seen:
            self._recorder.saw(Item.PORTS, more, *one.transcripts, *sounded.transcripts)


def _told(transcripts: tuple[Transcript, ...]) -> Build:
    for transcript in transcripts:
        said = b"".join(passage.data for passage in transcript.passages if passage.direction is Direction.RECEIVED)
        if found := build(said[:BANNER_BYTES]):
            return found
    return Build()


def _worth_sounding(seen: ServiceSeen) -> bool:
    told = bool(seen.build.product and seen.build.version)
    shut = seen.tls and not seen.service
    return not (told or shut or seen.turned_away)


def _host(target: Target, address: str, port: int) -> str:
    """Name to ask for at a port: the server name of the TLS end point there, else the first host name."""
    names = tuple(endpoint.server_name for endpoint in target.tls if endpoint.port == port)
    return host_for(address, (*names, *target.host_names))
