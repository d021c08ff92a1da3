"""The parts of an HTTP response."""

from __future__ import annotations

from functools import cached_property
from http import HTTPStatus

from plugins.ask import HttpAnswer
from plugins.template.values import Value

_PHRASES = {int(status): status.phrase for status in HTTPStatus}
_BODY = frozenset({"body"})
_HEAD = frozenset({"header", "all_headers"})
_WHOLE = frozenset({"all", "response", "raw"})
_NUMBERS = frozenset({"status_code", "content_length"})
RESERVED = _BODY | _HEAD | _WHOLE | _NUMBERS | {"request", "duration"}
"""Names of parts that mean the same for every response."""


class HttpParts:
    """An HTTP response by the names of its parts; matching works on bytes, never on guessed characters (semantics 14)."""

    partial = _BODY | _WHOLE | {"content_length"}

    def __init__(self, answer: HttpAnswer) -> None:
        self._answer = answer
        self.status: int | None = answer.status
        self.truncated = answer.truncated
        self._lowered: dict[str, bytes] = {}

    def part(self, name: str) -> bytes | None:
        """Give a part; None when the response has no such header or cookie."""
        if name in _BODY:
            return self._answer.body
        if name in _HEAD:
            return self.head
        if name in _WHOLE:
            return self.whole
        if name in _NUMBERS:
            return str(self._answer.status if name == "status_code" else len(self._answer.body)).encode()
        return self._named.get(name)

    def value(self, name: str) -> Value | None:
        """Give a part; status and length are numbers."""
        if name in _NUMBERS:
            return float(self._answer.status if name == "status_code" else len(self._answer.body))
        return self.part(name)

    def lowered(self, name: str) -> bytes | None:
        """Give a part in small letters."""
        found = self._lowered.get(name)
        if found is None:
            part = self.part(name)
            if part is None:
                return None
            found = self._lowered[name] = part.lower()
        return found

    @cached_property
    def head(self) -> bytes:
        """Header lines, names spelled as the format's own engine spells them (`Www-Authenticate`)."""
        return b"".join(
            _spelled(name) + b": " + text.encode("latin-1", "replace") + b"\r\n" for name, text in self._answer.headers
        )

    @cached_property
    def whole(self) -> bytes:
        """Status line, headers and body."""
        status = self._answer.status
        return f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\n".encode() + self.head + b"\r\n" + self._answer.body

    @cached_property
    def _named(self) -> dict[str, bytes]:
        named: dict[str, bytes] = {}
        for name, text in self._answer.headers:
            key, data = name.lower().replace("-", "_"), text.encode("latin-1", "replace")
            named[key] = named[key] + b" " + data if key in named else data
        for name, text in self._answer.headers:
            if name.lower() == "set-cookie":
                cookie, _, rest = text.partition("=")
                named.setdefault(cookie.strip().lower(), rest.partition(";")[0].strip().encode("latin-1", "replace"))
        return named


def _spelled(name: str) -> bytes:
    return "-".join(part.capitalize() for part in name.split("-")).encode("latin-1", "replace")
