"""The holes probe: loading a pack, asks with and without coalescing and gates, the same findings either way, judging again."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from plugins import canonical
from plugins.ask import HttpAnswer
from plugins.pack import Pack, load_pack, pack_of
from plugins.release import Reviewer, from_bytes, opened, release_of, signed, to_bytes
from plugins.trial import start
from probes.holes.facts import Exchange, HolesBegan
from probes.holes.judge import judge
from probes.observation import Observation
from tests.probes.holes.scene import Seen, inspected, scope_for
from tests.probes.holes.web import Manner, pages, response

SERVERS = 400
"""Servers that are judged; every one has other pages."""


def main() -> None:
    """Print the figures."""
    pack = load_pack()
    print(f"  {len(pack.signatures)} signatures, {len(pack.fingerprints)} fingerprints")
    _load(pack)
    asyncio.run(_asks(pack))
    asyncio.run(_again(pack))


def _median(what: Callable[[], object], times: int = 7) -> float:
    took = []
    for _ in range(times):
        began = time.process_time()
        what()
        took.append(time.process_time() - began)
    return statistics.median(took)


def _resident() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - of this process
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _load(pack: Pack) -> None:
    release = release_of(resources.files("signatures"), pack)
    keys = {name: Ed25519PrivateKey.generate() for name in "ab"}
    for name, key in keys.items():
        release = signed(release, name, key, datetime.now(UTC))
    people = [Reviewer(name=name, public=key.public_key().public_bytes_raw()) for name, key in keys.items()]
    data = to_bytes(release)
    opened(from_bytes(data, "bench", whole=False), people, "bench")  # the readers of the types are made once
    before = _resident()
    kept = opened(from_bytes(data, "bench", whole=False), people, "bench")
    size = _resident() - before
    took = _median(lambda: opened(from_bytes(data, "bench", whole=False), people, "bench"))
    print(
        f"  pack file {len(data) / 1e6:.1f} MB; verified and loaded in {took * 1000:.0f} ms of CPU; {size:.0f} MB resident"
    )
    assert kept == pack


def ungated(pack: Pack) -> Pack:
    """Give the pack with every gate open."""
    opened_ = [
        replace(one, template=replace(one.template, inspection=replace(one.template.inspection, product=None)))
        for one in pack.signatures
    ]
    return pack_of(opened_, pack.fingerprints)


def shop(*, holes: bool) -> Manner:
    """A WordPress shop on nginx, with or without a few holes."""
    front = "<html><link href='/wp-content/themes/shop/style.css'>" + "<p>goods</p>" * 500
    error = "<html><head><title>404 Not Found</title></head><body>nginx/1.20.0</body></html>"
    there = (
        {"/.git/HEAD": "ref: refs/heads/main", "/phpinfo.php": "<title>PHP 8.1 - phpinfo()</title>"} if holes else {}
    )

    def page(_: str, target: str) -> bytes:
        if target in there or target == "/":
            return response(there.get(target, front), 200, Server="nginx/1.20.0", X_Powered_By="PHP/8.1.2")
        return response(error, 404, Server="nginx/1.20.0")

    return pages(page)


def _uncoalesced(seen: Seen, pack: Pack) -> int:
    """Count what every program asks by itself."""
    (occasion,) = [one.fact.occasion for one in seen.recorder.observations if isinstance(one.fact, HolesBegan)]
    endpoint = seen.web.endpoint
    facts = [one.fact for one in seen.recorder.observations if isinstance(one.fact, Exchange)]
    answers = {fact.ask: fact.answer for fact in facts}
    missing, asked = HttpAnswer(status=404), 0
    for signature in pack.signatures:
        if not (signature.template.http or signature.is_check):
            continue
        running = start(signature, endpoint, occasion)
        try:
            ask = next(running)
            while True:
                asked += 1
                ask = running.send(answers.get(ask, missing))
        except StopIteration:
            pass
    return asked


async def _asks(pack: Pack) -> None:
    free = ungated(pack)
    for holes in (False, True):
        gated = await inspected(shop(holes=holes), pack, address="127.44.9.1")
        open_ = await inspected(shop(holes=holes), free, address="127.44.9.1")
        alone = _uncoalesced(open_, free)
        sent = gated.dialer.tally.requests
        print(
            f"  shop {'with' if holes else 'without'} holes: {sent} asks; {open_.dialer.tally.requests} without gates; "
            f"{alone} without gates and coalescing: 1/{alone / sent:.1f}"
        )
        print(f"    findings {len(gated.rules)}; the same without gates: {set(gated.rules) == set(open_.rules)}")


async def _again(pack: Pack) -> None:
    seen = await inspected(shop(holes=False), pack, address="127.44.9.1")
    scope = scope_for(seen.web)
    servers = [_other(seen.recorder.observations, number) for number in range(SERVERS)]
    judge(scope, servers[0], pack)
    began = time.process_time()
    for observations in servers:
        judge(scope, observations, pack)
    took = time.process_time() - began
    print(
        f"  judged again from facts in memory: {SERVERS / took:.0f} servers/s of CPU ({len(pack.signatures)} signatures)"
    )
    lines = [canonical.dumps(one) for one in seen.recorder.observations]
    began = time.process_time()
    for _ in range(20):
        judge(scope, [canonical.loads(Observation, line) for line in lines], pack)
    took = time.process_time() - began
    print(f"  judged again from stored lines: {20 / took:.0f} servers/s of CPU ({len(lines)} lines a server)")


def _other(observations: list[Observation], number: int) -> list[Observation]:
    """Give the record of another server: its pages differ."""
    mark = f"server {number:05}".encode()
    made = []
    for one in observations:
        answer = one.fact.answer if isinstance(one.fact, Exchange) else None
        if isinstance(one.fact, Exchange) and isinstance(answer, HttpAnswer):
            made.append(replace(one, fact=replace(one.fact, answer=replace(answer, body=answer.body + mark))))
        else:
            made.append(one)
    return made
