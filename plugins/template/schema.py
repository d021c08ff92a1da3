"""JSON Schema of signatures, for editors: what may be written where. The loader says more, with file and line.

Made of the loader's own tables, so an editor knows the keys that the loader knows. Editors type YAML scalars and the loader does
not, so numbers and truth values are allowed wherever a text stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias, get_args

from plugins.ask import DnsType
from plugins.template import load_http, load_info, load_match, load_service
from plugins.template.load import TEMPLATE
from plugins.template.load_payloads import ATTACKS
from plugins.template.model import Masking, Threat

Schema: TypeAlias = dict[str, Any]
"""A JSON Schema."""

_TEXT: Schema = {"type": ["string", "number", "boolean", "null"]}
_TEXTS: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_LIST: Schema = {"type": "array", "items": _TEXT, "minItems": 1}
_FLAG: Schema = {"enum": [True, False, "true", "false"]}
_NUMBER: Schema = {"type": ["integer", "string"]}
_MAP: Schema = {"type": "object", "additionalProperties": _TEXT}
_BOTH: Schema = {
    "type": "object",
    "properties": {"ja": {"type": "string", "minLength": 1}, "en": {"type": "string", "minLength": 1}},
    "required": ["ja", "en"],
    "additionalProperties": False,
}
_CONDITION: Schema = {"enum": ["or", "and"], "default": "or"}
_TOLD = {
    "id": "Stable id; the file is named like it.",
    "flow": "Boolean expression over blocks, such as http(1) && http(2).",
    "variables": "Names and texts, filled in once, before any request.",
    "constants": "Names and texts that are never filled in.",
    "path": "Begins with {{BaseURL}}; sent byte for byte.",
    "raw": "Whole requests; they follow each other, and cookies are returned.",
    "max-size": "Only the beginning of the body matters, this many bytes of it.",
    "matchers-condition": "or (default): one matcher is enough; and: all must hold.",
    "internal": "Decides how a flow goes on, and is no finding.",
    "reviewed": "Why the POST requests of this signature change nothing.",
    "asks": "Most asks to one end point.",
    "masking": "What of a matching answer is masked: none, values, content.",
    "threat": "What an attacker gains at worst.",
    "certainty": "verified: shown by behaviour; suspected: inferred from a version.",
}


def schema() -> Schema:
    """Give the schema of a signature."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tenken signature",
        "description": "The Nuclei template format, in the subset of docs/signatures.md.",
        **_mapping(TEMPLATE, _template(), ("id", "info")),
        "$defs": {
            "matchers": {"type": "array", "items": {"anyOf": [_matcher(kind) for kind in load_match.MATCHERS]}},
            "extractors": {"type": "array", "items": {"anyOf": [_extractor(kind) for kind in load_match.EXTRACTORS]}},
            **{name: {"type": "array", "items": block, "minItems": 1} for name, block in _blocks().items()},
        },
    }


def _blocks() -> dict[str, Schema]:
    return {"http": _http(), "tcp": _tcp(), "dns": _dns(), "ssl": _ssl()}


def _template() -> dict[str, Schema]:
    lists: dict[str, Schema] = {name: {"$ref": f"#/$defs/{name}"} for name in ("http", "tcp", "dns", "ssl")}
    return {
        **lists,
        "requests": lists["http"],
        "network": lists["tcp"],
        "info": _info(),
        "variables": _MAP,
        "constants": _MAP,
        "stop-at-first-match": _FLAG,
    }


def _mapping(keys: Collection[str], known: Mapping[str, Schema], required: Collection[str] = ()) -> Schema:
    """Describe a mapping: every key of the loader, a text when nothing else is known about it."""
    properties = {
        key: {**known.get(key, _TEXT), **({"description": _TOLD[key]} if key in _TOLD else {})} for key in sorted(keys)
    }
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": sorted(required)} if required else found


