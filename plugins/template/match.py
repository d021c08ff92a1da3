"""Extractors and matchers on one answer.

Matching has three outcomes: a body that was cut cannot show that something is not in it, so "not found" is then "not known",
and what is not known is never clean and never a match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from plugins.template.evaluate import AbsentError, truth
from plugins.template.expression import Expression
from plugins.template.functions import EvaluationError
from plugins.template.model import DslMatcher, Extractor, HttpBlock, Matcher, RegexMatcher, StatusMatcher, WordMatcher
from plugins.template.pattern import compiled, found
from plugins.template.view import WHOLE, View
from plugins.value import value

MAX_VALUES = 20
"""Most values that one extractor takes."""
MAX_VALUE_BYTES = 500
"""Longest value that is taken."""

Truth = bool | None
"""None: not known."""


@value
class Reading:
    """What the matchers and extractors of one block say about one answer."""

    matched: bool | None
    """Whether it is a match; None: cannot be told."""
    matchers: tuple[str, ...] = ()
    """Names of the matchers that hold."""
    extracted: tuple[tuple[str, bytes], ...] = ()
    """Values for the report."""
    known: tuple[tuple[str, bytes], ...] = ()
    """Values that later expressions see."""
    reason: str = ""
    """Why it cannot be told."""


def read(block: HttpBlock, view: View) -> Reading:
    """Run the extractors, then the matchers, of one block on one answer."""
    extracted: list[tuple[str, bytes]] = []
    for extractor in block.extractors:
        values = _extract(extractor, view)
        if values and extractor.name:
            view.known[extractor.name] = values[0]
        if not extractor.internal:
            extracted.extend((extractor.name, item) for item in values)
    matched, names, reason = _judge(block, view)
    if not block.matchers:
        # Extractors alone are a match when they found something (semantics 5).
        matched = True if extracted else (None if _cut(block.extractors, view) else False)
        reason = _CUT if matched is None else ""
    return Reading(
        matched=matched, matchers=names, extracted=tuple(extracted), known=tuple(view.known.items()), reason=reason
    )


_CUT = "the answer was cut before anything could be found in it"


def _judge(block: HttpBlock, view: View) -> tuple[Truth, tuple[str, ...], str]:
    names, truths, reasons = [], [], []
    for matcher in block.matchers:
        outcome, reason = _test(matcher, view)
        truths.append(outcome)
        if outcome and matcher.name:
            names.append(matcher.name)
        if outcome is None:
            reasons.append(reason)
    return _joined(truths, block.condition), tuple(names), "; ".join(reasons)


def _joined(truths: Iterable[Truth], condition: Literal["and", "or"]) -> Truth:
    """Kleene's and/or: one decisive outcome decides, else one unknown leaves it open."""
    seen = set(truths)
    decisive = condition == "or"
    if decisive in seen:
        return decisive
    return None if None in seen else not decisive


def _test(matcher: Matcher, view: View) -> tuple[Truth, str]:
    match matcher:
        case StatusMatcher():
            return (view.answer.status in matcher.statuses) != matcher.negative, ""
        case WordMatcher():
            return _search(matcher, view, matcher.words, lambda word, data: _holds_word(matcher, word, data))
        case RegexMatcher():
            return _search(matcher, view, matcher.patterns, found)
        case DslMatcher():
            return _express(matcher, view)


def _search(
    matcher: WordMatcher | RegexMatcher, view: View, wanted: tuple[str, ...], holds: Callable[[str, bytes], bool]
) -> tuple[Truth, str]:
    data = view.part(matcher.part)
    if data is None:
        # As in the format's own engine: what is not there matches nothing, not even a negative matcher.
        return False, ""
    partial = view.is_partial(matcher.part)
    outcome = _joined(((holds(one, data) or (None if partial else False)) for one in wanted), matcher.condition)
    if outcome is None:
        return None, _CUT
    return outcome != matcher.negative, ""


def _holds_word(matcher: WordMatcher, word: str, data: bytes) -> bool:
    sought = word.encode()
    return sought.lower() in data.lower() if matcher.case_insensitive else sought in data


def _express(matcher: DslMatcher, view: View) -> tuple[Truth, str]:
    truths: list[Truth] = []
    reasons = []
    for expression in matcher.expressions:
        outcome, reason = _expression(expression, view)
        truths.append(outcome)
        reasons.append(reason)
    joined = _joined(truths, matcher.condition)
    if joined is None:
        return None, "; ".join(filter(None, reasons))
    return joined != matcher.negative, ""


def _expression(expression: Expression, view: View) -> tuple[Truth, str]:
    try:
        outcome = truth(expression.tree, view.lookup)
    except AbsentError:
        return False, ""
    except EvaluationError as error:
        return None, f"an expression could not be worked out: {error}"
    return (None, _CUT) if view.is_cut and expression.names & WHOLE else (outcome, "")


def _extract(extractor: Extractor, view: View) -> list[bytes]:
    data = view.part(extractor.part)
    values: list[bytes] = []
    for pattern in extractor.patterns if data is not None else ():
        for hit in compiled(pattern).finditer(data):
            taken = hit.group(extractor.group)
            if taken is not None and taken[:MAX_VALUE_BYTES] not in values:
                values.append(taken[:MAX_VALUE_BYTES])
            if len(values) >= MAX_VALUES:
                return values
    return values


def _cut(extractors: Iterable[Extractor], view: View) -> bool:
    return any(view.is_partial(extractor.part) for extractor in extractors)
