"""Values: frozen, slotted, keyword-only dataclasses that pydantic can read and write strictly."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

from pydantic import ConfigDict

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """Make `cls` a value: equal by content, unchangeable, picklable, and known to `plugins.canonical`.

    Unknown keys are refused and bytes travel as base64.
    """
    config = ConfigDict(extra="forbid", ser_json_bytes="base64", val_json_bytes="base64", arbitrary_types_allowed=False)
    cls.__pydantic_config__ = config  # type: ignore[attr-defined]  # pydantic looks for exactly this attribute
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)
