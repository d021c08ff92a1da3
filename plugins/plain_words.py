"""What is wrong with a value, in words of the person who wrote the file: expected, seen, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails

_KINDS = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "a mapping (key: value)",
    "model": "a mapping (key: value)",
    "dataclass": "a mapping (key: value)",
}
_BOUNDS: dict[str, str] = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "text of the form {pattern}",
    "too_short": "at least {min_length} entries",
    "too_long": "at most {max_length} entries",
    "enum": "one of {expected}",
    "literal_error": "one of {expected}",
    "finite_number": "a finite number",
    "int_from_float": "a whole number",
}


def clip(text: str, limit: int = 60) -> str:
    """Show text from a file safely: what cannot be printed is escaped, and it is cut at `limit` characters."""
    shown = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text[:limit])
    return shown + ("..." if len(text) > limit else "")


def explain(data: object) -> str:
    """Say what a value is."""
    if data is None:
        return "nothing"
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, str):
        return f'"{clip(data)}"'
    if isinstance(data, list | tuple | dict):
        return (
            _counted("a mapping of", len(data), "key")
            if isinstance(data, dict)
            else _counted("a list of", len(data), "entry")
        )
    return f"the number {clip(str(data))}" if isinstance(data, int | float) else clip(str(data))


def _counted(what: str, count: int, one: str) -> str:
    many = one.removesuffix("y") + "ies" if one.endswith("ry") else f"{one}s"
    return f"{what} {count} {one if count == 1 else many}"


def path_words(path: tuple[str | int, ...]) -> str:
    """Write a path as people read it: `servers[0].ports[2].service`; empty at the top."""
    words = "".join(f"[{part}]" if isinstance(part, int) else f".{clip(part)}" for part in path)
    return words.removeprefix(".")


def known_keys(schema: Mapping[str, Any], path: tuple[str | int, ...]) -> tuple[str, ...]:
    """Give the keys that a JSON Schema knows at `path`; none when it says nothing there."""
    node: Any = schema
    for part in path:
        node = _resolved(schema, node)
        node = node.get("items", {}) if isinstance(part, int) else node.get("properties", {}).get(part, {})
    return tuple(_resolved(schema, node).get("properties", {}))


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(node.get("$ref", "")).removeprefix("#/$defs/")
    resolved: Mapping[str, Any] = schema["$defs"][name] if name else node
    return resolved


def mistake(details: ErrorDetails, keys: tuple[str, ...] = ()) -> str:
    """Say what pydantic found wrong: expected, seen, what to do. `keys`: what could stand where an unknown key stands."""
    kind = details["type"]
    where = path_words(details["loc"])
    context: Mapping[str, Any] = details.get("ctx", {})
    if kind == "missing":
        return f"{where} is missing; add it"
    if kind == "extra_forbidden":
        return f"{where}: a key that is not known here; {_instead(details['loc'], keys)}"
    prefix = f"{where}: " if where else ""
    if kind == "value_error":
        return f"{prefix}{clip(str(context.get('error', details['msg'])), 400)}"
    expected = _expected(kind, context)
    if expected is None:
        return f"{prefix}{clip(details['msg'], 200)}; saw {explain(details['input'])}"
    return f"{prefix}expected {expected}, saw {explain(details['input'])}{_advice(kind, details['input'])}"


def _instead(path: tuple[str | int, ...], keys: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(str(path[-1]) if path else "", keys, n=1, cutoff=0.7)
    if near:
        return f"did you mean {near[0]}?"
    known = f" (known are {', '.join(keys)})" if keys else ""
    return f"check its spelling, or remove it{known}"


def _expected(kind: str, context: Mapping[str, Any]) -> str | None:
    if kind in _BOUNDS:
        return _BOUNDS[kind].format_map({key: _number(bound) for key, bound in context.items()})
    stem, _, end = kind.rpartition("_")
    return _KINDS.get(stem.removesuffix("_attributes")) if end == "type" else None


def _number(bound: object) -> object:
    return f"{bound:.15g}" if isinstance(bound, float) else bound


def _advice(kind: str, seen: object) -> str:
    """Tell what to do, where the cure is not plain from the expectation."""
    if kind == "string_type" and isinstance(seen, bool | int | float):
        return "; put it in quotes"
    if kind in {"int_type", "float_type", "bool_type"} and isinstance(seen, str):
        return "; write it without quotes" if _number_like(seen) else ""
    if kind in {"list_type", "tuple_type"}:
        return "; write each entry on its own line after '- '"
    return "; write a value after the colon" if seen is None else ""


def _number_like(text: str) -> bool:
    return text.strip().lstrip("+-").replace(".", "", 1).isdecimal() or text in {"true", "false"}
