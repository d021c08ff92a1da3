"""What every request and response passes: bodies are bounded, responses carry the headers that keep a browser from harm."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.console.problems import answer

MAX_BODY = 1_048_576
"""Most bytes of a request body."""
TOO_LARGE = f"expected a body of at most {MAX_BODY} bytes, seen more; send a smaller one"
CLOSE = {"connection": "close"}  # the rest of the body is never read, so the connection cannot be used again
HEADERS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
"""Set on every response, unless the response has set its own."""


class Guardrails:
    """ASGI middleware, outermost."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, bounded."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guarded = _Guarded(receive, send)
        if _declared_length(scope) > MAX_BODY:
            await answer(413, "body", TOO_LARGE, headers=CLOSE)(scope, receive, guarded.send)
            return
        await self._app(scope, guarded.receive, guarded.send)


class _Guarded:
    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._seen = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > MAX_BODY:
            raise HTTPException(413, TOO_LARGE, headers=CLOSE)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *((n, v) for n, v in HEADERS if n not in own)]
        await self._send(message)


def _declared_length(scope: Scope) -> int:
    for name, text in scope["headers"]:
        if name == b"content-length" and text.isdigit():
            return int(text)
    return 0
