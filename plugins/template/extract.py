"""Extractors on one answer: values in document order (semantics 3), bounded in number and length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from plugins.template import json_path, xpath
from plugins.template.chance import NOTHING, Chance
from plugins.template.evaluate import evaluate
from plugins.template.json_steps import JsonError
from plugins.template.model_match import (
    DslExtractor,
    Extractor,
    JsonExtractor,
    KvalExtractor,
    RegexExtractor,
    XPathExtractor,
)
from plugins.template.pattern import compiled
from plugins.template.values import EvaluationError, as_bytes
from plugins.template.view import View

MAX_VALUES = 20
"""Most values that one extractor takes."""
MAX_VALUE_BYTES = 500
"""Longest value that is taken."""


def extract(extractor: Extractor, view: View, chance: Chance = NOTHING) -> tuple[bytes, ...]:
    """Give the values of one extractor, each once."""
    shortened = (item[:MAX_VALUE_BYTES] for item in _values(extractor, view, chance))
    return tuple(islice(_once(shortened), MAX_VALUES))


def part_of(extractor: Extractor) -> tuple[str, ...]:
    """Give the parts that an extractor looks at."""
    if isinstance(extractor, KvalExtractor):
        return extractor.keys
    if isinstance(extractor, DslExtractor):
        return tuple(name for expression in extractor.expressions for name in expression.names)
    return (extractor.part,)


def _once(values: Iterable[bytes]) -> Iterator[bytes]:
    seen: set[bytes] = set()
    for item in values:
        if item not in seen:
            seen.add(item)
            yield item


def _values(extractor: Extractor, view: View, chance: Chance) -> Iterator[bytes]:
    match extractor:
        case RegexExtractor():
            return _regex(extractor, view)
        case KvalExtractor():
            return _kval(extractor, view)
        case JsonExtractor():
            return _json(extractor, view)
        case XPathExtractor():
            return _xpath(extractor, view)
        case DslExtractor():
            return _dsl(extractor, view, chance)


def _regex(extractor: RegexExtractor, view: View) -> Iterator[bytes]:
    data = view.part(extractor.part)
    for pattern in extractor.patterns if data is not None else ():
        for hit in compiled(pattern).finditer(data):
            taken = hit.group(extractor.group)
            if taken is not None:
                yield taken


def _kval(extractor: KvalExtractor, view: View) -> Iterator[bytes]:
    for key in extractor.keys:
        found = view.text(key)
        if found:
            yield found.lower() if extractor.lower else found


def _json(extractor: JsonExtractor, view: View) -> Iterator[bytes]:
    data = view.part(extractor.part)
    if data is None:
        return
    try:
        tree = json_path.document(data)
    except JsonError:
        return
    for query in extractor.queries:
        yield from json_path.results(json_path.parse(query), tree)


def _xpath(extractor: XPathExtractor, view: View) -> Iterator[bytes]:
    data = view.part(extractor.part)
    for path in extractor.paths if data is not None else ():
        try:
            yield from xpath.taken(path, data or b"", extractor.attribute)
        except EvaluationError:
            return


def _dsl(extractor: DslExtractor, view: View, chance: Chance) -> Iterator[bytes]:
    for expression in extractor.expressions:
        try:
            made = as_bytes(evaluate(expression.tree, view.lookup, chance))
        except EvaluationError:
            continue
        if made:
            yield made
