"""URL variables in paths and header values. Only these are filled in; nothing that a server said ever is."""

from __future__ import annotations

from collections.abc import Mapping

import re2

from plugins.ask import WebEndpoint
from plugins.template.expression import Call, ExpressionError, Name, parse, walk

BASES = ("{{BaseURL}}", "{{RootURL}}", "{{Scheme}}://{{Hostname}}", "{{Scheme}}://{{Host}}:{{Port}}")
"""How a path may begin: with the end point that is inspected, and with nothing else."""
VARIABLES = frozenset({"BaseURL", "RootURL", "Hostname", "Host", "Port", "Path", "Scheme"})
"""URL variables of the subset."""

_MARKER = re2.compile(r"\{\{(.*?)\}\}")


def variables(endpoint: WebEndpoint) -> Mapping[str, str]:
    """Give the URL variables of an end point."""
    return {
        "BaseURL": endpoint.base_url,
        "RootURL": endpoint.base_url,
        "Hostname": endpoint.authority,
        "Host": endpoint.host,
        "Port": str(endpoint.port),
        "Path": "",
        "Scheme": "https" if endpoint.tls else "http",
    }


def render(text: str, values: Mapping[str, str]) -> str:
    """Fill in URL variables, once; everything else between markers stays as it is (semantics 6)."""
    return str(_MARKER.sub(lambda found: values.get(found.group(1).strip(), found.group()), text))


def target(path: str, values: Mapping[str, str]) -> str:
    """Give the request target of a template path: the base cut off, the rest byte for byte (semantics 13)."""
    base = next(base for base in BASES if path.startswith(base))
    rest = render(path[len(base) :], values)
    return rest if rest.startswith("/") else "/" + rest


def path_complaint(path: str) -> str:
    """Say why a template path cannot be sent; empty: it can."""
    base = next((base for base in BASES if path.startswith(base)), None)
    if base is None:
        return "a path begins with {{BaseURL}}; other addresses are outside the scope of an inspection"
    rest = path[len(base) :]
    if rest and rest[0] not in "/?":
        return f"after {base} comes / or ?, saw {rest[:10]!a}; anything else would name another server"
    if any(not "!" <= char <= "~" for char in rest):
        return "spaces, control characters and anything outside ASCII are written percent-encoded"
    return marker_complaint(rest)


def marker_complaint(text: str) -> str:
    """Say which `{{...}}` of a text is neither a URL variable nor a literal; empty: all are."""
    for inside in _MARKER.findall(text):
        if inside.strip() not in VARIABLES and not _is_literal(inside):
            return f"{{{{{inside[:60]}}}}}: only {', '.join(sorted(VARIABLES))} can be filled in (so far)"
    return ""


def _is_literal(inside: str) -> bool:
    """Template-injection payloads such as {{7*7}} depend on being sent as written."""
    try:
        tree = parse(inside).tree
    except ExpressionError:
        return False
    return not any(isinstance(node, Name | Call) for node, _ in walk(tree))
