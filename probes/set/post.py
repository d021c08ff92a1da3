"""The one POST of the item `set`: a PInitReq to a declared SET URL, and nothing else.

Why it is safe although its method is not (RFC 9110, section 9.2.1): PInitReq is the first message of SET and asks a merchant for
certificates and ids before a customer decides anything. It is neither signed nor encrypted, names no card, no amount and no order,
and no purchase follows from it without a signed PReq, which nothing here can make. A merchant may note a transaction id that is
never used, as for a customer who closes the window. What is sent is read again here, byte by byte, before it leaves: a body that
is not exactly one PInitReq is refused. Signatures cannot come here: they yield asks of their own language, and this is none.
"""

from __future__ import annotations

from typing import Literal

import re2

from plugins.ask import WebAnswer, WebEndpoint
from plugins.value import value
from probes.dial import Dialer
from probes.http import send_checked, user_agent
from probes.set.certificates import UnreadableError
from probes.set.messages import read_request
from probes.transcript import Transcript

MAX_REQUEST_BYTES = 4096
"""Longest request; an ordinary one has about 230 bytes."""
_TARGET = re2.compile(r"/[\x21-\x7e]*")
_MEDIA_TYPE = re2.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,60}")


@value
class InitiationAsk:
    """One PInitReq over HTTP."""

    method: Literal["POST"] = "POST"
    """SET messages travel by POST."""
    path: str
    """Request target in origin form."""
    media_type: str
    """Content-Type, and what is accepted."""
    body: bytes
    """DER of the PInitReq."""
    max_bytes: int = 262_144
    """Largest answer that is read."""
    timeout_s: float = 15.0
    """Seconds from the connection's start to the end of the answer."""


async def initiate(
    dialer: Dialer, endpoint: WebEndpoint, ask: InitiationAsk, contact: str
) -> tuple[WebAnswer, Transcript | None]:
    """Send one PInitReq; raises only `CutOffError`, and `ValueError` for anything that is not one."""
    return await send_checked(dialer, endpoint, request_bytes(endpoint, ask, contact), ask)


def request_bytes(endpoint: WebEndpoint, ask: InitiationAsk, contact: str) -> bytes:
    """Give the bytes of the request; raises `ValueError` when they would be anything but one PInitReq."""
    if not _TARGET.fullmatch(ask.path) or not _MEDIA_TYPE.fullmatch(ask.media_type):
        raise ValueError(f"{ask.path!a} {ask.media_type!a}: not a request target and a media type; nothing was sent")
    if not endpoint.authority.isascii() or not endpoint.authority.isprintable() or " " in endpoint.authority:
        raise ValueError(f"{endpoint.authority!a}: not a host; nothing was sent")
    if len(ask.body) > MAX_REQUEST_BYTES:
        raise ValueError(f"{len(ask.body)} bytes: longer than a PInitReq; nothing was sent")
    try:
        read_request(ask.body)
    except UnreadableError as error:
        raise ValueError(f"the body is no PInitReq ({error}); nothing was sent") from None
    lines = [
        f"POST {ask.path} HTTP/1.1",
        f"Host: {endpoint.authority}",
        f"User-Agent: {user_agent(contact)}",
        f"Accept: {ask.media_type}",
        f"Content-Type: {ask.media_type}",
        f"Content-Length: {len(ask.body)}",
        "Connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + ask.body
