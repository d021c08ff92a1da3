"""The signature language: loading, judging on stored answers, and what it costs when a server makes judging costly."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from importlib import resources

from plugins.ask import Ask, HttpAnswer, HttpAsk, NoAnswer, NoAnswerReason
from plugins.template.chance import Occasion
from plugins.template.load import load
from plugins.template.model import Template
from plugins.template.program import Match, planned, replay
from plugins.template.rehearsal import ENDPOINT
from plugins.template.safety import safety_of

WANTED = 500
ROUNDS = 7
OCCASION = Occasion(seed="bench", at=1_800_000_000)
HEADERS = (
    *(("server", "nginx/1.20.1"), ("content-type", "text/html; charset=UTF-8"), ("x-powered-by", "PHP/8.1.2")),
    *(("set-cookie", "PHPSESSID=0123456789abcdef; path=/; HttpOnly"), ("date", "Mon, 23 Nov 2026 00:00:00 GMT")),
)


def main() -> None:
    """Print figures; the bounds are those of the issue."""
    files = _files()
    print(f"{len(files)} signatures, {sum(len(content) for _, content in files) / len(files):,.0f} bytes each")
    templates = _loading(files)
    _judging(templates)


def _files() -> list[tuple[str, bytes]]:
    """Give 500 signatures: those that are shipped, and copies of the first ones when there are fewer."""
    folders = sorted((one for one in resources.files("signatures").iterdir() if one.is_dir()), key=lambda one: one.name)
    own = [entry for folder in folders for entry in sorted(folder.iterdir(), key=lambda one: one.name)]
    read = [(entry.name, entry.read_bytes()) for entry in own if entry.name.endswith(".yaml")]
    files = [(name, content) for name, content in read if b"\ninfo:" in content]
    copies = [
        (f"copy-{number}-{name}", content.replace(b"id: ", b"id: copy%d-" % number, 1))
        for number in range(WANTED)
        for name, content in files
    ]
    return (files + copies)[:WANTED]


def _loading(files: list[tuple[str, bytes]]) -> list[Template]:
    # The first one reads the grammar of expressions.
    cold = _seconds(lambda: load(files[0][1], files[0][0]), rounds=1)
    templates: list[Template] = []

    def read() -> None:
        templates[:] = [load(content, name) for name, content in files]

    took = _seconds(read)
    print(f"  first signature, grammar included      {cold * 1e3:9.1f} ms")
    print(f"  loading from YAML                      {took * 1e3:9.1f} ms   (bound 1,000 ms)")
    safety = _seconds(lambda: [safety_of(one) for one in templates])
    print(f"  computing what they do (safety)        {safety * 1e3:9.1f} ms")
    return templates


def _judging(templates: list[Template]) -> None:
    page = b"<html><head><title>Shop</title></head>" + b"<p>An article that is sold here, no. 12345</p>\n" * 600
    kinds: dict[str, Callable[[HttpAsk], HttpAnswer]] = {
        "404 everywhere": lambda _: HttpAnswer(status=404, headers=HEADERS, body=b"<title>404</title>not here"),
        "the same 200, 28 KB": lambda _: HttpAnswer(status=200, headers=HEADERS, body=page),
        "another 200 each time, 28 KB": lambda ask: HttpAnswer(
            status=200, headers=HEADERS, body=page + ask.path.encode()
        ),
    }
    asks = {ask for one in templates for ask in planned(one, ENDPOINT, OCCASION)}
    print(f"  asks of all together, each once        {len(asks):9d}")
    for name, answered in kinds.items():
        stored: dict[Ask, HttpAnswer] = {ask: answered(ask) for ask in asks if isinstance(ask, HttpAsk)}
        took = _seconds(lambda stored=stored: _judge(templates, stored))  # type: ignore[misc]  # mypy knows no default of a lambda
        found = _judge(templates, stored)
        print(f"  judging, {name:<29} {took * 1e3:9.1f} ms   (bound 150 ms), {found} match")


def _judge(templates: list[Template], stored: dict[Ask, HttpAnswer]) -> int:
    gone = NoAnswer(reason=NoAnswerReason.CUT_OFF)
    outcomes = [replay(one, ENDPOINT, lambda ask: stored.get(ask, gone), OCCASION) for one in templates]
    return sum(isinstance(outcome, Match) for outcome in outcomes)


def _seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Give the median of processor seconds, so that other work on the machine counts less."""
    gc.collect()
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken)
