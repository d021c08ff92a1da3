"""The loader's part that reads http blocks: requests by path or raw, payloads, redirects, cookies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import re2

from plugins.template import refused
from plugins.template.filling import EMPTY, Filling
from plugins.template.load_match import KEYS, Reader, filling, flag
from plugins.template.load_payloads import payloads
from plugins.template.load_raw import raw_request
from plugins.template.model import HttpBlock, HttpRequest
from plugins.template.render import path_rest
from plugins.template.sheet import Node
from plugins.template.vocabulary import Vocabulary

MAX_PATHS = 20
"""Most paths, or raw requests, of one block."""
MAX_SIZE = 1_048_576
"""Largest `max-size`."""
MAX_REDIRECTS = 10
"""Largest `max-redirects`, which is also the default when redirects are followed."""
MAX_TARGET = 4_000
"""Longest request target."""
MAX_FIELD = 2_000
"""Longest header value."""
BLOCK = (
    *KEYS,
    *("path", "raw", "method", "headers", "body", "payloads", "attack", "max-size", "redirects", "host-redirects"),
    *("max-redirects", "cookie-reuse", "disable-cookie", "req-condition", "skip-variables-check"),
    "disable-path-automerge",
)
"""Keys of a block."""
_METHOD = re2.compile(r"[A-Z]{3,20}")
_HEADER_NAME = re2.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}")
_TARGET = re2.compile(r"[!-~]*")
_FIELD = re2.compile(r"[\x20-\x7e]*")


def http_block(node: Node, vocabulary: Vocabulary) -> HttpBlock:
    """Read one entry of `http`."""
    if not node.keys(BLOCK, refused.HTTP):
        return HttpBlock(requests=())
    lists = payloads(node, vocabulary)
    reader = Reader(node, vocabulary, default="body", refused_parts=refused.PARTS)
    operators = reader.operators()
    size, sequence = node.at("max-size"), node.at("raw") is not None
    flag(node, "disable-path-automerge")
    return HttpBlock(
        **operators,
        requests=tuple(_requests(node, vocabulary)),
        sequence=sequence,
        payloads=lists,
        redirects=_redirects(node),
        cookies=_cookies(node),
        history=reader.history or flag(node, "req-condition"),
        max_bytes=size.whole(1, MAX_SIZE) if size else 262_144,
        beginning=size is not None,
    )


def announce(node: Node, vocabulary: Vocabulary) -> None:
    """Take the names of payloads and extractors into the vocabulary, before anything that uses them is read."""
    if not isinstance(node.data, dict):
        return
    lists, extractors = node.at("payloads"), node.at("extractors")
    if lists and isinstance(lists.data, dict):
        for name in lists.data:
            vocabulary.give(name, "a payload", lists, name)
    for entry in extractors.entries() if extractors and isinstance(extractors.data, list) else ():
        name = entry.at("name") if isinstance(entry.data, dict) else None
        if name and isinstance(name.data, str):
            vocabulary.give(name.data.strip(), "an extractor", entry, "name")


def _requests(node: Node, vocabulary: Vocabulary) -> Iterator[HttpRequest]:
    found, lenient = node.at("raw") or node.need("path"), flag(node, "skip-variables-check")
    if node.at("raw"):
        for key in ("path", "method", "headers", "body"):
            if node.at(key):
                node.blame(f"{key}: a raw request says it itself; remove it", key)
    if found is None:
        return
    entries = list(found.entries())
    if not 1 <= len(entries) <= MAX_PATHS:
        found.blame(f"expected 1 to {MAX_PATHS} {'raw requests' if node.at('raw') else 'paths'}, saw {len(entries)}")
    if node.at("raw"):
        yield from (raw_request(entry, vocabulary, lenient=lenient) for entry in entries[:MAX_PATHS])
    else:
        yield from _by_path(node, entries[:MAX_PATHS], vocabulary, lenient=lenient)


def _by_path(node: Node, entries: list[Node], vocabulary: Vocabulary, *, lenient: bool) -> Iterator[HttpRequest]:
    method, body = node.at("method"), node.at("body")
    verb = method.text("GET").upper() if method else "GET"
    if method and not _METHOD.fullmatch(verb):
        method.blame(f"{verb[:40]!a} is no method")
    headers = tuple(_headers(node, vocabulary, lenient=lenient))
    content = filling(body, body.raw(), vocabulary, lenient=lenient) if body else EMPTY
    for entry in entries:
        rest, complaint = path_rest(entry.raw())
        if complaint:
            entry.blame(complaint)
        yield HttpRequest(
            method=verb, target=target(entry, rest, vocabulary, lenient=lenient), headers=headers, body=content
        )


def target(node: Node, text: str, vocabulary: Vocabulary, *, lenient: bool) -> Filling:
    """Read a request target."""
    made = filling(node, text, vocabulary, lenient=lenient)
    if len(text) > MAX_TARGET:
        node.blame(f"a target is at most {MAX_TARGET} characters long")
    for part in made.parts:
        if isinstance(part, bytes) and not _TARGET.fullmatch(part.decode("utf-8", "replace")):
            node.blame("spaces, control characters and anything outside ASCII are written percent-encoded")
    return made


def _headers(node: Node, vocabulary: Vocabulary, *, lenient: bool) -> Iterator[tuple[str, Filling]]:
    found = node.at("headers")
    if found is None:
        return
    if not isinstance(found.data, dict):
        found.blame("expected a mapping of header names to values")
        return
    for name in found.data:
        entry = found.at(name)
        text = entry.raw() if entry else ""
        if name.lower() in refused.HEADERS:
            found.blame(f"{name[:60]}: refused, {refused.HEADERS[name.lower()]}", name)
        yield header(found, name, text, vocabulary, name, lenient=lenient)


def header(
    node: Node, name: str, text: str, vocabulary: Vocabulary, *below: str | int, lenient: bool
) -> tuple[str, Filling]:
    """Read a header field."""
    if not _HEADER_NAME.fullmatch(name):
        node.blame(f"{name[:40]!a} is no header name", *below)
    made = filling(node, text, vocabulary, *below, lenient=lenient)
    for part in made.parts:
        if isinstance(part, bytes) and (len(part) > MAX_FIELD or not _FIELD.fullmatch(part.decode("utf-8", "replace"))):
            node.blame(f"a header value is printable ASCII on one line, at most {MAX_FIELD} characters", *below)
    return name, made


def _redirects(node: Node) -> int:
    """`redirects` and `host-redirects` mean the same here: only redirects inside the end point are followed."""
    followed = flag(node, "redirects") | flag(node, "host-redirects")
    most = node.at("max-redirects")
    limit = most.whole(0, MAX_REDIRECTS) if most else MAX_REDIRECTS
    return limit if followed else 0


def _cookies(node: Node) -> Literal["between", "within", "none"]:
    reuse = node.at("cookie-reuse")
    if flag(node, "disable-cookie") or (reuse and not reuse.flag()):
        return "none"
    return "within" if reuse else "between"
