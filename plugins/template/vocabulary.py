"""The names that a template may fill in, and who gave them; no two of them may be the same."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from plugins.template.parts_http import RESERVED
from plugins.template.render import VARIABLES
from plugins.template.sheet import Node
from plugins.template.state import RANDOM, is_random

_TAKEN = dict.fromkeys(RESERVED | {"data", "raw"}, "a part of every response")
_TAKEN |= dict.fromkeys(VARIABLES, "a URL variable")


class Vocabulary(Collection[str]):
    """Names that can be filled in."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def give(self, name: str, who: str, node: Node, *below: str | int) -> None:
        """Take a name into the vocabulary; a name that means something else already is a mistake."""
        before = _TAKEN.get(name) or ("a random text" if is_random(name) else self._given.get(name))
        if before and before != who:
            node.blame(f"{name[:60]!a} is {before} already; choose another name", *below)
        self._given[name] = who

    def givers(self, who: Iterable[str]) -> frozenset[str]:
        """Give the names that somebody of these gave."""
        wanted = set(who)
        return frozenset(name for name, giver in self._given.items() if giver in wanted)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in VARIABLES or name in self._given or is_random(name))

    def __iter__(self) -> Iterator[str]:
        yield from (*self._given, *VARIABLES, RANDOM)

    def __len__(self) -> int:
        return len(self._given) + len(VARIABLES) + 1
