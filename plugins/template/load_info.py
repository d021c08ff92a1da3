"""The loader's part that reads `info`: what a template is about, and our own block in it."""

from __future__ import annotations

from typing import Any, Literal, cast

import re2

from plugins.template.model import Classification, Inspection, Masking, Product, SeverityWord, Threat
from plugins.template.pattern import PatternError, compiled
from plugins.template.sheet import Node
from plugins.text import Text

INFO = (
    *("name", "author", "severity", "description", "impact", "remediation", "tags", "reference"),
    *("classification", "metadata"),
)
"""Keys of `info`."""
CLASSIFICATION = ("cve-id", "cwe-id", "cvss-metrics", "cvss-score", "epss-score", "epss-percentile", "cpe")
"""Keys of `classification`."""
INSPECTION = ("threat", "certainty", "title", "remedy", "note", "product", "asks", "reviewed", "masking")
"""Keys of our own block."""
PRODUCT = ("name", "seen", "cpe")
"""Keys of the product gate."""
SEVERITIES = ("info", "low", "medium", "high", "critical")
"""Severities of the format."""
CERTAINTIES = ("suspected", "verified")
"""What a match can be worth."""
MAX_ASKS = 200
"""Largest ask budget."""
MAX_SEEN = 20
"""Most patterns of a product gate."""
_LISTED = {"cve-id": re2.compile(r"CVE-[0-9]{4}-[0-9]{4,}"), "cwe-id": re2.compile(r"CWE-[0-9]+")}
_CPE = re2.compile(r"cpe:2\.3:[aho]:[^:\s]+:[^:\s]+(?::[^\s]*)?")


def info(node: Node) -> dict[str, Any]:
    """Give the fields of a template that `info` tells."""
    name, metadata = node.need("name"), node.need("metadata")
    return {
        "name": name.text() if name else "",
        "severity": _severity(node),
        "authors": _listed(node, "author"),
        "description": _text(node, "description"),
        "tags": _listed(node, "tags"),
        "references": _listed(node, "reference"),
        "classification": _classification(node),
        "inspection": _inspection(metadata),
    }


def _severity(node: Node) -> SeverityWord:
    found = node.need("severity")
    return cast(SeverityWord, found.choice(SEVERITIES)) if found else "info"


def _text(node: Node, key: str) -> str:
    found = node.at(key)
    return found.text() if found else ""


def _listed(node: Node, key: str) -> tuple[str, ...]:
    found = node.at(key)
    return found.listed() if found else ()


def _classification(node: Node) -> Classification:
    found = node.at("classification")
    if found is None or not found.keys(CLASSIFICATION, {}):
        return Classification()
    for key, shape in _LISTED.items():
        for entry in _listed(found, key):
            if not shape.fullmatch(entry.upper()):
                found.blame(f"{entry[:40]!a} is no {key}", key)
    return Classification(
        cve=tuple(entry.upper() for entry in _listed(found, "cve-id")),
        cwe=tuple(entry.upper() for entry in _listed(found, "cwe-id")),
        cvss=_text(found, "cvss-metrics"),
        cpe=_text(found, "cpe"),
    )


def _inspection(metadata: Node | None) -> Inspection:
    node = metadata.need("tenken") if metadata else None
    if node is None or not node.keys(INSPECTION, {}):
        empty = Text(en="", ja="")
        return Inspection(threat=Threat.OTHER, certainty="suspected", title=empty, remedy=empty)
    threat, certainty = node.need("threat"), node.need("certainty")
    title, remedy = node.need("title"), node.need("remedy")
    note, product, masking, asks = node.at("note"), node.at("product"), node.at("masking"), node.at("asks")
    return Inspection(
        threat=threat.member(Threat) if threat else Threat.OTHER,
        certainty=cast(Literal["verified", "suspected"], certainty.choice(CERTAINTIES)) if certainty else "suspected",
        title=_both(title),
        remedy=_both(remedy),
        note=_both(note) if note else None,
        product=_product(product) if product else None,
        asks=asks.whole(1, MAX_ASKS) if asks else 40,
        reviewed=_reviewed(node),
        masking=masking.member(Masking) if masking else Masking.NONE,
    )


def _reviewed(node: Node) -> str:
    found = node.at("reviewed")
    if found is None:
        return ""
    text = " ".join(found.text("x").split())
    if not 20 <= len(text) <= 500:
        found.blame("expected the reason why its POST requests change nothing, in 20 to 500 characters")
    return text


def _both(node: Node | None) -> Text:
    if node is None or not node.keys(("ja", "en"), {}):
        return Text(en="", ja="")
    english, japanese = node.need("en"), node.need("ja")
    for text in filter(None, (english, japanese)):
        if not text.text("x"):
            text.blame("the text is empty; write it")
    return Text(en=english.text() if english else "", ja=japanese.text() if japanese else "")


def _product(node: Node) -> Product | None:
    if not node.keys(PRODUCT, {}):
        return None
    name, cpe = node.need("name"), node.at("cpe")
    # A fingerprint that carries the CPE can stand for patterns of the signature's own.
    seen = node.at("seen") if cpe else node.need("seen")
    patterns = seen.texts() if seen else ()
    if len(patterns) > MAX_SEEN and seen:
        seen.blame(f"expected at most {MAX_SEEN} patterns, saw {len(patterns)}")
    for pattern in patterns:
        try:
            compiled(pattern)
        except PatternError as error:
            node.blame(str(error), "seen")
    if cpe and not _CPE.fullmatch(cpe.text()):
        cpe.blame("expected the beginning of a CPE 2.3 name, such as cpe:2.3:a:apache:http_server")
    return Product(name=name.text() if name else "", seen=patterns[:MAX_SEEN], cpe=cpe.text() if cpe else "")
