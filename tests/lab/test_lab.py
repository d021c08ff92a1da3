"""The lab's list and its arithmetic; the lab itself is `make lab`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from probes.finding import Certainty, Finding, Grade
from probes.observation import Ending
from probes.target import Item
from tests.dashboards.report.scenes import finding, result, server
from tests.lab.confusion import page, row, total
from tests.lab.instance import Instance, load

CORPUS = frozenset({"hole-one", "hole-two", "hole-three"})


def an_instance(present: tuple[str, ...] = (), absent: tuple[str, ...] = ()) -> Instance:
    return Instance(
        id="x-1", source="pypi", packages=("x==1",), run="exec x", ready="/", present=present, absent=absent
    )


def hole(rule: str, grade: Grade = Grade.FAILING, certainty: Certainty = Certainty.VERIFIED) -> Finding:
    return finding(rule, Item.HOLES, grade=grade, certainty=certainty)


def test_every_instance_is_named_once_and_says_what_is_true_of_it() -> None:
    instances = load()
    assert len({each.id for each in instances}) == len(instances) >= 60
    for each in instances:
        holes = (*each.present, *each.absent)
        assert len(set(holes)) == len(holes), each.id
        assert all(re.fullmatch(r"CVE-\d{4}-\d{4,7}|[a-z0-9]+(-[a-z0-9]+)+", one) for one in holes), each.id
        assert "exec " in each.run, f"{each.id}: the server has to replace the shell, so that ending it ends it"


def test_a_wrong_entry_is_named(tmp_path: Path) -> None:
    path = tmp_path / "instances.yaml"
    path.write_text("- {id: a-1, source: pypi, packages: [], run: x, ready: '', colour: red}\n", "utf-8")
    with pytest.raises(ValueError, match=r"a-1: .*colour"):
        load(path)


def test_each_hole_and_each_trap_is_counted_once() -> None:
    said = result(
        server(
            "web",
            [
                hole("hole-one"),
                hole("hole-three"),
                hole("hole-four", Grade.GUIDANCE, Certainty.SUSPECTED),
                finding("ports.undeclared"),
            ],
            [],
        )
    )
    each = row(an_instance(("hole-one", "hole-two", "hole-nine"), ("hole-three", "hole-four")), said, CORPUS)
    assert (each.found, each.missed, each.unknown) == (("hole-one",), ("hole-two",), ("hole-nine",))
    assert (each.wrong, each.doubted, each.resisted) == (("hole-three",), ("hole-four",), ())
    assert (each.asks, each.connections, each.broken) == (212, 1187, "")
    assert total([each, each]).recall == 0.5
    assert "| x-1 | hole-one | hole-two | hole-three | hole-four |  | hole-nine | 0 | 212 | 1187 |" in page(
        [each], ["y-1: no npm"], "2026-11-23", "ab" * 32
    )


def test_a_trap_that_gave_nothing_or_only_a_suspicion_was_resisted() -> None:
    said = result(server("web", [hole("hole-one", Grade.GUIDANCE, Certainty.SUSPECTED)], []))
    each = row(an_instance((), ("hole-one", "hole-two", "hole-nine")), said, CORPUS)
    assert (each.resisted, each.wrong, each.doubted) == (("hole-one", "hole-two"), (), ("hole-one",))


def test_an_inspection_that_broke_is_never_counted_as_clean() -> None:
    each = row(an_instance(), result(server("web", [], [], ending=Ending.BROKEN)), CORPUS)
    assert each.broken == "holes: broken "
    assert total([each]).broken == 1
