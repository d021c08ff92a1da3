"""Foreign templates: what of them the language takes and admission lets in, and a draft of our own block for those.

The verdict is about the whole file: one refused key refuses it, with every reason.
"""

from __future__ import annotations

from typing import Any

import re2
import yaml

from plugins import strict_yaml
from plugins.admission import examine
from plugins.proof import TO_WRITE
from plugins.strict_yaml import StrictYamlError
from plugins.template.load import TemplateError, load
from plugins.value import value

MOST_BYTES = 1_048_576
"""Largest file that is looked at."""

_FAMILY = re2.compile(r"[^a-z0-9]+")
_ABOUT_FILES = frozenset(
    {"lfi", "traversal", "path-traversal", "exposure", "disclosure", "config", "file", "backup", "logs"}
)
_ABOUT_POWER = frozenset(
    {"rce", "auth-bypass", "authbypass", "default-login", "sqli", "ssti", "deserialization", "takeover"}
)
_BY_VERSION = frozenset({"version", "tech", "detect"})


@value
class Brought:
    """What came of one file."""

    reasons: tuple[str, ...] = ()
    """Why it is refused; empty: it is admitted."""
    identifier: str = ""
    """Its id."""
    family: str = "imported"
    """Folder for it."""
    text: str = ""
    """The signature, with a draft of our own block."""

    @property
    def admitted(self) -> bool:
        """Whether it may be used, once it is finished and proved."""
        return not self.reasons


def bring(content: bytes, source: str) -> Brought:
    """Examine one foreign file; never raises."""
    if not source.lower().endswith((".yaml", ".yml")) or len(content) > MOST_BYTES:
        return Brought(reasons=(f"is no YAML file of at most {MOST_BYTES} bytes",))
    try:
        document: Any = strict_yaml.load(content, source, scalars="strings").data
    except StrictYamlError as error:
        return Brought(reasons=tuple(_short(problem.line, problem.message) for problem in error.problems))
    if not isinstance(document, dict) or not isinstance(document.get("info"), dict):
        return Brought(reasons=("is no template: it has no info",))
    return _examined(_drafted(document), content, source)


def _examined(drafted: dict[str, Any], content: bytes, source: str) -> Brought:
    text = yaml.safe_dump(drafted, sort_keys=False, allow_unicode=True, width=120)
    try:
        template = load(text, source)
    except TemplateError as error:
        return Brought(reasons=_original(content, source, error))
    if refusals := examine(template):
        return Brought(reasons=tuple(str(refusal) for refusal in refusals))
    return Brought(identifier=template.id, family=_family(template.tags), text=text)


def _original(content: bytes, source: str, drafted: TemplateError) -> tuple[str, ...]:
    """Tell mistakes with the lines of the file itself; the draft has other lines."""
    wanted = {problem.message for problem in drafted.problems}
    try:
        load(content, source)
    except TemplateError as error:
        found = [problem for problem in error.problems if problem.message in wanted]
        told = {problem.message for problem in found}
        rest = [_short(0, message) for message in sorted(wanted - told)]
        return (*(_short(problem.line, problem.message) for problem in found), *rest)
    return tuple(_short(0, message) for message in sorted(wanted))


def _short(line: int, message: str) -> str:
    return f"line {line}: {message}" if line else message


def _drafted(document: dict[str, Any]) -> dict[str, Any]:
    """Give the document with a draft of our own block where it has none. Foreign keys of the free map `metadata` stay."""
    info = dict(document["info"])
    metadata = info.get("metadata")
    metadata = dict(metadata) if isinstance(metadata, dict) else {}
    if "tenken" not in metadata:
        name, tags = str(info.get("name", "")), _tags(info)
        metadata["tenken"] = {
            "threat": _threat(tags),
            "certainty": "suspected" if tags & _BY_VERSION else "verified",
            "title": {"en": f"{TO_WRITE}: {name}", "ja": TO_WRITE},
            "remedy": {"en": str(info.get("remediation") or TO_WRITE), "ja": TO_WRITE},
        }
    return {**document, "info": {**info, "metadata": metadata}}


def _tags(info: dict[str, Any]) -> set[str]:
    tags = info.get("tags", "")
    listed = tags.split(",") if isinstance(tags, str) else [str(tag) for tag in tags]
    return {tag.strip().lower() for tag in listed}


def _threat(tags: set[str]) -> str:
    if tags & _ABOUT_POWER:
        return "admin"
    return "file-read" if tags & _ABOUT_FILES else "other"


def _family(tags: tuple[str, ...]) -> str:
    general = _ABOUT_FILES | _ABOUT_POWER | _BY_VERSION | {"cve", "misconfig", "panel", "wordpress-plugin", "wp-plugin"}
    for tag in tags:
        named = _FAMILY.sub("-", tag.lower()).strip("-")
        if named and named not in general and not named.startswith("cve"):
            return str(named)
    return "imported"
