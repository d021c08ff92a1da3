"""HTTP/1.1 over our own connections: exact request bytes out, a bounded answer in (RFC 9112).

The request is written by hand, because the exact bytes of the target are the point of many asks; h11 only reads the response.
Whatever a server does, the outcome is an `Answer`. Only `CutOffError` gets out: then somebody wants silence.
"""

from __future__ import annotations

import asyncio
import zlib
from functools import cache
from importlib import metadata
from typing import Protocol

import h11
import re2

from plugins.admission import SAFE_METHODS
from plugins.ask import Header, HttpAnswer, HttpAsk, NoAnswer, NoAnswerReason, WebAnswer, WebEndpoint
from probes.dial import Connection, Dialer, DialError, OutOfScopeError
from probes.meter import READ_BYTES
from probes.transcript import Transcript, printable

HEADER_BYTES = 65_536
"""Largest header section, and largest line of chunked coding."""
HEADER_FIELDS = 200
"""Most header fields."""
INTERIM = 8
"""Most 1xx responses before the final one."""
OVERHEAD_BYTES = 262_144
"""Bytes beyond the body's bound that one answer may take on the wire (headers, chunk sizes)."""

_BEGIN = b"HTTP/"
_TARGET = re2.compile(r"/[\x21-\x7e\x80-\xff]*")
_FIELD = re2.compile(r"[\x20-\x7e\x80-\xff]*")
# Window arguments of zlib: gzip; zlib, and the bare deflate that some servers send under its name (RFC 9110, section 8.4.1.2).
_WINDOWS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}


