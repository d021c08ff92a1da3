"""Sees what answers on open ports. Facts only; `judge.py` says what they mean.

Own questions first, one port at a time and whatever else this machine has installed. What is seen is recorded at once, so that
nothing of it is lost when the window ends.
"""

from __future__ import annotations

from dataclasses import replace

from probes.dial import Dialer
from probes.http import user_agent
from probes.recorder import Recorder
from probes.services import ftp, ssh
from probes.services.identify import Identifier, Patience, host_for
from probes.target import Item, Scope, Target


class ServiceLook:
    """The look at the services of one server."""

    def __init__(self, scope: Scope, dialer: Dialer, recorder: Recorder, patience: Patience) -> None:
        self._scope, self._dialer, self._recorder, self._patience = scope, dialer, recorder, patience

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


def _host(target: Target, address: str, port: int) -> str:
    """Name to ask for at a port: the server name of the TLS end point there, else the first host name."""
    names = tuple(endpoint.server_name for endpoint in target.tls if endpoint.port == port)
    return host_for(address, (*names, *target.host_names))
