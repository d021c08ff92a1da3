"""The loader's half that reads http blocks: asks, matchers, extractors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import re2

from plugins.admission import SAFE_METHODS, refuse_method
from plugins.ask import Header
from plugins.template import refused
from plugins.template.expression import Expression, ExpressionError, parse
from plugins.template.model import (
    Condition,
    DslMatcher,
    Extractor,
    HttpBlock,
    Matcher,
    Method,
    RegexMatcher,
    StatusMatcher,
    WordMatcher,
)
from plugins.template.pattern import PatternError, compiled
from plugins.template.render import marker_complaint, path_complaint
from plugins.template.sheet import Node

T = TypeVar("T")

MAX_PATHS = 20
"""Most paths of one block."""
MAX_BODY = 1_048_576
"""Largest `max-size`."""

_BLOCK = (
    *("method", "path", "headers", "matchers", "matchers-condition", "extractors", "stop-at-first-match"),
    "max-size",
)
_COMMON = ("type", "part", "condition", "negative", "name")
_MATCHERS = {"word": "words", "regex": "regex", "status": "status", "dsl": "dsl"}
_PART = re2.compile(r"[a-z][a-z0-9_]{0,59}")
_HISTORY = re2.compile(r".*_[0-9]+")
_HEADER_NAME = re2.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}")
_HEADER_TEXT = re2.compile(r"[\x20-\x7e]{0,1000}")
_NO_PARTS = {"request", "duration", "raw", "host", "interactsh_protocol", "interactsh_request", "template_id"}


def http_block(node: Node) -> HttpBlock:
    """Read one entry of `http`."""
    if not node.keys(_BLOCK, refused.HTTP):
        return HttpBlock(paths=())
    matchers, extractors = node.at("matchers"), node.at("extractors")
    if not matchers and not extractors:
        node.blame("neither matchers nor extractors: such a block can never match; add one")
    size = node.at("max-size")
    return HttpBlock(
        method=_method(node),
        paths=_paths(node),
        headers=_headers(node),
        matchers=tuple(_matcher(entry) for entry in matchers.entries()) if matchers else (),
        condition=_condition(node, "matchers-condition"),
        extractors=tuple(_extractor(entry) for entry in extractors.entries()) if extractors else (),
        stop_at_first_match=_flag(node, "stop-at-first-match"),
        max_bytes=size.whole(1, MAX_BODY) if size else 262_144,
        beginning=size is not None,
    )


def _method(node: Node) -> Method:
    found = node.at("method")
    method = found.text("GET").upper() if found else "GET"
    refusal = refuse_method(method)
    if found and refusal:
        found.blame(f"refused, admission rule {refusal}")
        return "GET"
    return cast(Method, SAFE_METHODS[SAFE_METHODS.index(method)])


def _paths(node: Node) -> tuple[str, ...]:
    found = node.need("path")
    if found is None:
        return ()
    paths = tuple(entry.raw() for entry in found.entries())
    if not 1 <= len(paths) <= MAX_PATHS:
        found.blame(f"expected 1 to {MAX_PATHS} paths, saw {len(paths)}")
    for index, path in enumerate(paths):
        complaint = path_complaint(path)
        if complaint:
            found.blame(complaint, index)
    return paths


def _headers(node: Node) -> tuple[Header, ...]:
    found = node.at("headers")
    if found is None:
        return ()
    if not isinstance(found.data, dict):
        found.blame("expected a mapping of header names to values")
        return ()
    return tuple(_header(found, name) for name in found.data)


def _header(node: Node, name: str) -> Header:
    entry = node.at(name)
    text = entry.raw() if entry else ""
    if not _HEADER_NAME.fullmatch(name):
        node.blame(f"{name[:40]!a} is no header name", name)
    elif name.lower() in refused.HEADERS:
        node.blame(f"{name}: refused, {refused.HEADERS[name.lower()]}", name)
    if not _HEADER_TEXT.fullmatch(text):
        node.blame("a header value is printable ASCII on one line, at most 1000 characters", name)
    complaint = marker_complaint(text)
    if complaint:
        node.blame(complaint, name)
    return name, text


def _condition(node: Node, key: str) -> Condition:
    found = node.at(key)
    return cast(Condition, found.choice(("or", "and"))) if found else "or"


def _flag(node: Node, key: str) -> bool:
    found = node.at(key)
    return found.flag() if found else False


def _part(node: Node, default: str = "body") -> str:
    found = node.at("part")
    part = found.text(default) if found else default
    if found and (not _PART.fullmatch(part) or part in _NO_PARTS or _HISTORY.fullmatch(part)):
        found.blame(
            f"{part[:60]!a} is no part of the subset; there are body, header, all, status_code, and header or cookie "
            "names in lower_snake spelling"
        )
    return part


def _name(node: Node) -> str:
    found = node.at("name")
    return found.text() if found else ""


def _matcher(node: Node) -> Matcher:
    kind = _kind(node, tuple(_MATCHERS), "matcher")
    if kind is None:
        return StatusMatcher(statuses=())
    own = _MATCHERS[kind]
    extra = ("case-insensitive",) if kind == "word" else ()
    node.keys((*_COMMON, own, *extra), refused.MATCHER)
    readers: dict[str, Callable[[Node, Node], Matcher]] = {
        "word": _word_matcher,
        "regex": _regex_matcher,
        "status": _status_matcher,
        "dsl": _dsl_matcher,
    }
    found = node.need(own)
    return readers[kind](node, found) if found else StatusMatcher(statuses=())


def _kind(node: Node, kinds: tuple[str, ...], what: str) -> str | None:
    found = node.need("type")
    if found is None:
        if not isinstance(node.data, dict):
            node.blame(f"expected a mapping that describes a {what}")
        return None
    kind = found.text()
    if kind not in kinds:
        found.blame(f"{kind[:40]!a}: no {what} of the subset; there are {', '.join(kinds)}")
        return None
    return kind


def _word_matcher(node: Node, found: Node) -> Matcher:
    words = _filled(found, found.texts())
    for word in words:
        complaint = marker_complaint(word)
        if complaint:
            found.blame(complaint)
    return WordMatcher(
        part=_part(node),
        words=words,
        condition=_condition(node, "condition"),
        case_insensitive=_flag(node, "case-insensitive"),
        negative=_flag(node, "negative"),
        name=_name(node),
    )


def _regex_matcher(node: Node, found: Node) -> Matcher:
    return RegexMatcher(
        part=_part(node),
        patterns=_patterns(found),
        condition=_condition(node, "condition"),
        negative=_flag(node, "negative"),
        name=_name(node),
    )


def _status_matcher(node: Node, found: Node) -> Matcher:
    for key in ("condition", "part"):
        if node.at(key):
            node.blame(f"{key}: a response has one status; remove it", key)
    statuses = [entry.whole(100, 599) for entry in found.entries()]
    return StatusMatcher(statuses=_filled(found, tuple(statuses)), negative=_flag(node, "negative"), name=_name(node))


def _dsl_matcher(node: Node, found: Node) -> Matcher:
    if node.at("part"):
        node.blame("part: expressions name the parts themselves; remove it", "part")
    expressions = []
    for text in _filled(found, found.texts()):
        expression = _expression(found, text)
        if expression:
            expressions.append(expression)
    return DslMatcher(
        expressions=tuple(expressions),
        condition=_condition(node, "condition"),
        negative=_flag(node, "negative"),
        name=_name(node),
    )


def _expression(node: Node, text: str) -> Expression | None:
    try:
        return parse(text)
    except ExpressionError as error:
        node.blame(str(error))
        return None


def _extractor(node: Node) -> Extractor:
    kind = _kind(node, ("regex",), "extractor")
    if kind is None:
        return Extractor(part="body", patterns=())
    node.keys(("type", "part", "name", "regex", "group", "internal"), refused.EXTRACTOR)
    found, group = node.need("regex"), node.at("group")
    patterns = _patterns(found) if found else ()
    number = group.whole(0, 99) if group else 0
    if found and any(number > _groups(pattern) for pattern in patterns):
        (group or node).blame(f"group {number}: not every pattern has so many groups")
    if _flag(node, "internal") and not node.at("name"):
        node.blame("an internal extractor without a name serves nothing; give it a name")
    return Extractor(
        part=_part(node), patterns=patterns, group=number, name=_name(node), internal=_flag(node, "internal")
    )


def _patterns(found: Node) -> tuple[str, ...]:
    patterns = _filled(found, found.texts())
    for pattern in patterns:
        try:
            compiled(pattern)
        except PatternError as error:
            found.blame(str(error))
    return patterns


def _groups(pattern: str) -> int:
    try:
        return int(compiled(pattern).groups)
    except PatternError:
        return 99


def _filled(node: Node, entries: tuple[T, ...]) -> tuple[T, ...]:
    if not entries or "" in entries:
        node.blame("an empty list or text would match everything; write what is looked for")
    return entries
