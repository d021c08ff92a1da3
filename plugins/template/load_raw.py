"""The loader's part that reads raw requests: the text of a request, which is taken apart so that none can be malformed."""

from __future__ import annotations

from collections.abc import Iterator

import re2

from plugins.template import load_http, refused
from plugins.template.filling import EMPTY, Filling
from plugins.template.load_match import filling
from plugins.template.model import HttpRequest
from plugins.template.render import BASES, path_rest
from plugins.template.sheet import Node
from plugins.template.vocabulary import Vocabulary

MAX_TIMEOUT_S = 30
"""Longest `@timeout`."""
_LINE = re2.compile(r"([A-Za-z]{3,20})[ \t]+(.*?)(?:[ \t]+(HTTP/[0-9.]+))?[ \t]*")
_TIMEOUT = re2.compile(r"(?i)@timeout:[ \t]*([0-9]{1,4})(?:\.0+)?[ \t]*(s|sec|m|min)?[ \t]*")
_HOSTS = frozenset({"{{Hostname}}", "{{Host}}:{{Port}}", "{{Host}}"})
_VERSIONS = frozenset({"", "HTTP/1.1", "HTTP/2", "HTTP/2.0"})
# What the dialing side says anyway may stand there; anything else would be another request than the author thinks.
_SAID = {"connection": frozenset({"close", "keep-alive"}), "content-length": None, "host": _HOSTS}
_UNSENDABLE = HttpRequest(target=EMPTY)


def raw_request(node: Node, vocabulary: Vocabulary, *, lenient: bool) -> HttpRequest:
    """Read one entry of `raw`."""
    text = node.raw().replace("\r\n", "\n").lstrip("\n")
    timeout, text = _annotations(node, text)
    head, _, body = text.partition("\n\n")
    first, *lines = head.rstrip("\n").split("\n")
    found = _LINE.fullmatch(first.strip())
    if found is None:
        node.blame(f"{first[:60]!a} is no request line, such as GET /path HTTP/1.1")
        return _UNSENDABLE
    if (found.group(3) or "") not in _VERSIONS:
        node.blame(f"{found.group(3)}: only HTTP/1.1 is spoken")
    # One line break at the end belongs to how YAML writes a text and not to the body.
    content = body.removesuffix("\n")
    return HttpRequest(
        method=found.group(1).upper(),
        target=_target(node, found.group(2) or "/", vocabulary, lenient=lenient),
        headers=tuple(_headers(node, lines, vocabulary, lenient=lenient)),
        body=filling(node, content, vocabulary, lenient=lenient) if content else EMPTY,
        timeout_s=timeout,
    )


def _annotations(node: Node, text: str) -> tuple[float | None, str]:
    timeout: float | None = None
    while text.startswith("@"):
        line, _, text = text.partition("\n")
        name = line.partition(":")[0].strip().lower()
        found = _TIMEOUT.fullmatch(line.strip())
        if found:
            seconds = int(found.group(1)) * (60 if (found.group(2) or "").startswith("m") else 1)
            if not 1 <= seconds <= MAX_TIMEOUT_S:
                node.blame(f"@timeout: expected 1 to {MAX_TIMEOUT_S} seconds, saw {seconds}")
            timeout = float(min(max(seconds, 1), MAX_TIMEOUT_S))
        else:
            reason = refused.ANNOTATIONS.get(name, "there is only @timeout, such as @timeout: 20s")
            node.blame(f"{line[:60]!a}: refused, {reason}")
        text = text.lstrip("\n")
    return timeout, text


def _target(node: Node, text: str, vocabulary: Vocabulary, *, lenient: bool) -> Filling:
    """A target is a path, or a path behind the base of the end point."""
    if text.startswith(BASES):
        text, complaint = path_rest(text)
        if complaint:
            node.blame(complaint)
    elif not text.startswith("/"):
        node.blame(f"{text[:60]!a}: a target begins with /; other addresses are outside the scope of an inspection")
        return EMPTY
    return load_http.target(node, text, vocabulary, lenient=lenient)


def _headers(node: Node, lines: list[str], vocabulary: Vocabulary, *, lenient: bool) -> Iterator[tuple[str, Filling]]:
    for line in lines:
        name, colon, text = line.partition(":")
        name, text = name.strip(), text.strip()
        key = name.lower()
        if not colon:
            node.blame(f"{line[:60]!a} is no header field; an empty line stands before the body")
        elif key in _SAID:
            allowed = _SAID[key]
            if allowed is not None and text not in allowed and text.lower() not in allowed:
                node.blame(f"{name}: {text[:60]!a}: refused, {refused.HEADERS[key]}")
        elif key in refused.HEADERS:
            node.blame(f"{name[:60]}: refused, {refused.HEADERS[key]}")
        else:
            yield load_http.header(node, name, text, vocabulary, lenient=lenient)
