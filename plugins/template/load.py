"""The loader: from the text of a signature to a `Template`, or to every mistake in it with file and line."""

from __future__ import annotations

from typing import Literal, cast

import re2

from plugins import strict_yaml
from plugins.strict_yaml import Problem, StrictYamlError
from plugins.template import refused
from plugins.template.load_http import http_block
from plugins.template.model import Classification, Inspection, Product, SeverityWord, Template, Threat
from plugins.template.pattern import PatternError, compiled
from plugins.template.sheet import Node
from plugins.text import Text

MAX_BLOCKS = 10
"""Most http blocks of one template."""

_TEMPLATE = ("id", "info", "http", "requests")
_INFO = (
    *("name", "author", "severity", "description", "impact", "remediation", "tags", "reference"),
    *("classification", "metadata"),
)
_CLASSIFICATION = ("cve-id", "cwe-id", "cvss-metrics", "cvss-score", "epss-score", "epss-percentile", "cpe")
_INSPECTION = ("threat", "certainty", "title", "remedy", "note", "product")
_SEVERITIES = ("info", "low", "medium", "high", "critical")
_ID = re2.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_LISTED = {"cve-id": re2.compile(r"CVE-[0-9]{4}-[0-9]{4,}"), "cwe-id": re2.compile(r"CWE-[0-9]+")}


class TemplateError(ValueError):
    """The text is no template of the subset; every mistake is in `problems`."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def load(text: bytes | str, source: str) -> Template:
    """Read a signature; raises `TemplateError` with every mistake, and nothing else, whatever the input."""
    try:
        document = strict_yaml.load(text, source, scalars="strings")
    except StrictYamlError as error:
        raise TemplateError(error.problems) from None
    problems: list[Problem] = []
    template = _template(Node(document, problems))
    if problems or template is None:
        raise TemplateError(tuple(sorted(problems, key=lambda problem: problem.line)))
    return template


def _template(top: Node) -> Template | None:
    if not top.keys(_TEMPLATE, refused.TEMPLATE):
        return None
    _refuse_random(top)
    info, identifier = top.need("info"), top.need("id")
    blocks = top.at("http") or top.at("requests") or top.need("http")
    http = tuple(http_block(entry) for entry in blocks.entries()) if blocks else ()
    if blocks and not 1 <= len(http) <= MAX_BLOCKS:
        blocks.blame(f"expected 1 to {MAX_BLOCKS} blocks, saw {len(http)}")
    if top.at("http") and top.at("requests"):
        top.blame("requests is the old name of http; keep one of the two", "requests")
    if info is None or identifier is None or not info.keys(_INFO, {}):
        return None
    name, metadata = info.need("name"), info.need("metadata")
    if not _ID.fullmatch(identifier.text("x")):
        identifier.blame("expected letters, digits, dots, hyphens and underscores, at most 80")
    return Template(
        id=identifier.text(),
        name=name.text() if name else "",
        severity=_severity(info),
        authors=_listed(info, "author"),
        description=_text(info, "description"),
        tags=_listed(info, "tags"),
        references=_listed(info, "reference"),
        classification=_classification(info),
        inspection=_inspection(metadata),
        http=http,
    )


def _refuse_random(node: Node) -> None:
    """`{{randstr}}` stands for chance before YAML is even read (semantics 6), so it is looked for everywhere."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here.data, dict):
            waiting.extend(child for key in here.data if (child := here.at(key)))
        elif isinstance(here.data, list):
            waiting.extend(here.entries())
        elif "{{randstr" in here.data:
            here.blame("{{randstr}}: refused, it is not in the subset yet (docs/signatures.md)")


def _severity(info: Node) -> SeverityWord:
    node = info.need("severity")
    return cast(SeverityWord, node.choice(_SEVERITIES)) if node else "info"


def _text(node: Node, key: str) -> str:
    found = node.at(key)
    return found.text() if found else ""


def _listed(node: Node, key: str) -> tuple[str, ...]:
    found = node.at(key)
    return found.listed() if found else ()


def _classification(info: Node) -> Classification:
    node = info.at("classification")
    if node is None or not node.keys(_CLASSIFICATION, {}):
        return Classification()
    for key, shape in _LISTED.items():
        for entry in _listed(node, key):
            if not shape.fullmatch(entry.upper()):
                node.blame(f"{entry[:40]!a} is no {key}", key)
    return Classification(
        cve=tuple(entry.upper() for entry in _listed(node, "cve-id")),
        cwe=tuple(entry.upper() for entry in _listed(node, "cwe-id")),
        cvss=_text(node, "cvss-metrics"),
        cpe=_text(node, "cpe"),
    )


def _inspection(metadata: Node | None) -> Inspection:
    node = metadata.need("tenken") if metadata else None
    if node is None or not node.keys(_INSPECTION, {}):
        return Inspection(
            threat=Threat.OTHER, certainty="suspected", title=Text(en="", ja=""), remedy=Text(en="", ja="")
        )
    threat, certainty = node.need("threat"), node.need("certainty")
    title, remedy = node.need("title"), node.need("remedy")
    note, product = node.at("note"), node.at("product")
    words = ("suspected", "verified")
    return Inspection(
        threat=threat.member(Threat) if threat else Threat.OTHER,
        certainty=cast(Literal["verified", "suspected"], certainty.choice(words)) if certainty else "suspected",
        title=_both(title),
        remedy=_both(remedy),
        note=_both(note) if note else None,
        product=_product(product) if product else None,
    )


def _both(node: Node | None) -> Text:
    if node is None or not node.keys(("ja", "en"), {}):
        return Text(en="", ja="")
    english, japanese = node.need("en"), node.need("ja")
    for text in filter(None, (english, japanese)):
        if not text.text("x"):
            text.blame("the text is empty; write it")
    return Text(en=english.text() if english else "", ja=japanese.text() if japanese else "")


def _product(node: Node) -> Product | None:
    if not node.keys(("name", "seen"), {}):
        return None
    name, seen = node.need("name"), node.need("seen")
    patterns = seen.texts() if seen else ()
    for pattern in patterns:
        try:
            compiled(pattern)
        except PatternError as error:
            node.blame(str(error), "seen")
    return Product(name=name.text() if name else "", seen=patterns)
