"""Quick no: signatures that cannot match what is on record, found without running them.

Nearly every answer of a healthy shop is the same error page. For a template whose asks are always the same ones, what an answer
must have to match (a status, a word, a pattern in the body) is worked out once. Where none of its answers has it, the program
would end without a match, so it is not run. Whatever is less plain than that is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from plugins.ask import HttpAnswer, HttpAsk, WebEndpoint
from plugins.pack import Pack, Signature
from plugins.template.chance import Occasion
from plugins.template.expression import Binary, Call, Chain, Name, Node, Unary
from plugins.template.filling import Filling
from plugins.template.model import HttpBlock, Template
from plugins.template.model_match import DslMatcher, Matcher, RegexExtractor, RegexMatcher, StatusMatcher, WordMatcher
from plugins.template.pattern import found
from plugins.template.program import planned
from plugins.template.view import View

MOST_PAGES = 512
"""Pages that are remembered from server to server; error pages are the same on many."""
LARGEST_PAGE = 4_096
"""Bytes of a page that is remembered."""

# What differs between these two shows in whatever depends on an end point, on chance or on the clock.
_PARTS = frozenset({"body", "header", "all_headers", "all", "response", "server", "x_powered_by"})
_PLACES = (
    (WebEndpoint(address="127.0.0.1", port=80, tls=False, host="one.example"), Occasion(seed="1", at=1)),
    (WebEndpoint(address="127.0.0.2", port=8443, tls=True, host="other.test"), Occasion(seed="2", at=2)),
)

Test = Callable[[bytes], bool]
"""Says whether a part has what a matcher needs."""


@dataclass(frozen=True)
class Needs:
    """What an answer to one ask must have, so that a block can match."""

    number: int
    """Place among all of a pack."""
    statuses: frozenset[int]
    """Statuses, one of which it must have; empty: any."""
    body: tuple[Test, ...]
    """Tests that its body must pass."""
    parts: tuple[tuple[str, Test], ...]
    """Tests that other parts must pass, by name."""

    def met(self, answer: HttpAnswer, known: dict[int, bool]) -> bool:
        """Tell whether an answer has it all; `known` remembers what was said of its status and body."""
        if self.statuses and answer.status not in self.statuses:
            return False
        if self.number not in known:
            known[self.number] = all(test(answer.body) for test in self.body)
        if not known[self.number] or not self.parts:
            return known[self.number]
        view = View(answer, {}, {})
        return all(test(view.part(part) or b"") for part, test in self.parts)


class Quick:
    """What can be said quickly about the signatures of one pack."""

    def __init__(self, pack: Pack) -> None:
        self._count = 0
        self._known: dict[tuple[int, bytes], dict[int, bool]] = {}
        self.web = tuple(one for one in pack.signatures if one.template.http or one.is_check)
        self.others = tuple(one for one in pack.signatures if not (one.template.http or one.is_check))
        self._plans = {one.id: plan for one in pack.signatures if (plan := self._plan(one))}

    def plan(self, signature: Signature) -> tuple[tuple[HttpAsk, Needs], ...]:
        """Give the asks of a signature and what each answer must have; empty: it has to be run."""
        return self._plans.get(signature.id, ())

    def page(self, status: int, body: bytes) -> dict[int, bool]:
        """Give what is known about a page, by the number of what is needed."""
        if len(body) > LARGEST_PAGE:
            return {}
        if len(self._known) >= MOST_PAGES:
            self._known.clear()
        return self._known.setdefault((status, body), {})

    def _plan(self, signature: Signature) -> tuple[tuple[HttpAsk, Needs], ...]:
        template = signature.template
        if signature.is_check or not is_plain(template):
            return ()
        one, other = ([*planned(template, *place)] for place in _PLACES)
        sizes = [len([*planned(_only(template, block), *_PLACES[0])]) for block in template.http]
        if one != other or not one or sum(sizes) != len(one):
            return ()
        plan: list[tuple[HttpAsk, Needs]] = []
        asks = iter(one)
        for block, size in zip(template.http, sizes, strict=True):
            statuses, tests = needs_of(template, block)
            if not statuses and not tests:
                return ()
            body = tuple(test for part, test in tests if part == "body")
            needs = Needs(self._count, statuses, body, tuple(pair for pair in tests if pair[0] != "body"))
            self._count += 1
            plan += [(ask, needs) for ask, _ in zip(asks, range(size), strict=False) if isinstance(ask, HttpAsk)]
        return tuple(plan) if len(plan) == len(one) else ()


def _only(template: Template, block: HttpBlock) -> Template:
    return replace(template, http=(block,))


def is_plain(template: Template) -> bool:
    """Tell whether nothing that an answer says can change what is asked next, as long as nothing matches."""
    if template.flow or template.tcp or template.dns or template.ssl or not template.http:
        return False
    told = {extractor.name for block in template.http for extractor in block.extractors}
    filled = {name for block in template.http for filling in _fillings(block) for name in filling.names}
    filled |= {name for _, filling in template.variables for name in filling.names}
    return told.isdisjoint(filled) and all(block.matchers and not block.redirects for block in template.http)


def _fillings(block: HttpBlock) -> Iterator[Filling]:
    for request in block.requests:
        yield request.target
        yield request.body
        yield from (text for _, text in request.headers)
    for _, values in block.payloads.lists:
        yield from values


def needs_of(template: Template, block: HttpBlock) -> tuple[frozenset[int], tuple[tuple[str, Test], ...]]:
    """Give the statuses and the tests, by part, without which a block cannot match; both empty: nothing is known."""
    needed: Sequence[Matcher] = block.matchers if block.condition == "and" or len(block.matchers) == 1 else ()
    statuses: frozenset[int] = frozenset()
    tests: list[tuple[str, Test]] = []
    for matcher in needed:
        if matcher.negative:
            continue
        if isinstance(matcher, StatusMatcher):
            statuses = frozenset(matcher.statuses)
        elif isinstance(matcher, WordMatcher | RegexMatcher) and matcher.part in _PARTS:
            tests += ((matcher.part, test) for test in _test(matcher))
        elif isinstance(matcher, DslMatcher):
            tests += _extracted(template, block, matcher)
    return statuses, tuple(tests)


def _test(matcher: WordMatcher | RegexMatcher) -> Iterator[Test]:
    every = all if matcher.condition == "and" else any
    if isinstance(matcher, RegexMatcher):
        patterns = matcher.patterns
        yield lambda body: every(found(pattern, body) for pattern in patterns)
        return
    words = [word.plain for word in matcher.words]
    plain = tuple(word for word in words if word is not None)
    if len(plain) < len(words):
        return
    if matcher.case_insensitive:
        lowered = tuple(word.lower() for word in plain)
        yield lambda body: every(word in body.lower() for word in lowered)
    else:
        yield lambda body: every(word in body for word in plain)


def _extracted(template: Template, block: HttpBlock, matcher: DslMatcher) -> Iterator[tuple[str, Test]]:
    """Give what has to be found before an expression has all its values: without them it is false."""
    used = [sure(expression.tree) for expression in matcher.expressions]
    wanted = frozenset.intersection(*used) if matcher.condition == "or" else frozenset().union(*used)
    for name in sorted(wanted):
        sources = [one for other in template.http for one in other.extractors if one.name == name]
        source = sources[0] if len(sources) == 1 else None
        if isinstance(source, RegexExtractor) and source in block.extractors and source.part in _PARTS:
            yield source.part, _any_of(source.patterns)


def _any_of(patterns: tuple[str, ...]) -> Test:
    return lambda data: any(found(pattern, data) for pattern in patterns)


def sure(tree: Node) -> frozenset[str]:
    """Give the names that are looked up whenever an expression comes out as true."""
    match tree:
        case Name(name=name):
            return frozenset({name})
        case Call(arguments=parts) | Chain(kind="and", parts=parts):
            return frozenset().union(*map(sure, parts))
        case Chain(parts=parts):
            return frozenset.intersection(*map(sure, parts))
        case Binary(left=left, right=right):
            return sure(left) | sure(right)
        case Unary(operand=operand):
            return sure(operand)
        case _:
            return frozenset()


_PREPARED: dict[str, Quick] = {}


def quick_of(pack: Pack) -> Quick:
    """Give what can be said quickly about a pack; worked out once in a process."""
    if pack.digest not in _PREPARED:
        if len(_PREPARED) > 3:
            _PREPARED.clear()
        _PREPARED[pack.digest] = Quick(pack)
    return _PREPARED[pack.digest]
