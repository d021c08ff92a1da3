"""Second opinions: two libraries in a process of their own, with a time limit for every path."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from probes.tls import path
from probes.tls.facts import TlsSeen
from probes.tls.path import Witnesses
from tests.tls.mint import AUTHORITY, NOW, Holder, authority, key, leaf, mint, root

ROOT = root()
MIDDLE = authority(ROOT)


def seen(*chains: tuple[Holder, ...]) -> TlsSeen:
    sent = tuple(tuple(holder.pem for holder in chain) for chain in chains)
    return TlsSeen(address="127.0.0.9", port=443, server_name="shop.example", versions=(), chains=sent)


async def witnessed(*chains: tuple[Holder, ...]) -> list[tuple[int, bool | None]]:
    async with Witnesses((ROOT.pem,)) as witnesses:
        found = await witnesses.witness(seen(*chains), NOW.timestamp())
    return [(one.chain, one.accepts) for one in found.opinions]


async def test_both_libraries_are_heard_about_every_chain() -> None:
    good, bad = (leaf(MIDDLE), MIDDLE), (leaf(authority(root("Strange"))),)
    assert await witnessed(good, bad) == [(0, True), (0, True), (1, False), (1, False)]


async def test_who_said_it_is_told_with_the_version() -> None:
    async with Witnesses((ROOT.pem,)) as witnesses:
        found = await witnesses.witness(seen((leaf(MIDDLE), MIDDLE)), NOW.timestamp())
    assert [one.by.split()[0] for one in found.opinions] == ["cryptography", "pyhanko-certvalidator"]
    assert all(one.by.split()[1][0].isdigit() for one in found.opinions)


async def test_an_answer_that_does_not_come_in_time_is_none_and_the_next_question_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wish = replace(AUTHORITY, subject="Loop")
    crowd = [mint(wish, key("ec", 900 + number), ROOT) for number in range(3)]
    loops = tuple(mint(wish, one.key, other) for one in crowd for other in crowd)
    async with Witnesses((root("Nobody").pem,)) as witnesses:
        monkeypatch.setattr(path, "QUESTION_S", 0.000_001)
        found = await witnesses.witness(seen((leaf(loops[0]), *loops)), NOW.timestamp())
        assert [one.accepts for one in found.opinions] == [None]
        assert "no answer within" in found.opinions[0].words
        monkeypatch.undo()
        again = await witnesses.witness(seen((leaf(MIDDLE), MIDDLE)), NOW.timestamp())
    assert [one.accepts for one in again.opinions] == [False, False]


async def test_the_child_is_gone_at_the_end() -> None:
    before = children()
    async with Witnesses((ROOT.pem,)) as witnesses:
        await witnesses.witness(seen((leaf(MIDDLE), MIDDLE)), NOW.timestamp())
        assert len(children() - before) == 1
    assert children() <= before


async def test_a_cancelled_start_leaves_no_child_behind() -> None:
    before = children()
    async with Witnesses((ROOT.pem,)):
        await asyncio.sleep(0)
    assert children() <= before


def children() -> set[str]:
    """Processes of this process."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if status.read_text().rpartition(")")[2].split()[1] == str(os.getpid()):
                found.add(status.parent.name)
    return found
