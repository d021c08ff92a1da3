"""Extractors and matchers on one answer.

Matching has three outcomes: a body that was cut cannot show that something is not in it, so "not found" is then "not known",
and what is not known is never clean and never a match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias, TypeVar

from plugins.template import xpath
from plugins.template.chance import NOTHING, Chance
from plugins.template.evaluate import AbsentError, truth
from plugins.template.expression import Expression
from plugins.template.extract import extract, part_of
from plugins.template.filling import Filling, fill
from plugins.template.model_match import (
    BinaryMatcher,
    Condition,
    DslMatcher,
    Matcher,
    Operators,
    RegexMatcher,
    SizeMatcher,
    StatusMatcher,
    WordMatcher,
    XPathMatcher,
)
from plugins.template.pattern import found
from plugins.template.values import EvaluationError
from plugins.template.view import View
from plugins.value import value

Truth: TypeAlias = bool | None
"""None: not known."""
T = TypeVar("T")

_CUT = "the answer was cut before anything could be found in it"


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
    """Values that later expressions and requests see."""
    reason: str = ""
    """Why it cannot be told."""


NOTHING_SEEN = Reading(matched=False)
"""No match, and nothing extracted."""


def read(block: Operators, view: View, chance: Chance = NOTHING) -> Reading:
    """Run the extractors, then the matchers, of one block on one answer."""
    if _hopeless(block, view):
        return NOTHING_SEEN
    extracted: list[tuple[str, bytes]] = []
    for extractor in block.extractors:
        values = extract(extractor, view, chance)
        if values and extractor.name:
            view.known[extractor.name] = values[0]
        if not extractor.internal:
            extracted.extend((extractor.name, item) for item in values)
    matched, names, reason = _judge(block, view, chance)
    if not block.matchers:
        # Extractors alone are a match when they found something (semantics 5).
        matched = True if extracted else (None if _cut(block, view) else False)
        reason = _CUT if matched is None else ""
    return Reading(
        matched=matched, matchers=names, extracted=tuple(extracted), known=tuple(view.known.items()), reason=reason
    )


def _hopeless(block: Operators, view: View) -> bool:
    """Tell at once that a wrong status decides, when no later request can want what would have been extracted."""
    if block.condition != "and" or any(extractor.name for extractor in block.extractors):
        return False
    return any(
        isinstance(matcher, StatusMatcher) and (view.status in matcher.statuses) == matcher.negative
        for matcher in block.matchers
    )


def _judge(block: Operators, view: View, chance: Chance) -> tuple[Truth, tuple[str, ...], str]:
    names, truths, reasons = [], [], []
    for matcher in block.matchers:
        outcome, reason = _test(matcher, view, chance)
        if outcome is False and block.condition == "and":
            return False, (), ""
        truths.append(outcome)
        if outcome and matcher.name:
            names.append(matcher.name)
        if outcome is None:
            reasons.append(reason)
    return joined(truths, block.condition), tuple(names), "; ".join(reasons)


def joined(truths: Iterable[Truth], condition: Condition) -> Truth:
    """Kleene's and/or: one decisive outcome decides, else one unknown leaves it open."""
    decisive = condition == "or"
    unknown = False
    for one in truths:
        if one is decisive:
            return decisive
        unknown = unknown or one is None
    return None if unknown else not decisive


def _test(matcher: Matcher, view: View, chance: Chance) -> tuple[Truth, str]:
    match matcher:
        case StatusMatcher():
            return view.status is not None and (view.status in matcher.statuses) != matcher.negative, ""
        case WordMatcher():
            return _word(matcher, view, chance)
        case RegexMatcher():
            return _search(matcher, view, matcher.patterns, found)
        case BinaryMatcher():
            return _search(matcher, view, matcher.binaries, lambda sought, data: sought in data)
        case DslMatcher():
            return _express(matcher, view, chance)
        case _:
            return _size(matcher, view) if isinstance(matcher, SizeMatcher) else _xpath(matcher, view)


def _word(matcher: WordMatcher, view: View, chance: Chance) -> tuple[Truth, str]:
    data = view.lowered(matcher.part) if matcher.case_insensitive else view.part(matcher.part)
    if data is None:
        # As in the format's own engine: what is not there matches nothing, not even a negative matcher.
        return False, ""
    missing = False if not view.is_partial(matcher.part) else None
    try:
        # One word at a time: what the first ones decide, the others need not be looked for.
        outcome = joined((word in data or missing for word in _words(matcher, view, chance)), matcher.condition)
    except AbsentError:
        return False, ""
    except EvaluationError as error:
        return None, f"a word could not be worked out: {error}"
    return (None, _CUT) if outcome is None else (outcome != matcher.negative, "")


def _words(matcher: WordMatcher, view: View, chance: Chance) -> Iterator[bytes]:
    for word in matcher.words:
        sought = _sought(word, view, chance)
        yield sought.lower() if matcher.case_insensitive else sought


def _sought(word: Filling, view: View, chance: Chance) -> bytes:
    sought = fill(word, view.lookup, chance)
    if not sought:
        raise AbsentError("a word came out empty")
    return sought


def _search(
    matcher: RegexMatcher | BinaryMatcher, view: View, wanted: Sequence[T], holds: Callable[[T, bytes], bool]
) -> tuple[Truth, str]:
    data = view.part(matcher.part)
    if data is None:
        return False, ""
    missing = False if not view.is_partial(matcher.part) else None
    outcome = joined((holds(one, data) or missing for one in wanted), matcher.condition)
    return (None, _CUT) if outcome is None else (outcome != matcher.negative, "")


def _size(matcher: SizeMatcher, view: View) -> tuple[Truth, str]:
    data = view.part(matcher.part)
    if data is None:
        return False, ""
    if view.is_partial(matcher.part):
        return (None, _CUT) if max(matcher.sizes) > len(data) else (matcher.negative, "")
    return (len(data) in matcher.sizes) != matcher.negative, ""


def _xpath(matcher: XPathMatcher, view: View) -> tuple[Truth, str]:
    data = view.part(matcher.part)
    if data is None:
        return False, ""
    missing = False if not view.is_partial(matcher.part) else None
    try:
        outcome = joined((xpath.found(path, data) or missing for path in matcher.paths), matcher.condition)
    except EvaluationError as error:
        return None, str(error)
    return (None, _CUT) if outcome is None else (outcome != matcher.negative, "")


def _express(matcher: DslMatcher, view: View, chance: Chance) -> tuple[Truth, str]:
    truths: list[Truth] = []
    reasons = []
    for expression in matcher.expressions:
        outcome, reason = _expression(expression, view, chance)
        truths.append(outcome)
        reasons.append(reason)
    outcome = joined(truths, matcher.condition)
    if outcome is None:
        return None, "; ".join(filter(None, reasons))
    return outcome != matcher.negative, ""


def _expression(expression: Expression, view: View, chance: Chance) -> tuple[Truth, str]:
    try:
        outcome = truth(expression.tree, view.lookup, chance)
    except AbsentError:
        return False, ""
    except EvaluationError as error:
        return None, f"an expression could not be worked out: {error}"
    cut = view.is_cut and any(view.is_partial(name) for name in expression.names)
    return (None, _CUT) if cut else (outcome, "")


def _cut(block: Operators, view: View) -> bool:
    return any(view.is_partial(part) for extractor in block.extractors for part in part_of(extractor))
