"""A shelf: what was made from the last values, bounded in number and in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MAX_ENTRIES = 512
"""Most things on a shelf."""
MAX_BYTES = 16_777_216
"""Most bytes of all things together, as far as their weight tells."""


class Shelf(Generic[K, V]):
    """Keeps what was used last. Only saves work: the same key always gives an equal thing."""

    def __init__(self, entries: int = MAX_ENTRIES, size: int = MAX_BYTES) -> None:
        self._entries, self._size = entries, size
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._weight = 0

    def get(self, key: K, make: Callable[[K], V], weigh: Callable[[K], int]) -> V:
        """Give the thing for a key, made now when it is not there."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found[0]
        made, weight = make(key), weigh(key)
        if weight <= self._size:
            self._kept[key] = made, weight
            self._weight += weight
        while self._weight > self._size or len(self._kept) > self._entries:
            _, (_, gone) = self._kept.popitem(last=False)
            self._weight -= gone
        return made
