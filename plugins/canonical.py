"""Canonical JSON (RFC 8785) of values, both ways.

The same value always gives the same bytes, so bytes can be signed, hashed and compared. Reading is strict: unknown keys,
wrong types and missing fields are errors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import rfc8785
from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


class NotCanonicalError(ValueError):
    """The bytes are not the canonical JSON of the type that was expected."""

    def __init__(self, type_name: str, reason: str) -> None:
        super().__init__(type_name, reason)
        self.type_name = type_name
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.type_name}: {self.reason}"


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


def to_plain(value: object, type_: Any = None) -> Any:  # noqa: ANN401 - JSON is untyped
    """Give the JSON tree (dict, list, str, int, float, bool, None) of a value."""
    return _adapter(type_ or type(value)).dump_python(value, mode="json")


def dumps(value: object, type_: Any = None) -> bytes:  # noqa: ANN401 - a type or a union of types
    """Give the canonical JSON bytes (RFC 8785) of a value; `type_` is needed for unions."""
    return rfc8785.dumps(to_plain(value, type_))


def loads(type_: type[T], data: bytes | str) -> T:
    """Read a value of `type_` from JSON; raises `NotCanonicalError` naming the field."""
    try:
        result: T = _adapter(type_).validate_json(data, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "document"
        raise NotCanonicalError(getattr(type_, "__name__", str(type_)), f"{where}: {first['msg']}") from None
    return result


def digest(value: object, type_: Any = None) -> str:  # noqa: ANN401 - a type or a union of types
    """Give the SHA-256 of the canonical JSON, as 64 hex digits."""
    return hashlib.sha256(dumps(value, type_)).hexdigest()
