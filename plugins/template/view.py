"""A response under the names that the format gives to its parts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from http import HTTPStatus

from plugins.ask import HttpAnswer
from plugins.template.functions import Value

WHOLE = frozenset({"body", "all", "response", "content_length"})
"""Parts that hold the body; after a cut they are only a beginning."""


class View:
    """The parts of one answer, and what was extracted so far."""

    def __init__(
        self, answer: HttpAnswer, known: Mapping[str, bytes], variables: Mapping[str, str], *, beginning: bool = False
    ) -> None:
        self.answer = answer
        self.is_cut = answer.truncated and not beginning
        self.known = dict(known)
        self._variables = variables

    def part(self, name: str) -> bytes | None:
        """Give a part as bytes; None when the response has no such header or cookie."""
        match name:
            case "body":
                return self.answer.body
            case "header" | "all_headers":
                return self.head
            case "all" | "response":
                return self.whole
            case "status_code":
                return str(self.answer.status).encode()
            case "content_length":
                return str(len(self.answer.body)).encode()
            case _:
                return self._named.get(name)

    def lookup(self, name: str) -> Value | None:
        """Give what an expression sees under a name."""
        if name == "status_code":
            return float(self.answer.status)
        if name == "content_length":
            return float(len(self.answer.body))
        found = self.known.get(name, self.part(name))
        if found is None and name in self._variables:
            return self._variables[name].encode()
        return found

    def is_partial(self, part: str) -> bool:
        """Tell whether the part is only a beginning, so that not finding something says nothing."""
        return self.is_cut and part in WHOLE

    @cached_property
    def head(self) -> bytes:
        """Header lines, names spelled as the format's own engine spells them (`Www-Authenticate`)."""
        return b"".join(
            _spelled(name) + b": " + text.encode("latin-1", "replace") + b"\r\n" for name, text in self.answer.headers
        )

    @cached_property
    def whole(self) -> bytes:
        """Status line, headers and body."""
        status = self.answer.status
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
        return f"HTTP/1.1 {status} {phrase}\r\n".encode() + self.head + b"\r\n" + self.answer.body

    @cached_property
    def _named(self) -> dict[str, bytes]:
        named: dict[str, bytes] = {}
        for name, text in self.answer.headers:
            key, data = name.lower().replace("-", "_"), text.encode("latin-1", "replace")
            named[key] = named[key] + b" " + data if key in named else data
        for name, text in self.answer.headers:
            if name.lower() == "set-cookie":
                cookie, _, rest = text.partition("=")
                named.setdefault(cookie.strip().lower(), rest.partition(";")[0].strip().encode("latin-1", "replace"))
        return named


def _spelled(name: str) -> bytes:
    return "-".join(part.capitalize() for part in name.split("-")).encode("latin-1", "replace")
