"""How asks of each kind go over the wire. Whatever a server does, the outcome is an `Answer`; only `CutOffError` gets out."""

from __future__ import annotations

from plugins.ask import (
    Answer,
    Ask,
    DnsAsk,
    DnsEndpoint,
    Endpoint,
    HttpAsk,
    NoAnswer,
    NoAnswerReason,
    TcpAsk,
    TlsAsk,
    WebEndpoint,
)
from probes import dns, handshake, http, tcp
from probes.dial import Dialer
from probes.transcript import Transcript


async def send(dialer: Dialer, endpoint: Endpoint, ask: Ask, contact: str) -> tuple[Answer, Transcript | None]:
    """Send one ask; the transcript is None when no connection was made."""
    match ask:
        case HttpAsk() if isinstance(endpoint, WebEndpoint):
            return await http.exchange(dialer, endpoint, ask, contact)
        case DnsAsk() if isinstance(endpoint, DnsEndpoint):
            return await dns.exchange(dialer, endpoint, ask)
        case TcpAsk() if not isinstance(endpoint, DnsEndpoint):
            return await tcp.exchange(dialer, endpoint, ask)
        case TlsAsk() if not isinstance(endpoint, DnsEndpoint):
            return await handshake.exchange(dialer, endpoint, ask)
        case _:
            detail = f"a {ask.kind} ask cannot be sent to a {endpoint.kind} end point"
            return NoAnswer(reason=NoAnswerReason.OUT_OF_SCOPE, detail=detail), None
