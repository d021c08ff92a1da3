"""The loader's part that reads payloads: inline lists only, never files."""

from __future__ import annotations

from typing import cast

import re2

from plugins.template.filling import Filling
from plugins.template.load_match import filling
from plugins.template.model import Attack, Payloads
from plugins.template.payloads import MAX_VALUES
from plugins.template.sheet import Node
from plugins.template.vocabulary import Vocabulary

ATTACKS = ("batteringram", "pitchfork", "clusterbomb")
"""How several lists are combined."""
MAX_LISTS = 5
"""Most lists of one block."""
_NAME = re2.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,59}")


def payloads(node: Node, vocabulary: Vocabulary) -> Payloads:
    """Read `payloads` and `attack`."""
    found, attack = node.at("payloads"), node.at("attack")
    mode = cast(Attack, attack.choice(ATTACKS)) if attack else "batteringram"
    if found is None:
        return Payloads()
    if not isinstance(found.data, dict) or not found.data:
        found.blame("expected a mapping of names to lists of values")
        return Payloads()
    lists = tuple((name, _values(found, name, vocabulary)) for name in found.data)
    if len(lists) > MAX_LISTS:
        found.blame(f"expected at most {MAX_LISTS} lists, saw {len(lists)}")
    if len(lists) > 1 and mode == "batteringram":
        found.blame("batteringram takes one list for all places; write attack: pitchfork or attack: clusterbomb")
    return Payloads(lists=lists[:MAX_LISTS], attack=mode)


def _values(node: Node, name: str, vocabulary: Vocabulary) -> tuple[Filling, ...]:
    entry = node.at(name)
    if not _NAME.fullmatch(name):
        node.blame(f"{name[:60]!a} is no name of a payload: letters, digits, underscores and hyphens", name)
    if entry is None:
        return ()
    if isinstance(entry.data, str):
        entry.blame("refused, it reads a file; write the values as a list")
        return ()
    texts = entry.texts()
    if not 1 <= len(texts) <= MAX_VALUES:
        entry.blame(f"expected 1 to {MAX_VALUES} values, saw {len(texts)}")
    return tuple(filling(entry, text, vocabulary) for text in texts[:MAX_VALUES])
