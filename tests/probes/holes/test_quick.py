"""The quick no: it may only say what running the signature would have said."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest

from plugins.ask import HttpAnswer, HttpAsk
from plugins.pack import Signature
from plugins.template.rehearsal import ENDPOINT, load_cases
from plugins.trial import OCCASION
from probes.holes.facts import Exchange
from probes.holes.quick import quick_of
from probes.holes.record import Record
from tests.pack import PACK
from tests.plugins.template.samples import template
from tests.probes.holes.scene import pack_with

FOLDER = Path(__file__).parents[3] / "signatures"
QUICK = quick_of(PACK)


@cache
def answers() -> tuple[HttpAnswer, ...]:
    """Every answer of every transcript: what vulnerable, mended and similar servers really say, and some of it cut."""
    found: dict[HttpAnswer, None] = {}
    for path in sorted(FOLDER.glob("*/*.transcripts.yaml")):
        for case in load_cases(path.read_bytes(), path.name):
            found.update(dict.fromkeys(one.answer for one in case.exchanges if isinstance(one.answer, HttpAnswer)))
    chance = random.Random(5)
    cut = [HttpAnswer(status=one.status, headers=one.headers, body=one.body[:20], truncated=True) for one in found]
    return (*found, *chance.sample(cut, 100))


def record_of(asks: list[HttpAsk], given: list[HttpAnswer]) -> Record:
    record = Record(ENDPOINT, OCCASION)
    for ask, answer in zip(asks, given, strict=True):
        record.keep(Exchange(endpoint=ENDPOINT, ask=ask, answer=answer))
    return record


def planned() -> list[Signature]:
    return [one for one in PACK.signatures if QUICK.plan(one)]


def test_most_signatures_can_be_told_quickly() -> None:
    assert len(planned()) > len(PACK.signatures) * 0.8


def test_it_says_what_a_run_says() -> None:
    """Every signature meets answers of its own kind and of all others; whenever the quick no is said, the run says no, too."""
    chance, said, ran = random.Random(7), 0, 0
    for signature in planned():
        asks = [ask for ask, _ in QUICK.plan(signature)]
        for _ in range(4):
            record = record_of(asks, [chance.choice(answers()) for _ in asks])
            outcome, asked = record.replay(signature)
            if record.misses(QUICK.plan(signature), QUICK):
                said += 1
                assert (outcome, asked) == (None, asks), signature.id
            ran += 1
    assert said > ran / 2


def test_a_hit_of_its_own_transcripts_is_never_overlooked() -> None:
    for signature in planned():
        path = FOLDER / f"{signature.source.removesuffix('.yaml')}.transcripts.yaml"
        asks = [ask for ask, _ in QUICK.plan(signature)]
        for case in load_cases(path.read_bytes(), path.name):
            known = {(one.method, one.path): one.answer for one in case.exchanges}
            if case.kind != "vulnerable" or not all((ask.method, ask.path) in known for ask in asks):
                continue
            given = [known[ask.method, ask.path] for ask in asks]
            record = record_of(asks, given)
            if record.replay(signature)[0] is not None:
                assert not record.misses(QUICK.plan(signature), QUICK), signature.id


@pytest.mark.parametrize(
    "http",
    [
        '- {path: ["{{BaseURL}}/x"], matchers: [{type: word, words: [a], negative: true}]}',
        '- {path: ["{{BaseURL}}/x"], matchers: [{type: word, words: [a]}, {type: status, status: [200]}]}',
        '- {path: ["{{BaseURL}}/x"], extractors: [{type: regex, regex: [a]}]}',
        '- {path: ["{{BaseURL}}/x"], redirects: true, matchers: [{type: status, status: [200]}]}',
        '- {path: ["{{BaseURL}}/{{randstr}}"], matchers: [{type: status, status: [200]}]}',
        '- {path: ["{{BaseURL}}/{{Hostname}}"], matchers: [{type: status, status: [200]}]}',
        '- {path: ["{{BaseURL}}/x"], matchers: [{type: dsl, dsl: ["len(body) > 3"]}]}',
    ],
)
def test_whatever_is_less_plain_is_run(http: str) -> None:
    pack = pack_with(template(http))
    assert quick_of(pack).plan(pack.signatures[0]) == ()