def _info() -> Schema:
    product = _mapping(load_info.PRODUCT, {"seen": _TEXTS}, ("name",))
    inspection = _mapping(
        load_info.INSPECTION,
        {
            "threat": {"enum": [str(threat) for threat in Threat]},
            "certainty": {"enum": list(load_info.CERTAINTIES)},
            "masking": {"enum": [str(masking) for masking in Masking]},
            "title": _BOTH,
            "remedy": _BOTH,
            "note": _BOTH,
            "product": product,
            "asks": _NUMBER,
            "reviewed": {"type": "string", "minLength": 20, "maxLength": 500},
        },
        ("threat", "certainty", "title", "remedy"),
    )
    metadata = {"type": "object", "properties": {"tenken": inspection}, "required": ["tenken"]}
    classification = _mapping(load_info.CLASSIFICATION, {"cve-id": _TEXTS, "cwe-id": _TEXTS})
    known = {
        "severity": {"enum": list(load_info.SEVERITIES)},
        "author": _TEXTS,
        "tags": _TEXTS,
        "reference": _TEXTS,
        "classification": classification,
        "metadata": metadata,
    }
    return _mapping(load_info.INFO, known, ("name", "severity", "metadata"))


def _http() -> Schema:
    known = {
        **_operators(),
        "path": {**_LIST, "maxItems": load_http.MAX_PATHS},
        "raw": {**_LIST, "maxItems": load_http.MAX_PATHS},
        "headers": _MAP,
        "max-size": _NUMBER,
        "max-redirects": _NUMBER,
        **_payloads(),
        **dict.fromkeys(("redirects", "host-redirects", "cookie-reuse", "disable-cookie", "req-condition"), _FLAG),
        **dict.fromkeys(("skip-variables-check", "disable-path-automerge"), _FLAG),
    }
    return _mapping(load_http.BLOCK, known)


def _tcp() -> Schema:
    entry = _mapping(load_service.INPUT, {"type": {"enum": ["text", "hex"]}, "read": _NUMBER})
    inputs = {"type": "array", "items": entry, "minItems": 1, "maxItems": load_service.MAX_INPUTS}
    known = {
        **_operators(),
        "host": _TEXTS,
        "port": _TEXTS,
        "inputs": inputs,
        "read-size": _NUMBER,
        "read-all": _FLAG,
        **_payloads(),
    }
    return _mapping(load_service.TCP, known)


def _dns() -> Schema:
    known = {**_operators(), "type": {"enum": list(get_args(DnsType))}, "retries": _NUMBER, "recursion": _FLAG}
    return _mapping(load_service.DNS, known)


def _ssl() -> Schema:
    return _mapping(load_service.SSL, {**_operators(), "cipher_suites": _TEXTS})


def _payloads() -> dict[str, Schema]:
    lists = {"type": "object", "additionalProperties": _LIST, "minProperties": 1}
    return {"payloads": lists, "attack": {"enum": list(ATTACKS)}}


def _operators() -> dict[str, Schema]:
    return {
        "matchers": {"$ref": "#/$defs/matchers"},
        "extractors": {"$ref": "#/$defs/extractors"},
        "matchers-condition": _CONDITION,
        "stop-at-first-match": _FLAG,
    }


def _matcher(kind: str) -> Schema:
    own, extra = load_match.MATCHERS[kind]
    flags = dict.fromkeys(("negative", "internal", "match-all", "case-insensitive"), _FLAG)
    known = {"type": {"const": kind}, own: _TEXTS, "condition": _CONDITION, "encoding": {"enum": ["hex"]}, **flags}
    return _mapping((*load_match.COMMON, own, *extra), known, ("type", own))


def _extractor(kind: str) -> Schema:
    own, extra = load_match.EXTRACTORS[kind]
    flags = dict.fromkeys(("internal", "case-insensitive"), _FLAG)
    known = {"type": {"const": kind}, own: _TEXTS, "group": _NUMBER, **flags}
    return _mapping((*load_match.TAKING, own, *extra), known, ("type", own))
