"""The loader's part that reads matchers and extractors, which all kinds of blocks have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import re2

from plugins.template import json_path, refused, xpath
from plugins.template.expression import Expression, ExpressionError, parse
from plugins.template.filling import OUT_OF_BAND, Filling, MarkerError
from plugins.template.filling import read as read_filling
from plugins.template.json_path import QueryError
from plugins.template.model_match import (
    BinaryMatcher,
    Condition,
    DslExtractor,
    DslMatcher,
    Extractor,
    JsonExtractor,
    KvalExtractor,
    Matcher,
    RegexExtractor,
    RegexMatcher,
    SizeMatcher,
    StatusMatcher,
    WordMatcher,
    XPathExtractor,
    XPathMatcher,
)
from plugins.template.pattern import PatternError, compiled
from plugins.template.sheet import Node
from plugins.template.vocabulary import Vocabulary
from plugins.template.xpath import XPathError

T = TypeVar("T")

KEYS = ("id", "name", "matchers", "matchers-condition", "extractors", "stop-at-first-match")
"""Keys that all kinds of blocks have."""
COMMON = ("type", "part", "condition", "negative", "name", "internal", "match-all")
"""Keys of every matcher."""
MATCHERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "word": ("words", ("case-insensitive", "encoding")),
    "regex": ("regex", ()),
    "status": ("status", ()),
    "dsl": ("dsl", ()),
    "binary": ("binary", ()),
    "size": ("size", ()),
    "xpath": ("xpath", ()),
}
"""Types of matchers: the key of what is looked for, and further keys."""
TAKING = ("type", "part", "name", "internal")
"""Keys of every extractor."""
EXTRACTORS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "regex": ("regex", ("group", "case-insensitive")),
    "kval": ("kval", ("case-insensitive",)),
    "json": ("json", ("group",)),
    "xpath": ("xpath", ("attribute",)),
    "dsl": ("dsl", ()),
}
"""Types of extractors, as above."""
MAX_ENTRIES = 200
"""Most words, patterns or expressions of one matcher or extractor."""
_PART = re2.compile(r"[a-z][a-z0-9_]{0,59}")
_HISTORY = re2.compile(r"(.+)_[0-9]+")


class Reader:
    """Reads the matchers and extractors of one block."""

    def __init__(self, node: Node, vocabulary: Vocabulary, *, default: str, refused_parts: Mapping[str, str]) -> None:
        self._node, self._vocabulary = node, vocabulary
        self._default, self._refused = default, refused_parts
        self.history = False
        """Whether a name means an earlier answer."""

    def operators(self) -> dict[str, Any]:
        """Give the fields of `Operators`."""
        matchers, extractors = self._node.at("matchers"), self._node.at("extractors")
        if not matchers and not extractors:
            self._node.blame("neither matchers nor extractors: such a block can never match; add one")
        identifier = self._node.at("id")
        return {
            "id": identifier.text() if identifier else "",
            "matchers": tuple(self._matcher(entry) for entry in matchers.entries()) if matchers else (),
            "condition": condition(self._node, "matchers-condition"),
            "extractors": tuple(self._extractor(entry) for entry in extractors.entries()) if extractors else (),
            "stop_at_first_match": flag(self._node, "stop-at-first-match"),
        }

    def _matcher(self, node: Node) -> Matcher:
        kind = _kind(node, tuple(MATCHERS), "matcher")
        if kind is None:
            return StatusMatcher(statuses=())
        own, extra = MATCHERS[kind]
        node.keys((*COMMON, own, *extra), {})
        readers: dict[str, Callable[[Node, Node, dict[str, Any]], Matcher]] = {
            "word": self._word,
            "regex": self._regex,
            "status": self._status,
            "dsl": self._dsl,
            "binary": self._binary,
            "size": self._size,
            "xpath": self._xpath,
        }
        found = node.need(own)
        flag(node, "match-all")
        shared = {"negative": flag(node, "negative"), "internal": flag(node, "internal"), "name": _text(node, "name")}
        return readers[kind](node, found, shared) if found else StatusMatcher(statuses=())

    def _word(self, node: Node, found: Node, shared: dict[str, Any]) -> Matcher:
        encoding = node.at("encoding")
        words = filled(found, found.texts())
        if encoding and encoding.choice(("hex",)) == "hex":
            fillings = tuple(Filling(parts=(data,)) for data in _bytes(found, words))
        else:
            fillings = tuple(filling(found, word, self._vocabulary) for word in words)
        return WordMatcher(
            part=self._part(node),
            words=fillings,
            condition=condition(node, "condition"),
            case_insensitive=flag(node, "case-insensitive"),
            **shared,
        )

    def _regex(self, node: Node, found: Node, shared: dict[str, Any]) -> Matcher:
        how = condition(node, "condition")
        return RegexMatcher(part=self._part(node), patterns=_patterns(found), condition=how, **shared)

    def _binary(self, node: Node, found: Node, shared: dict[str, Any]) -> Matcher:
        binaries = _bytes(found, filled(found, found.texts()))
        how = condition(node, "condition")
        return BinaryMatcher(part=self._part(node), binaries=binaries, condition=how, **shared)

    def _status(self, node: Node, found: Node, shared: dict[str, Any]) -> Matcher:
        _without(
            node, {"condition": "a response has one status; remove it", "part": "a response has one status; remove it"}
        )
        least, most = (0, 23) if self._default == "raw" else (100, 599)
        statuses = tuple(entry.whole(least, most) for entry in found.entries())
        if self._default not in {"body", "raw"}:
            node.blame("status: such an answer has no status", "type")
        return StatusMatcher(statuses=filled(found, statuses), **shared)

    def _size(self, node: Node, found: Node, shared: dict[str, Any]) -> Matcher:
        _without(node, {"condition": "a part has one size; remove it"})
        sizes = tuple(entry.whole(0, 10_000_000) for entry in found.entries())
        return SizeMatcher(part=self._part(node), sizes=filled(found, sizes), **shared)

    def _dsl(self, node: Node, found: Node, shared: dict[str, Any]) -> Matcher:
        _without(node, {"part": "expressions name the parts themselves; remove it"})
        return DslMatcher(expressions=self._expressions(found), condition=condition(node, "condition"), **shared)

    def _xpath(self, node: Node, found: Node, shared: dict[str, Any]) -> Matcher:
        how = condition(node, "condition")
        return XPathMatcher(part=self._part(node), paths=_xpaths(found), condition=how, **shared)

    def _extractor(self, node: Node) -> Extractor:
        kind = _kind(node, tuple(EXTRACTORS), "extractor")
        nothing = KvalExtractor(keys=())
        if kind is None:
            return nothing
        own, extra = EXTRACTORS[kind]
        node.keys((*TAKING, own, *extra), refused.EXTRACTOR)
        found, name, internal = node.need(own), _text(node, "name"), flag(node, "internal")
        if internal and not name:
            node.blame("an internal extractor without a name serves nothing; give it a name")
        readers: dict[str, Callable[[Node, Node, dict[str, Any]], Extractor]] = {
            "regex": self._take_regex,
            "kval": self._take_kval,
            "json": self._take_json,
            "xpath": self._take_xpath,
            "dsl": self._take_dsl,
        }
        return readers[kind](node, found, {"name": name, "internal": internal}) if found else nothing

    def _take_regex(self, node: Node, found: Node, shared: dict[str, Any]) -> Extractor:
        patterns, group = _patterns(found), node.at("group")
        if flag(node, "case-insensitive"):
            patterns = tuple(f"(?i){pattern}" for pattern in patterns)
        number = group.whole(0, 99) if group else 0
        if any(number > _groups(pattern) for pattern in patterns):
            (group or node).blame(f"group {number}: not every pattern has so many groups")
        return RegexExtractor(part=self._part(node), patterns=patterns, group=number, **shared)

    def _take_kval(self, node: Node, found: Node, shared: dict[str, Any]) -> Extractor:
        _without(node, {"part": "the keys name the parts themselves; remove it"})
        lower = flag(node, "case-insensitive")
        keys = tuple(key.lower() if lower else key for key in filled(found, found.texts()))
        for key in keys:
            self._check_part(found, key)
        return KvalExtractor(keys=keys, lower=lower, **shared)

    def _take_json(self, node: Node, found: Node, shared: dict[str, Any]) -> Extractor:
        queries = filled(found, found.texts())
        for query in queries:
            try:
                json_path.parse(query)
            except QueryError as error:
                found.blame(str(error))
        group = node.at("group")
        if group:
            group.whole(0, 99)
        return JsonExtractor(part=self._part(node), queries=queries, **shared)

    def _take_xpath(self, node: Node, found: Node, shared: dict[str, Any]) -> Extractor:
        attribute = _text(node, "attribute")
        return XPathExtractor(part=self._part(node), paths=_xpaths(found), attribute=attribute, **shared)

    def _take_dsl(self, node: Node, found: Node, shared: dict[str, Any]) -> Extractor:
        _without(node, {"part": "expressions name the parts themselves; remove it"})
        return DslExtractor(expressions=self._expressions(found), **shared)

    def _part(self, node: Node) -> str:
        found = node.at("part")
        part = found.text(self._default) if found else self._default
        if found:
            self._check_part(found, part)
        return part

    def _check_part(self, node: Node, part: str) -> None:
        if part in self._refused:
            node.blame(f"{part[:60]!a} is no part of the subset, {self._refused[part]}")
        elif not _PART.fullmatch(part) and part not in self._vocabulary:
            node.blame(
                f"{part[:60]!a} is no part of the subset; there are body, header, all, and names in lower_snake spelling"
            )
        self._note(part)

    def _note(self, name: str) -> None:
        """A name that ends in a number means an earlier answer (semantics 8), unless it is somebody's name."""
        self.history = self.history or (name not in self._vocabulary and _HISTORY.fullmatch(name) is not None)

    def _expressions(self, node: Node) -> tuple[Expression, ...]:
        expressions = (self._expression(node, text) for text in filled(node, node.texts()))
        return tuple(expression for expression in expressions if expression)

    def _expression(self, node: Node, text: str) -> Expression | None:
        try:
            expression = parse(text)
        except ExpressionError as error:
            node.blame(str(error))
            return None
        for name in sorted(expression.names):
            base = found.group(1) if (found := _HISTORY.fullmatch(name)) else name
            if name.startswith(OUT_OF_BAND):
                node.blame(f"{name}: refused, call-backs to a listener of our own are not in the subset yet")
            elif base in self._refused and base not in self._vocabulary and base != "duration":
                node.blame(f"{name}: refused, {self._refused[base]}")
            self._note(name)
        return expression


