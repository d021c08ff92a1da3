r"""Fingerprints: by what a product shows itself, told once for all signatures that are about it.

signatures/fingerprints/<id>.yaml

    name: Apache HTTP Server          what signatures write as `product.name`
    cpe: cpe:2.3:a:apache:http_server
    asks: [/server-info]              asks beyond the front asks, GET; most need none
    seen:
      - part: header                  header, body or all (default)
        regex: '(?m)^Server: Apache(?:/([0-9.]+))?(?: \((\w+)\))?'
        version: 1                    group that holds the version
        distribution: 2               group that names the distribution

Fingerprints are not findings: they only decide what is asked, and help a reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import re2

from plugins import strict_yaml
from plugins.ask import HttpAnswer, HttpAsk
from plugins.product_class import CpeError, cpe_of
from plugins.strict_yaml import Problem, StrictYamlError
from plugins.template.pattern import PatternError, compiled
from plugins.template.sheet import Node
from plugins.template.view import View
from plugins.value import value

FOLDER = "fingerprints"
"""Folder of a pack that holds fingerprints and no signatures."""
MOST_ASKS = 3
"""Most asks of one fingerprint: every shop pays for them."""
LONGEST = 60
"""Most bytes of a version or of a distribution's name."""

Part = Literal["header", "body", "all"]
"""Where a mark is looked for."""

_KEYS = ("name", "cpe", "asks", "seen")
_MARK = ("part", "regex", "version", "distribution")
_PATH = re2.compile(r"/[\x21-\x7e]{0,200}")


@value
class Mark:
    """One thing that shows a product."""

    part: Part
    """Where it is looked for."""
    regex: str
    """RE2 pattern."""
    version: int = 0
    """Group that holds the version; 0: none."""
    distribution: int = 0
    """Group that names the distribution; 0: none."""


@value
class Fingerprint:
    """By what one product shows itself."""

    id: str
    """Stable id; the file is named like it."""
    source: str
    """Path inside the pack."""
    digest: str
    """SHA-256 of the file, hex."""
    name: str
    """Name for people, and for the product gate of signatures."""
    cpe: str
    """CPE 2.3 name, as far as it is the same for all versions."""
    asks: tuple[str, ...] = ()
    """Request targets beyond the front asks."""
    seen: tuple[Mark, ...]
    """Marks, any of which shows the product."""

    @property
    def http_asks(self) -> tuple[HttpAsk, ...]:
        """The asks themselves."""
        return tuple(HttpAsk(path=path) for path in self.asks)


@value
class Seen:
    """A product that showed itself."""

    fingerprint: str
    """Id of the fingerprint."""
    name: str
    """Name for people."""
    cpe: str
    """CPE 2.3 name."""
    version: str = ""
    """Version as it was shown; empty: none was."""
    distribution: str = ""
    """Distribution that packaged it, as it was shown; empty: none was."""


def recognise(fingerprints: Iterable[Fingerprint], answers: Iterable[HttpAnswer]) -> tuple[Seen, ...]:
    """Give the products that show themselves in answers, in the order of the fingerprints; versions and names stay data."""
    views = [View(answer, {}, {}) for answer in answers]
    # Error pages are the same again and again.
    parts = {part: tuple(dict.fromkeys(view.part(part) or b"" for view in views)) for part in get_args(Part)}
    found = (_in_parts(fingerprint, parts) for fingerprint in fingerprints)
    return tuple(seen for seen in found if seen)


def _in_parts(fingerprint: Fingerprint, parts: Mapping[str, tuple[bytes, ...]]) -> Seen | None:
    """Take the mark that tells most: one with a version is worth more than one without."""
    best: Seen | None = None
    for mark in fingerprint.seen:
        for hit in filter(None, map(compiled(mark.regex).search, parts[mark.part])):
            seen = Seen(
                fingerprint=fingerprint.id,
                name=fingerprint.name,
                cpe=fingerprint.cpe,
                version=_group(hit, mark.version),
                distribution=_group(hit, mark.distribution),
            )
            if best is None or _worth(seen) > _worth(best):
                best = seen
    return best


def _worth(seen: Seen) -> tuple[bool, bool]:
    return bool(seen.version), bool(seen.distribution)


def _group(hit: object, number: int) -> str:
    data = hit.group(number) if number else None  # type: ignore[attr-defined]  # re2 has no types
    return data[:LONGEST].decode("ascii", "backslashreplace") if data else ""


def load_fingerprint(text: bytes, source: str, identifier: str, digest: str) -> tuple[Fingerprint, tuple[Problem, ...]]:
    """Read one file; give the fingerprint and every mistake in it."""
    empty = Fingerprint(id=identifier, source=source, digest=digest, name="", cpe="", seen=())
    try:
        document = strict_yaml.load(text, source, scalars="strings")
    except StrictYamlError as error:
        return empty, error.problems
    problems: list[Problem] = []
    top = Node(document, problems)
    if not top.keys(_KEYS, {}):
        return empty, tuple(problems)
    name, cpe, seen, asks = top.need("name"), top.need("cpe"), top.need("seen"), top.at("asks")
    made = Fingerprint(
        id=identifier,
        source=source,
        digest=digest,
        name=name.text() if name else "",
        cpe=_cpe(cpe) if cpe else "",
        asks=_asks(asks) if asks else (),
        seen=tuple(_mark(entry) for entry in seen.entries()) if seen else (),
    )
    return made, tuple(problems)


def _cpe(node: Node) -> str:
    try:
        cpe_of(node.text())
    except CpeError as error:
        node.blame(str(error))
    return node.text()


def _asks(node: Node) -> tuple[str, ...]:
    paths = node.texts()
    if len(paths) > MOST_ASKS:
        node.blame(f"expected at most {MOST_ASKS} asks, saw {len(paths)}: every shop pays for them")
    for path in paths:
        if not _PATH.fullmatch(path):
            node.blame(f"{path[:60]!a}: expected a path that begins with / and has no spaces")
    return paths


def _mark(node: Node) -> Mark:
    nothing = Mark(part="all", regex="x^")
    if not node.keys(_MARK, {}):
        return nothing
    regex, part = node.need("regex"), node.at("part")
    pattern = regex.raw() if regex else nothing.regex
    try:
        groups = compiled(pattern).groups
    except PatternError as error:
        node.blame(str(error), "regex")
        groups = 0
    numbers = [node.at(key) for key in ("version", "distribution")]
    version, distribution = (entry.whole(1, max(1, groups)) if entry else 0 for entry in numbers)
    chosen = part.choice(("header", "body", "all")) if part else "all"
    return Mark(part=chosen, regex=pattern, version=version, distribution=distribution)  # type: ignore[arg-type]  # one of the three
