"""A response under the names that the format gives to its parts, together with what else expressions may name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

import re2

from plugins.ask import Answer, DnsAnswer, HttpAnswer, HttpAsk, NoAnswer, TcpAnswer, TlsAnswer
from plugins.template.parts_http import HttpParts
from plugins.template.parts_other import DnsParts, TcpParts, TlsParts
from plugins.template.shelf import Shelf
from plugins.template.values import Value, as_bytes

Author: TypeAlias = Callable[[str], Value | None]
"""Gives what the author of a template, the end point or chance put under a name; None: nothing."""

_PAST = re2.compile(r"(.+)_([1-9][0-9]{0,2})")


class Parts(Protocol):
    """The parts of one answer. The same for all templates, so it is made once for each answer."""

    status: int | None
    """Status or response code; None: there is no such thing."""
    truncated: bool
    """Whether the server had more to say."""
    partial: frozenset[str]
    """Parts that are only a beginning after a cut."""

    @property
    def whole(self) -> bytes:
        """All of the answer as text."""

    def part(self, name: str) -> bytes | None:
        """Give a part as bytes; None: there is none of that name."""

    def value(self, name: str) -> Value | None:
        """Give a part as expressions see it; None: there is none of that name."""

    def lowered(self, name: str) -> bytes | None:
        """Give a part in small letters."""


_SHELF: Shelf[Answer, Parts] = Shelf()


def parts_of(answer: Answer) -> Parts:
    """Give the parts of an answer. Those of the last answers are kept, because every signature looks at the same ones."""
    return _SHELF.get(answer, _parts, _weight)


def _parts(answer: Answer) -> Parts:
    if isinstance(answer, HttpAnswer):
        return HttpParts(answer)
    if isinstance(answer, TcpAnswer):
        return TcpParts(answer)
    if isinstance(answer, DnsAnswer):
        return DnsParts(answer)
    if isinstance(answer, TlsAnswer):
        return TlsParts(answer)
    raise TypeError("no answer has no parts")


def _weight(answer: Answer) -> int:
    body = getattr(answer, "body", b"") or getattr(answer, "data", b"")
    return 4 * len(body) + 2_000


def _sent(ask: HttpAsk) -> bytes:
    """Give a request as its author wrote it, without the header fields that the dialing side adds."""
    fields = "".join(f"{name}: {text}\r\n" for name, text in ask.headers)
    return f"{ask.method} {ask.path} HTTP/1.1\r\n{fields}\r\n".encode("latin-1", "replace") + ask.body


def _truncated(answer: Answer) -> bool:
    return bool(getattr(answer, "truncated", False))


class View:
    """The parts of one answer, and everything else that has a name while it is judged."""

    def __init__(
        self,
        answer: Answer,
        known: Mapping[str, bytes],
        variables: Mapping[str, Value] | Mapping[str, str] | Author,
        *,
        beginning: bool = False,
        past: Sequence[Answer] | None = None,
        named: Mapping[str, bytes] | None = None,
        ask: HttpAsk | None = None,
    ) -> None:
        self.answer = answer
        self.parts = parts_of(answer)
        self.is_cut = not beginning and (self.parts.truncated or any(_truncated(one) for one in past or ()))
        self.known = dict(known)
        self._author: Author = variables if callable(variables) else variables.get  # type: ignore[assignment]
        self._past = past
        self._named = named
        self._ask = ask

    @property
    def status(self) -> int | None:
        """Status or response code."""
        return self.parts.status

    @property
    def whole(self) -> bytes:
        """All of the answer as text."""
        return self.parts.whole

    def part(self, name: str) -> bytes | None:
        """Give a part as bytes; None when the response has no such header, cookie, record or field."""
        earlier = self._earlier(name)
        if earlier:
            return earlier[0].part(earlier[1])
        if name == "request" and self._ask:
            return _sent(self._ask)
        found = self._named.get(name) if self._named else None
        if found is None:
            found = self.parts.part(name)
        return self.known.get(name) if found is None else found

    def lowered(self, name: str) -> bytes | None:
        """Give a part in small letters."""
        earlier = self._earlier(name)
        if earlier:
            return earlier[0].lowered(earlier[1])
        if name == "request" or (self._named and name in self._named) or name in self.known:
            found = self.part(name)
            return None if found is None else found.lower()
        return self.parts.lowered(name)

    def lookup(self, name: str) -> Value | None:
        """Give what an expression sees under a name: what was extracted, what the author wrote, then what the server said.

        In this order, so that a server cannot put a header under a name that the author uses.
        """
        found: Value | str | None = self.known.get(name)
        if found is None:
            found = self._author(name)
        if found is None:
            earlier = self._earlier(name)
            found = earlier[0].value(earlier[1]) if earlier else None
        if found is None:
            found = self._named.get(name) if self._named else None
        if found is None and name == "request" and self._ask:
            found = _sent(self._ask)
        if found is None:
            found = self.parts.value(name)
        return found.encode() if isinstance(found, str) else found

    def text(self, name: str) -> bytes | None:
        """Give the text of what an expression sees under a name."""
        found = self.lookup(name)
        return None if found is None else as_bytes(found)

    def is_partial(self, part: str) -> bool:
        """Tell whether the part is only a beginning, so that not finding something says nothing."""
        if not self.is_cut:
            return False
        earlier = self._earlier(part)
        parts, name = earlier or (self.parts, part)
        return parts.truncated and name in parts.partial

    def _earlier(self, name: str) -> tuple[Parts, str] | None:
        """Find `body_2`: a part of the second answer of the block (semantics 8)."""
        if self._past is None or not name[-1:].isdigit():
            return None
        found = _PAST.fullmatch(name)
        if found is None:
            return None
        number = int(found.group(2))
        answers = (*self._past, self.answer)
        if number > len(answers) or isinstance(answers[number - 1], NoAnswer):
            return None
        return parts_of(answers[number - 1]), found.group(1)
