"""Typed reading of a strict YAML document: every mistake is noted with file and line, and reading goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from plugins.strict_yaml import Document, Problem

E = TypeVar("E", bound=StrEnum)
_KINDS: dict[type, str] = {dict: "a mapping", list: "a list", str: "text"}


class Node:
    """One place in a document. Everything that is read wrongly is noted in the shared list of problems."""

    def __init__(self, document: Document, problems: list[Problem], path: tuple[str | int, ...] = ()) -> None:
        self._document, self._problems, self.path = document, problems, path
        data: Any = document.data
        for step in path:
            data = data[step]
        self.data: Any = data

    def blame(self, message: str, *below: str | int) -> None:
        """Note a mistake here, or at something below."""
        self._problems.append(self._document.problem((*self.path, *below), message))

    def at(self, key: str) -> Node | None:
        """Give what stands under a key, or None."""
        if not isinstance(self.data, dict) or key not in self.data:
            return None
        return Node(self._document, self._problems, (*self.path, key))

    def need(self, key: str) -> Node | None:
        """Give what stands under a key; its absence is a mistake."""
        found = self.at(key)
        if found is None and isinstance(self.data, dict):
            self.blame(f"{key} is missing; add it")
        return found

    def entries(self) -> Iterator[Node]:
        """Give the entries of a list; something else is a mistake."""
        if not isinstance(self.data, list):
            self.blame(f"expected a list, saw {_kind(self.data)}")
            return
        for index in range(len(self.data)):
            yield Node(self._document, self._problems, (*self.path, index))

    def keys(self, known: Collection[str], refused: Mapping[str, str]) -> bool:
        """Tell whether this is a mapping; keys that are unknown or refused are mistakes."""
        if not isinstance(self.data, dict):
            self.blame(f"expected a mapping, saw {_kind(self.data)}")
            return False
        for key in self.data:
            if key in refused:
                self.blame(f"{key}: refused, {refused[key]}", key)
            elif key not in known:
                self.blame(f"{key[:60]!a}: unknown key; there are {', '.join(sorted(known))}", key)
        return True

    def text(self, default: str = "") -> str:
        """Give the text here; something else is a mistake."""
        if isinstance(self.data, str):
            return self.data.strip()
        self.blame(f"expected text, saw {_kind(self.data)}")
        return default

    def raw(self) -> str:
        """Give the text here with its spaces."""
        return str(self.data) if isinstance(self.data, str) else self.text()

    def texts(self) -> tuple[str, ...]:
        """Give a list of texts; one text alone is a list of one."""
        if isinstance(self.data, str):
            return (self.data,)
        return tuple(entry.raw() for entry in self.entries())

    def listed(self) -> tuple[str, ...]:
        """Give a list of texts, which may also be written with commas on one line."""
        if isinstance(self.data, str):
            return tuple(part.strip() for part in self.data.split(",") if part.strip())
        return tuple(text.strip() for text in self.texts())

    def flag(self) -> bool:
        """Give a truth value."""
        return self.choice(("true", "false")) == "true"

    def whole(self, least: int, most: int) -> int:
        """Give a whole number within bounds; something else is a mistake."""
        text = self.text()
        if text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most:
            return int(text)
        self.blame(f"expected a whole number from {least} to {most}, saw {text[:40]!a}")
        return least

    def choice(self, options: Sequence[str]) -> str:
        """Give one of some words; something else is a mistake."""
        text = self.text(options[0])
        if text not in options:
            self.blame(f"expected one of {', '.join(options)}, saw {text[:40]!a}")
            return options[0]
        return text

    def member(self, kind: type[E]) -> E:
        """Give a member of an enumeration; something else is a mistake."""
        return kind(self.choice([str(option) for option in kind]))


def _kind(data: object) -> str:
    return _KINDS.get(type(data), "nothing")
