"""A template as values: what `plugins.template.load` makes of a file."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias

from plugins.ask import Header
from plugins.template.expression import Expression
from plugins.text import Text
from plugins.value import value

Condition = Literal["and", "or"]
"""How several parts make one."""
Method = Literal["GET", "HEAD", "OPTIONS"]
"""Methods that a template may use."""
SeverityWord = Literal["info", "low", "medium", "high", "critical"]
"""Severity as the format writes it."""


class Threat(StrEnum):
    """What an attacker gains at worst (inspection rules 4.3.4.2 (2))."""

    ADMIN = "admin"
    """Administrator rights."""
    SYSTEM_FILE_WRITE = "system-file-write"
    """System files are rewritten."""
    FILE_READ = "file-read"
    """Other files are read."""
    FILE_WRITE = "file-write"
    """Other files are rewritten."""
    OTHER = "other"
    """Anything else, such as knowledge that helps an attack."""


@value
class WordMatcher:
    """Looks for byte strings."""

    part: str
    """Part of the response."""
    words: tuple[str, ...]
    """What is looked for, as UTF-8."""
    condition: Condition = "or"
    """All, or any."""
    case_insensitive: bool = False
    """True: ASCII letters match in both cases."""
    negative: bool = False
    """True: the opposite counts."""
    name: str = ""
    """Name for the report."""


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


@value
class StatusMatcher:
    """Compares the status code."""

    statuses: tuple[int, ...]
    """Codes, any of which matches."""
    negative: bool = False
    """True: the opposite counts."""
    name: str = ""
    """Name for the report."""


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


Matcher: TypeAlias = WordMatcher | RegexMatcher | StatusMatcher | DslMatcher
"""Every kind of matcher."""


@value
class Extractor:
    """Takes values out of a response, in the order in which they stand there."""

    part: str
    """Part of the response."""
    patterns: tuple[str, ...]
    """RE2 patterns."""
    group: int = 0
    """Group that is taken; 0: all of the match."""
    name: str = ""
    """Name under which later expressions see the first value."""
    internal: bool = False
    """True: only for expressions, not for the report."""


@value
class HttpBlock:
    """One entry of `http`: the same asks, matchers and extractors for several paths."""

    method: Method = "GET"
    """Method of every ask."""
    paths: tuple[str, ...]
    """Request targets, with URL variables still in them."""
    headers: tuple[Header, ...] = ()
    """Headers of every ask, with URL variables still in them."""
    matchers: tuple[Matcher, ...] = ()
    """What makes a match."""
    condition: Condition = "or"
    """How several matchers make one (`matchers-condition`)."""
    extractors: tuple[Extractor, ...] = ()
    """Run before the matchers."""
    stop_at_first_match: bool = False
    """True: the paths after a match are not asked."""
    max_bytes: int = 262_144
    """Largest body that is read (`max-size`)."""
    beginning: bool = False
    """True: the author wants no more than the beginning (`max-size` is given), so a cut hides nothing."""


@value
class Classification:
    """What the hole is in public lists."""

    cve: tuple[str, ...] = ()
    """CVE ids."""
    cwe: tuple[str, ...] = ()
    """CWE ids."""
    cvss: str = ""
    """CVSS vector, version 2 to 4; empty: none is published."""
    cpe: str = ""
    """CPE 2.3 name of the product; empty: none is given."""


@value
class Product:
    """What must have been seen for a template to apply (product gate)."""

    name: str
    """Name for people."""
    seen: tuple[str, ...]
    """RE2 patterns; one of them must be found in an answer to the front asks, headers included."""


@value
class Inspection:
    """Our own block, `info.metadata.tenken`."""

    threat: Threat
    """What an attacker gains at worst."""
    certainty: Literal["verified", "suspected"]
    """What a match is worth: shown by behaviour, or inferred from a version."""
    title: Text
    """One line for a shop owner."""
    remedy: Text
    """What to do."""
    note: Text | None = None
    """What else to know, for example about distributions that mend without a new version."""
    product: Product | None = None
    """Product gate; None: applies to every web end point."""


@value
class Template:
    """One template."""

    id: str
    """Stable id: letters, digits, hyphens, dots."""
    name: str
    """Name as the format has it, English."""
    severity: SeverityWord
    """How bad it is."""
    authors: tuple[str, ...]
    """Who wrote it."""
    description: str = ""
    """Longer text, English."""
    tags: tuple[str, ...] = ()
    """Tags of the format."""
    references: tuple[str, ...] = ()
    """Advisories."""
    classification: Classification = Classification()
    """Public lists."""
    inspection: Inspection
    """Our own block."""
    http: tuple[HttpBlock, ...]
    """HTTP asks and what their answers mean."""