class _NoAnswerError(Exception):
    """The exchange cannot become an answer any more."""

    def __init__(self, reason: NoAnswerReason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


async def exchange(
    dialer: Dialer, endpoint: WebEndpoint, ask: HttpAsk, contact: str
) -> tuple[WebAnswer, Transcript | None]:
    """Send one ask on a connection of its own; raises only `CutOffError`, and `ValueError` for an ask that must not be sent.

    The transcript is None when no connection was made.
    """
    return await send_checked(dialer, endpoint, request_bytes(endpoint, ask, contact), ask)


class Bounds(Protocol):
    """How an answer is read. Every ask says it of itself."""

    @property
    def method(self) -> str:
        """Method of the request: the parser has to know it to know where the answer ends."""

    @property
    def max_bytes(self) -> int:
        """Largest body that is read."""

    @property
    def timeout_s(self) -> float:
        """Seconds from the connection's start to the end of the answer."""


async def send_checked(
    dialer: Dialer, endpoint: WebEndpoint, request: bytes, ask: Bounds
) -> tuple[WebAnswer, Transcript | None]:
    """Send the bytes of one request that somebody has checked, and read the answer; raises only `CutOffError`.

    Two callers check requests: `exchange` above for what only reads, `probes.set.post` for SET's initiation. A test holds that
    there is no third.
    """
    await dialer.meter.request()
    name = endpoint.host if endpoint.tls else None
    try:
        async with dialer.connect(
            endpoint.address, endpoint.port, timeout_s=ask.timeout_s, tls_name=name
        ) as connection:
            dialer.counter.request()
            answer = await _bounded(connection, ask, request, _seconds(dialer, ask))
            if isinstance(answer, NoAnswer) and not connection.ended:
                connection.ended = answer.detail or str(answer.reason)
            return answer, connection.transcript
    except DialError as error:
        return NoAnswer(reason=error.reason, detail=error.detail), None
    except OutOfScopeError as error:
        return NoAnswer(reason=NoAnswerReason.OUT_OF_SCOPE, detail=str(error)), None


def request_bytes(endpoint: WebEndpoint, ask: HttpAsk, contact: str) -> bytes:
    """Give the bytes of an ask; raises `ValueError` when they would be more, or something else, than one reading request."""
    texts = [endpoint.authority, *(part for header in ask.headers for part in header)]
    reads = ask.method in SAFE_METHODS and not ask.body
    if not (reads or (ask.method == "POST" and ask.reviewed)) or not _TARGET.fullmatch(ask.path):
        raise ValueError(f"{ask.method} {ask.path!a}: not one reading request in origin form; it was not sent")
    if not all(_FIELD.fullmatch(text) for text in texts):
        raise ValueError(f"{ask.path!a}: a header has characters that would end it; it was not sent")
    lines = [
        f"{ask.method} {ask.path} HTTP/1.1",
        f"Host: {endpoint.authority}",
        f"User-Agent: {user_agent(contact)}",
        *([] if any(name.lower() == "accept" for name, _ in ask.headers) else ["Accept: */*"]),
        *(f"{name}: {text}" for name, text in ask.headers),
        *([f"Content-Length: {len(ask.body)}"] if ask.method == "POST" else []),
        "Connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + ask.body


def user_agent(contact: str) -> str:
    """Say who asks and how to reach them."""
    who = printable(contact.encode("ascii", "replace")).replace("(", "[").replace(")", "]")
    return f"Tenken/{_version()} (+{who})" if who else f"Tenken/{_version()}"


@cache
def _version() -> str:
    return metadata.version("tenken")


def _seconds(dialer: Dialer, ask: Bounds) -> float:
    """Our own pace is not the server's slowness: the time that the byte bound may cost comes on top."""
    return ask.timeout_s + (ask.max_bytes + OVERHEAD_BYTES) / dialer.meter.pace.bytes_per_s


async def _bounded(connection: Connection, ask: Bounds, request: bytes, seconds: float) -> WebAnswer:
    try:
        async with asyncio.timeout(seconds):
            return await _talk(connection, ask, request)
    except TimeoutError:
        return NoAnswer(reason=NoAnswerReason.TIMEOUT, detail=f"no complete answer in {seconds:g} s")
    except DialError as error:
        return NoAnswer(reason=error.reason, detail=error.detail)
    except _NoAnswerError as error:
        return NoAnswer(reason=error.reason, detail=error.detail)
    except h11.RemoteProtocolError as error:
        too_large = error.error_status_hint == 431
        reason = NoAnswerReason.TOO_LARGE if too_large else NoAnswerReason.NOT_HTTP
        return NoAnswer(reason=reason, detail=printable(str(error).encode()))


async def _talk(connection: Connection, ask: Bounds, request: bytes) -> WebAnswer:
    await connection.write(request)
    parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEADER_BYTES)
    # h11 has to know the method to know where the response ends; these bytes are not sent.
    parser.send(h11.Request(method=ask.method, target="/", headers=[("Host", "parser")]))
    parser.send(h11.EndOfMessage())
    stream = _Stream(connection, parser, ask)
    head = await _head(stream)
    raw, cut = await _raw_body(stream, ask.max_bytes)
    headers = tuple((name.decode("latin-1").lower(), text.decode("latin-1")) for name, text in head.headers)
    body, more = _decoded(raw, headers, ask.max_bytes, cut=cut)
    return HttpAnswer(status=head.status_code, headers=headers, body=body, truncated=cut or more)


class _Stream:
    """The events of one response, read off the connection as they are needed."""

    def __init__(self, connection: Connection, parser: h11.Connection, ask: Bounds) -> None:
        self._connection, self._parser = connection, parser
        self._room = ask.max_bytes + OVERHEAD_BYTES
        # An ask that wants little takes little: what is not read cannot get into the evidence.
        self._step = min(READ_BYTES, max(64, ask.max_bytes))
        self._begin = b""
        self._closed = False

    async def event(self) -> h11.Event | None:
        """Give the next event; None when the bound on bytes is used up."""
        while True:
            event = self._next()
            if isinstance(event, h11.Event):
                return event
            if event is h11.PAUSED:
                raise _NoAnswerError(NoAnswerReason.NOT_HTTP, "switched to another protocol unasked")
            if self._room <= 0:
                return None
            await self._feed()

    def _next(self) -> object:
        try:
            return self._parser.next_event()
        except h11.RemoteProtocolError:
            if self._closed:
                raise _NoAnswerError(NoAnswerReason.RESET, "closed in the middle of an answer") from None
            raise

    async def _feed(self) -> None:
        data = await self._connection.read(self._step)
        self._begin = (self._begin + data)[: len(_BEGIN)]
        self._closed = not data
        if not self._begin:
            raise _NoAnswerError(NoAnswerReason.RESET, "closed without an answer")
        if not _BEGIN.startswith(self._begin):
            raise _NoAnswerError(NoAnswerReason.NOT_HTTP, "what came does not begin like HTTP")
        self._room -= len(data)
        self._parser.receive_data(data)


async def _head(stream: _Stream) -> h11.Response:
    for _ in range(INTERIM + 1):
        event = await stream.event()
        if isinstance(event, h11.Response):
            if len(event.headers) > HEADER_FIELDS:
                raise _NoAnswerError(NoAnswerReason.TOO_LARGE, f"more than {HEADER_FIELDS} header fields")
            return event
        if not isinstance(event, h11.InformationalResponse):
            raise _NoAnswerError(NoAnswerReason.TOO_LARGE, "no header section within bounds")
    raise _NoAnswerError(NoAnswerReason.NOT_HTTP, f"more than {INTERIM} interim responses")


async def _raw_body(stream: _Stream, limit: int) -> tuple[bytes, bool]:
    """Give at most `limit` bytes and whether there was more."""
    body = bytearray()
    while True:
        event = await stream.event()
        if event is None:
            return bytes(body[:limit]), True
        if isinstance(event, h11.EndOfMessage):
            return bytes(body), False
        if isinstance(event, h11.Data):
            body += event.data
            if len(body) > limit:
                return bytes(body[:limit]), True


def _decoded(raw: bytes, headers: tuple[Header, ...], limit: int, *, cut: bool) -> tuple[bytes, bool]:
    """Undo the content coding, never beyond `limit` bytes; give the body and whether there was more."""
    coding = ", ".join(text for name, text in headers if name == "content-encoding").strip().lower()
    if coding in {"", "identity"} or not raw:
        return raw, False
    if coding not in _WINDOWS:
        raise _NoAnswerError(NoAnswerReason.NOT_HTTP, f"content coding {printable(coding.encode())} was not asked for")
    for window in _WINDOWS[coding]:
        inflater = zlib.decompressobj(window)
        try:
            body = inflater.decompress(raw, limit + 1)
        except zlib.error:
            continue
        if len(body) > limit or inflater.eof or cut:
            return body[:limit], len(body) > limit
    raise _NoAnswerError(NoAnswerReason.NOT_HTTP, f"the body is not the {coding} that it is said to be")
