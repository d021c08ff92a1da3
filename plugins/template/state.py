"""The state of one program: names and their values, what was extracted, cookies, hits and gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from plugins.ask import Answer, Ask, Endpoint, HttpAsk, NoAnswer, TcpAnswer
from plugins.template.chance import Chance, Occasion, random_text
from plugins.template.cookies import Jar
from plugins.template.evaluate import AbsentError
from plugins.template.extract import part_of
from plugins.template.filling import Filling, fill
from plugins.template.match import Reading, read
from plugins.template.model import Block, HttpBlock, Protocol, TcpBlock, Template
from plugins.template.payloads import planned_asks
from plugins.template.render import variables
from plugins.template.values import EvaluationError, Value
from plugins.template.view import View
from plugins.value import value

RANDOM = "randstr"
"""Name of the random text; also `randstr_1` and so on."""


@value
class Before:
    """What was known before an answer came; enough to judge the answer, or another in its place, again."""

    known: tuple[tuple[str, bytes], ...] = ()
    """What earlier answers had told."""
    payloads: tuple[tuple[str, bytes], ...] = ()
    """Payloads in use."""
    past: tuple[Answer, ...] = ()
    """Earlier answers of the block, when its names can mean them."""
    occasion: Occasion = Occasion()
    """Chance and clock."""


@value
class Hit:
    """One answer that matched."""

    protocol: Protocol = "http"
    """Kind of block."""
    block: int
    """Position of the block among those of its kind."""
    ask: Ask
    """What was asked."""
    before: Before
    """What was known before; needed to judge the answer again."""
    matchers: tuple[str, ...]
    """Names of the matchers that hold."""
    extracted: tuple[tuple[str, bytes], ...]
    """Name and bytes of every extracted value, in document order."""


class Names:
    """What the author, the end point and chance put under names. Nothing of it comes from a server, but through `known`."""

    def __init__(self, template: Template, endpoint: Endpoint, occasion: Occasion, known: Mapping[str, bytes]) -> None:
        self._template, self._occasion, self._known = template, occasion, known
        self._urls = variables(endpoint)
        self._variables = dict(template.variables)
        self._fixed = frozenset(self._lasting(template))
        self._worked_out: dict[str, Value] = {}
        self._payloads: Mapping[str, Value] = {}

    def use(self, payloads: Mapping[str, Filling], *where: str | int) -> None:
        """Take the next combination of payloads; raises `EvaluationError`."""
        chance = Chance(self._occasion, self._template.id, "payload", *where)
        self._payloads = {}
        self._payloads = {name: fill(filling, self.sent, chance) for name, filling in payloads.items()}

    def put(self, payloads: Mapping[str, Value]) -> None:
        """Take payloads that are worked out already."""
        self._payloads = payloads

    @property
    def payloads(self) -> Mapping[str, Value]:
        """Payloads in use."""
        return self._payloads

    def author(self, name: str) -> Value | None:
        """Give what stands under a name of the author, the end point or chance; None: nothing does."""
        found: Value | None = self._payloads.get(name)
        if found is not None:
            return found
        if name in self._variables:
            return self._variable(name)
        if name in self._urls:
            return self._urls[name].encode()
        return random_text(self._occasion, name).encode() if is_random(name) else None

    def sent(self, name: str) -> Value | None:
        """Give what may stand in a request: names of the author, and what earlier answers told."""
        found = self.author(name)
        return self._known.get(name) if found is None else found

    def _variable(self, name: str) -> Value | None:
        if name in self._worked_out:
            return self._worked_out[name]
        filling = self._variables[name]
        try:
            made = fill(filling, self.sent, Chance(self._occasion, self._template.id, "variable", name))
        except AbsentError:
            return None
        if name in self._fixed:
            self._worked_out[name] = made
        return made

    def _lasting(self, template: Template) -> Iterator[str]:
        """Give the variables that neither payloads nor answers have a part in: they are worked out once."""
        lasting: set[str] = set()
        for name, filling in template.variables:
            if all(part in self._urls or part in lasting or is_random(part) for part in filling.names):
                lasting.add(name)
                yield name


def is_random(name: str) -> bool:
    """Tell whether a name stands for a random text."""
    rest = name[len(RANDOM) :]
    return name.startswith(RANDOM) and (not rest or (rest[0] == "_" and rest[1:].isalnum()))


class State:
    """Everything that a program remembers between its asks."""

    def __init__(self, template: Template, endpoint: Endpoint, occasion: Occasion) -> None:
        self.template, self.endpoint, self.occasion = template, endpoint, occasion
        self.known: dict[str, bytes] = {}
        self.names = Names(template, endpoint, occasion, self.known)
        self.jar = Jar()
        self.hits: list[Hit] = []
        self.gaps: list[str] = []
        self._redirects = 0
        self._unsure: set[str] = set()

    @property
    def done(self) -> bool:
        """Whether a match was enough."""
        return self.template.stop_at_first_match and bool(self.hits)

    def may_follow(self) -> bool:
        """Take one redirect from the ask budget; tells whether there was one left."""
        self._redirects += 1
        return self._redirects <= self.template.inspection.asks - planned_asks(self.template)

    def missed(self, answer: NoAnswer) -> None:
        """Note that an ask was not answered."""
        self.gaps.append(f"{answer.reason}: {answer.detail}" if answer.detail else str(answer.reason))

    def skipped(self, wanted: frozenset[str], error: EvaluationError) -> None:
        """Note that a request could not be made (semantics 6).

        A value that a complete answer does not have is told by that answer, and leaves no gap; one that may have been cut off
        does, and so does a value that nothing can be worked out from.
        """
        if not isinstance(error, AbsentError):
            self.gaps.append(f"a request could not be worked out: {error}")
        elif wanted & self._unsure:
            self.gaps.append("an answer was cut before the value that a later request needs")

    def judge(
        self,
        place: tuple[Protocol, int, Block],
        ask: Ask,
        answer: Answer,
        past: Sequence[Answer] = (),
    ) -> bool | None:
        """Judge one answer by its block, and remember what it tells; None: cannot be told."""
        protocol, number, block = place
        payloads = tuple((name, held) for name, held in self.names.payloads.items() if isinstance(held, bytes))
        before = Before(known=tuple(self.known.items()), payloads=payloads, past=tuple(past), occasion=self.occasion)
        view = _view(block, self.names, self.known, answer, before, ask)
        reading = read(block, view, Chance(self.occasion, self.template.id, "match", protocol, number))
        self._learn(block, view, reading)
        if reading.matched and not block.internal:
            self.hits.append(
                Hit(
                    protocol=protocol,
                    block=number,
                    ask=ask,
                    before=before,
                    matchers=reading.matchers,
                    extracted=reading.extracted,
                )
            )
        elif reading.matched is None:
            self.gaps.append(reading.reason)
        return reading.matched

    def _learn(self, block: Block, view: View, reading: Reading) -> None:
        self.known.update(reading.known)
        if view.is_cut:
            for extractor in block.extractors:
                if (
                    extractor.name
                    and extractor.name not in self.known
                    and any(map(view.is_partial, part_of(extractor)))
                ):
                    self._unsure.add(extractor.name)


def reread(
    template: Template,
    number: int,
    answer: Answer,
    endpoint: Endpoint,
    before: Before,
    protocol: Protocol = "http",
) -> Reading:
    """Judge one answer by one block, given what was known before: the same answer again, or another in its place."""
    blocks: Sequence[Block] = getattr(template, protocol)
    block = blocks[number]
    known = dict(before.known)
    names = Names(template, endpoint, before.occasion, known)
    names.put(dict(before.payloads))
    view = _view(block, names, known, answer, before, None)
    return read(block, view, Chance(before.occasion, template.id, "match", protocol, number))


def _view(
    block: Block,
    names: Names,
    known: Mapping[str, bytes],
    answer: Answer,
    before: Before,
    ask: Ask | None,
) -> View:
    web = block if isinstance(block, HttpBlock) else None
    return View(
        answer,
        known,
        names.author,
        beginning=web is not None and web.beginning,
        past=before.past if web is not None and web.history else None,
        named=_named(block, answer) if isinstance(block, TcpBlock) and isinstance(answer, TcpAnswer) else None,
        ask=ask if isinstance(ask, HttpAsk) else None,
    )


def _named(block: TcpBlock, answer: TcpAnswer) -> dict[str, bytes]:
    """Give what was read under the names of the inputs."""
    return {entry.name: data for entry, data in zip(block.inputs, answer.reads, strict=False) if entry.name}