def condition(node: Node, key: str) -> Condition:
    """Give `and` or `or`; or is the default (semantics 4)."""
    found = node.at(key)
    return cast(Condition, found.choice(("or", "and"))) if found else "or"


def flag(node: Node, key: str) -> bool:
    """Give a truth value; false is the default."""
    found = node.at(key)
    return found.flag() if found else False


def filling(node: Node, text: str, vocabulary: Vocabulary | None, *below: str | int, lenient: bool = False) -> Filling:
    """Read a text with markers."""
    try:
        return read_filling(text, vocabulary, lenient=lenient)
    except MarkerError as error:
        node.blame(str(error), *below)
        return Filling(parts=())


def filled(node: Node, entries: tuple[T, ...]) -> tuple[T, ...]:
    """Give entries, of which there must be some, and none empty."""
    if not entries or "" in entries:
        node.blame("an empty list or text would match everything; write what is looked for")
    if len(entries) > MAX_ENTRIES:
        node.blame(f"expected at most {MAX_ENTRIES} entries, saw {len(entries)}")
    return entries[:MAX_ENTRIES]


def _text(node: Node, key: str) -> str:
    found = node.at(key)
    return found.text() if found else ""


def _without(node: Node, reasons: Mapping[str, str]) -> None:
    for key, reason in reasons.items():
        if node.at(key):
            node.blame(f"{key}: {reason}", key)


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


def _bytes(node: Node, texts: tuple[str, ...]) -> tuple[bytes, ...]:
    made = []
    for text in texts:
        try:
            made.append(bytes.fromhex(text))
        except ValueError:
            node.blame(f"{text[:40]!a}: expected pairs of hexadecimal digits")
    return tuple(made)


def _patterns(found: Node) -> tuple[str, ...]:
    patterns = filled(found, found.texts())
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


def _xpaths(found: Node) -> tuple[str, ...]:
    paths = filled(found, found.texts())
    for path in paths:
        try:
            xpath.parse(path)
        except XPathError as error:
            found.blame(str(error))
    return paths
