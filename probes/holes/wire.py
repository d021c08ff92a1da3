"""How asks of each kind go over the wire. Whatever a server does, the outcome is an `Answer`; only `CutOffError` gets out."""

from __future__ import annotations

from plugins.ask import Answer, Ask, Endpoint, HttpAsk, NoAnswer, NoAnswerReason, WebEndpoint
from probes.dial import Dialer
from probes.http import exchange
from probes.transcript import Transcript


async def send(dialer: Dialer, endpoint: Endpoint, ask: Ask, contact: str) -> tuple[Answer, Transcript | None]:
    """Send one ask; the transcript is None when no connection was made."""
    if isinstance(endpoint, WebEndpoint) and isinstance(ask, HttpAsk):
        return await exchange(dialer, endpoint, ask, contact)
    return NoAnswer(
        reason=NoAnswerReason.OUT_OF_SCOPE, detail=f"no {ask.kind} ask can be sent to a {endpoint.kind}"
    ), None
