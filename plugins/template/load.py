"""The loader: from the text of a signature to a `Template`, or to every mistake in it with file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import re2

from plugins import strict_yaml
from plugins.strict_yaml import Problem, StrictYamlError
from plugins.template import load_http, load_service, refused
from plugins.template.filling import Filling
from plugins.template.flow import FlowError, Run, Step, parse, walk
from plugins.template.load_http import http_block
from plugins.template.load_info import INFO, info
from plugins.template.load_match import filling, flag
from plugins.template.load_service import dns_block, tcp_block, tls_block
from plugins.template.model import Template
from plugins.template.payloads import planned_asks
from plugins.template.sheet import Node
from plugins.template.vocabulary import Vocabulary

T = TypeVar("T")

MAX_BLOCKS = 10
"""Most blocks of one kind in one template."""
MAX_VARIABLES = 50
"""Most variables and constants."""
TEMPLATE = (
    *("id", "info", "http", "requests", "tcp", "network", "dns", "ssl"),
    *("variables", "constants", "flow", "stop-at-first-match"),
)
"""Keys of a template."""
_KINDS = {"http": "requests", "tcp": "network", "dns": "", "ssl": ""}
_ID = re2.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_NAME = re2.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,59}")


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
        raise TemplateError(tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.line)))
    return template


def _template(top: Node) -> Template | None:
    if not top.keys(TEMPLATE, refused.TEMPLATE):
        return None
    about, identifier = top.need("info"), top.need("id")
    vocabulary, nodes = Vocabulary(), {kind: _nodes(top, kind) for kind in _KINDS}
    variables = tuple(_variables(top, vocabulary, nodes))
    blocks: dict[str, Any] = {
        "http": _read(nodes["http"], http_block, vocabulary),
        "tcp": _read(nodes["tcp"], tcp_block, vocabulary),
        "dns": _read(nodes["dns"], dns_block, vocabulary),
        "ssl": _read(nodes["ssl"], tls_block, vocabulary),
    }
    flow = _flow(top, blocks)
    if about is None or identifier is None or not about.keys(INFO, {}):
        return None
    if not _ID.fullmatch(identifier.text("x")):
        identifier.blame("expected letters, digits, dots, hyphens and underscores, at most 80")
    template = Template(
        id=identifier.text(),
        **info(about),
        variables=variables,
        flow=flow,
        stop_at_first_match=flag(top, "stop-at-first-match"),
        **blocks,
    )
    _check(top, template)
    return template


def _nodes(top: Node, kind: str) -> list[Node]:
    """Give the entries of one kind of block, also under its old name."""
    old = _KINDS[kind]
    found, before = top.at(kind), top.at(old) if old else None
    if found and before:
        top.blame(f"{old} is the old name of {kind}; keep one of the two", old)
    listed = found or before
    if listed is None:
        return []
    entries = list(listed.entries())
    if not 1 <= len(entries) <= MAX_BLOCKS:
        listed.blame(f"expected 1 to {MAX_BLOCKS} blocks, saw {len(entries)}")
    return entries[:MAX_BLOCKS]


def _read(nodes: list[Node], reader: Callable[[Node, Vocabulary], T], vocabulary: Vocabulary) -> tuple[T, ...]:
    return tuple(reader(node, vocabulary) for node in nodes)


def _variables(top: Node, vocabulary: Vocabulary, nodes: dict[str, list[Node]]) -> Iterator[tuple[str, Filling]]:
    """Read variables and constants; each may use those before it, payloads and what answers tell."""
    held = [(key, node) for key in ("constants", "variables") if (node := top.at(key))]
    for block in (block for kind in nodes.values() for block in kind):
        load_http.announce(block, vocabulary)
        load_service.announce(block, vocabulary)
    for key, node in held:
        if not isinstance(node.data, dict) or len(node.data) > MAX_VARIABLES:
            node.blame(f"expected a mapping of at most {MAX_VARIABLES} names to texts")
            continue
        for name in node.data:
            entry = node.at(name)
            if not _NAME.fullmatch(name):
                node.blame(f"{name[:60]!a} is no name: letters, digits, underscores and hyphens", name)
            text = entry.raw() if entry else ""
            # A constant is its text; a variable is filled in.
            read = Filling(parts=(text.encode(),)) if key == "constants" else filling(node, text, vocabulary, name)
            vocabulary.give(name, "a constant" if key == "constants" else "a variable", node, name)
            yield name, read


def _flow(top: Node, blocks: dict[str, Any]) -> tuple[Step, ...]:
    node = top.at("flow")
    if node is None:
        return ()
    try:
        steps = parse(node.raw())
    except FlowError as error:
        node.blame(f"refused, {error}")
        return ()
    for step, _ in walk(steps):
        if isinstance(step, Run):
            names = {"", *(str(number + 1) for number in range(len(blocks[step.protocol])))}
            names |= {block.id for block in blocks[step.protocol]}
            if step.block not in names or not blocks[step.protocol]:
                node.blame(f"{step.protocol}({step.block}): there is no such block")
    return steps


def _check(top: Node, template: Template) -> None:
    """Say what is wrong with a template as a whole."""
    kinds = {kind for kind, _, _ in template.blocks()}
    if not kinds:
        top.need("http")
    if "dns" in kinds and len(kinds) > 1:
        top.blame("dns asks another end point than http, tcp and ssl do; write two templates", "dns")
    asks = planned_asks(template)
    if asks > template.inspection.asks:
        top.blame(f"it may send {asks} asks, and its budget is {template.inspection.asks} (metadata.tenken.asks)")
