"""The cookie jar of one template: what an end point sets, it gets back (RFC 6265, as far as one end point needs it).

Names and values are the server's. They go into one header field and nowhere else, and only when they cannot end it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import re2

from plugins.ask import Header

MAX_COOKIES = 20
"""Most cookies of one jar."""
MAX_BYTES = 4_096
"""Longest field that is sent back."""
_NAME = re2.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_VALUE = re2.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e\"]*")
_GONE = re2.compile(r"(?i)max-age\s*=\s*(?:0+|-[0-9]+)\s*")


class Jar:
    """Cookies by name, each with the path that it is for and whether it is only for TLS."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str], tuple[str, bool]] = {}

    def copy(self) -> Jar:
        """Give a jar with the same cookies."""
        other = Jar()
        other._cookies = dict(self._cookies)
        return other

    def take(self, headers: Iterable[Header], target: str) -> None:
        """Take what an answer to a request for `target` sets, and drop what it takes back."""
        for name, text in headers:
            if name.lower() == "set-cookie":
                self._take(text, target)

    def header(self, target: str, *, tls: bool, explicit: str = "") -> str:
        """Give the value of the Cookie field for a request, after what the template itself sends; empty: none is due."""
        pairs = [explicit] if explicit else []
        path = target.partition("?")[0]
        # Longer paths first (RFC 6265, section 5.4).
        for (name, scope), (held, secure) in sorted(self._cookies.items(), key=lambda item: -len(item[0][1])):
            if (tls or not secure) and _matches(path, scope):
                pairs.append(f"{name}={held}")
        text = "; ".join(pairs)
        while len(text) > MAX_BYTES and len(pairs) > 1:
            pairs.pop()
            text = "; ".join(pairs)
        return text

    def _take(self, text: str, target: str) -> None:
        cookie = _parsed(text)
        if cookie is None:
            return
        name, held, scope, secure, gone = cookie
        key = name, scope or _folder(target)
        if gone:
            self._cookies.pop(key, None)
        elif key in self._cookies or len(self._cookies) < MAX_COOKIES:
            self._cookies[key] = held, secure


@lru_cache(maxsize=1024)
def _parsed(text: str) -> tuple[str, str, str, bool, bool] | None:
    """Give name, value, path (empty: the default), whether only for TLS, whether taken back; None: no cookie to keep."""
    first, *attributes = text.split(";")
    name, sign, held = (part.strip() for part in first.partition("="))
    if not sign or len(held) > MAX_BYTES or not _NAME.fullmatch(name) or not _VALUE.fullmatch(held):
        return None
    named = {key.strip().lower(): found.strip() for key, _, found in (part.partition("=") for part in attributes)}
    scope = named.get("path", "")
    gone = any(_GONE.fullmatch(attribute.strip()) for attribute in attributes)
    return name, held, scope if scope.startswith("/") else "", "secure" in named, gone


def _folder(target: str) -> str:
    """Give the default path (RFC 6265, section 5.1.4)."""
    folder = target.partition("?")[0].rpartition("/")[0]
    return folder if folder.startswith("/") else "/"


def _matches(path: str, scope: str) -> bool:
    return path == scope or (
        path.startswith(scope) and (scope.endswith("/") or path[len(scope) : len(scope) + 1] == "/")
    )
