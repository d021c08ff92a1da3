"""Matchers and extractors as values: what in an answer makes a match, and what is taken out of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from plugins.template.expression import Expression
from plugins.template.filling import Filling
from plugins.value import value

Condition = Literal["and", "or"]
"""How several parts make one."""


@value
class WordMatcher:
    """Looks for byte strings."""

    part: str
    """Part of the response."""
    words: tuple[Filling, ...]
    """What is looked for, as UTF-8 (or as bytes, when the file gives hexadecimal digits)."""
    condition: Condition = "or"
    """All, or any."""
    case_insensitive: bool = False
    """True: ASCII letters match in both cases."""
    negative: bool = False
    """True: the opposite counts."""
    name: str = ""
    """Name for the report."""
    internal: bool = False
    """True: decides only how a flow goes on."""


@value
class RegexMatcher:
    """Looks for RE2 patterns."""

    part: str
    """Part of the response."""
    patterns: tuple[str, ...]
    """RE2 patterns."""
    condition: Condition = "or"
    """All, or any."""
    negative: bool = False
    """True: the opposite counts."""
    name: str = ""
    """Name for the report."""
    internal: bool = False
    """True: decides only how a flow goes on."""


@value
class BinaryMatcher:
    """Looks for bytes."""

    part: str
    """Part of the response."""
    binaries: tuple[bytes, ...]
    """What is looked for."""
    condition: Condition = "or"
    """All, or any."""
    negative: bool = False
    """True: the opposite counts."""
    name: str = ""
    """Name for the report."""
    internal: bool = False
    """True: decides only how a flow goes on."""


@value
class StatusMatcher:
    """Compares the status code: of HTTP, or the response code of DNS."""

    statuses: tuple[int, ...]
    """Codes, any of which matches."""
    negative: bool = False
    """True: the opposite counts."""
    name: str = ""
    """Name for the report."""
    internal: bool = False
    """True: decides only how a flow goes on."""


@value
class SizeMatcher:
    """Compares the length of a part in bytes."""

    part: str
    """Part of the response."""
    sizes: tuple[int, ...]
    """Lengths, any of which matches."""
    negative: bool = False
    """True: the opposite counts."""
    name: str = ""
    """Name for the report."""
    internal: bool = False
    """True: decides only how a flow goes on."""


@value
class DslMatcher:
    """Evaluates expressions."""

    expressions: tuple[Expression, ...]
    """Each must come out as true or false."""
    condition: Condition = "or"
    """All, or any."""
    negative: bool = False
    """True: the opposite counts."""
    name: str = ""
    """Name for the report."""
    internal: bool = False
    """True: decides only how a flow goes on."""


@value
class XPathMatcher:
    """Looks for nodes of an HTML or XML document."""

    part: str
    """Part of the response."""
    paths: tuple[str, ...]
    """XPath expressions."""
    condition: Condition = "or"
    """All, or any."""
    negative: bool = False
    """True: the opposite counts."""
    name: str = ""
    """Name for the report."""
    internal: bool = False
    """True: decides only how a flow goes on."""


Matcher: TypeAlias = (
    WordMatcher | RegexMatcher | BinaryMatcher | StatusMatcher | SizeMatcher | DslMatcher | XPathMatcher
)
"""Every kind of matcher."""


@value
class RegexExtractor:
    """Takes values out of a part, in the order in which they stand there."""

    part: str
    """Part of the response."""
    patterns: tuple[str, ...]
    """RE2 patterns."""
    group: int = 0
    """Group that is taken; 0: all of the match."""
    name: str = ""
    """Name under which later expressions and requests see the first value."""
    internal: bool = False
    """True: only for expressions and requests, not for the report."""


@value
class KvalExtractor:
    """Takes whole parts, such as header fields and cookies."""

    keys: tuple[str, ...]
    """Names of parts."""
    lower: bool = False
    """True: names and values are taken in small letters (`case-insensitive`)."""
    name: str = ""
    """As above."""
    internal: bool = False
    """As above."""


@value
class JsonExtractor:
    """Takes values out of a JSON document."""

    part: str
    """Part of the response."""
    queries: tuple[str, ...]
    """Queries in the subset of jq (`plugins.template.json_path`)."""
    name: str = ""
    """As above."""
    internal: bool = False
    """As above."""


@value
class XPathExtractor:
    """Takes the text or an attribute of nodes of an HTML or XML document."""

    part: str
    """Part of the response."""
    paths: tuple[str, ...]
    """XPath expressions."""
    attribute: str = ""
    """Attribute that is taken; empty: the text."""
    name: str = ""
    """As above."""
    internal: bool = False
    """As above."""


@value
class DslExtractor:
    """Takes the values of expressions."""

    expressions: tuple[Expression, ...]
    """Expressions of any kind of value."""
    name: str = ""
    """As above."""
    internal: bool = False
    """As above."""


Extractor: TypeAlias = RegexExtractor | KvalExtractor | JsonExtractor | XPathExtractor | DslExtractor
"""Every kind of extractor."""


@value
class Operators:
    """What all kinds of blocks have: how an answer is judged."""

    id: str = ""
    """Name of the block, for flows."""
    matchers: tuple[Matcher, ...] = ()
    """What makes a match."""
    condition: Condition = "or"
    """How several matchers make one (`matchers-condition`)."""
    extractors: tuple[Extractor, ...] = ()
    """Run before the matchers."""
    stop_at_first_match: bool = False
    """True: the block sends nothing more after a match."""

    @property
    def internal(self) -> bool:
        """Whether a match only decides how a flow goes on and is no finding (semantics 5)."""
        return bool(self.matchers) and all(matcher.internal for matcher in self.matchers)
