"""Checks: an explicit catalogue, entry points for third parties, and the same admission as for templates."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from plugins.admission import examine
from plugins.ask import HttpAsk, WebEndpoint
from plugins.check import GROUP, MOST_ASKS, Check, CheckError, CheckProgram, registered
from plugins.checks import catalogue as catalogues
from plugins.checks.catalogue import OWN, catalogue, find
from plugins.pack import Signature, load_pack
from plugins.template.program import NotTested
from plugins.trial import OCCASION, start
from tests.plugins.template.samples import ENDPOINT, answer, text

CARD = OWN[0].card


def endless(endpoint: WebEndpoint) -> CheckProgram:
    del endpoint
    number = 0
    while True:
        number += 1
        yield HttpAsk(path=f"/{number}")


def writer(endpoint: WebEndpoint) -> CheckProgram:
    del endpoint
    yield HttpAsk(method="POST", path="/", body=b"x")
    return None


def shipped(name: str, run: Any) -> Check:
    return Check(card=dataclasses.replace(CARD, id=name), run=run)


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[metadata.EntryPoint]]:
    """Entry points of packages that somebody might install."""
    found: list[metadata.EntryPoint] = []
    monkeypatch.setattr(metadata, "entry_points", lambda group: found if group == GROUP else [])
    for cached in (registered, catalogue):
        cached.cache_clear()
    yield found
    for cached in (registered, catalogue):
        cached.cache_clear()


GOOD = shipped("third-party", endless)
NOT_A_CHECK = object()
NO_GENERATOR = shipped("no-generator", lambda _: None)
TWIN = shipped(CARD.id, endless)


def point(name: str) -> metadata.EntryPoint:
    return metadata.EntryPoint(name=name, value=f"{__name__}:{name}", group=GROUP)


def test_every_check_of_this_tree_is_admitted_and_named_by_its_source() -> None:
    for check in OWN:
        assert examine(check.card) == ()
        assert len(check.digest) == 64
        assert not list(check.card.blocks())
        assert find(check.card.id) is check


def test_a_third_party_registers_by_an_entry_point(points: list[metadata.EntryPoint], tmp_path: Path) -> None:
    points.append(point("GOOD"))
    assert [check.card.id for check in catalogue()] == sorted([*(one.card.id for one in OWN), "third-party"])
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "sample.yaml").write_text(text(), encoding="utf-8")
    assert "third-party" in {one.id for one in load_pack(tmp_path, catalogue()).signatures}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("NOT_A_CHECK", "expected a plugins.check.Check"),
        ("NO_GENERATOR", "generator function"),
        ("MISSING", "cannot be loaded: AttributeError"),
        ("TWIN", "is registered twice"),
    ],
)
def test_what_is_no_check_keeps_the_pack_out(
    points: list[metadata.EntryPoint], tmp_path: Path, name: str, told: str
) -> None:
    points.append(point(name))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "sample.yaml").write_text(text(), encoding="utf-8")
    with pytest.raises(CheckError, match=told):
        load_pack(tmp_path, catalogue())


def started(run: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    one = shipped("sample", run)
    monkeypatch.setattr(catalogues, "catalogue", lambda: (one,))
    signature = Signature(family="checks", source="checks/sample", digest="", template=one.card, is_check=True)
    return start(signature, ENDPOINT, OCCASION)


def outcome(running: Any, asked: list[object]) -> Any:
    """Answer until it ends; give what it returns."""
    try:
        asked.append(next(running))
        while True:
            asked.append(running.send(answer()))
    except StopIteration as end:
        return end.value


def test_a_check_cannot_ask_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    told = outcome(started(endless, monkeypatch), asked)
    assert told == NotTested(reason=f"the check used up its budget of {MOST_ASKS} asks")
    assert len(asked) == MOST_ASKS


def test_a_check_cannot_write(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StopIteration) as end:
        next(started(writer, monkeypatch))
    assert "admission.state-changing-method" in end.value.value.reason
