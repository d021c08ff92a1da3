"""Declared, seen now, seen when it last passed: the rows, and the page that shows them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboards.report.picture import Row, interference, left_out, rows
from dashboards.report.render import render
from plugins.text import Lang
from probes.observation import Ending
from probes.ports.picture import AddressPicture, OpenPort
from probes.target import Item, PortRange, Transport
from scheduler.result import Before, ItemResult, LastPassed, NothingBefore, PassedServer, Result, ServerResult
from tests.dashboards.report.scenes import ITEMS, START, result, server
from tests.probes.scene import declared

HOST = "127.0.42.1"
OFFICE = ("198.51.100.0/24",)


def at(*ports: tuple[int, str], interference: str = "") -> AddressPicture:
    found = tuple(OpenPort(port=port, transport=Transport.TCP, service=service) for port, service in ports)
    return AddressPicture(address=HOST, open=found, interference=interference)


def then(*ports: tuple[int, str], name: str = "web") -> LastPassed:
    return LastPassed(inspection_id="i0", started=START, servers=(PassedServer(name=name, ports=(at(*ports),)),))


NOTHING = NothingBefore()


def seen(
    now: AddressPicture, before: Before = NOTHING, ending: Ending = Ending.FINISHED
) -> tuple[ServerResult, Result]:
    """A server that declares web, FTP for the office and a range, with what was seen of it."""
    plain = server("web", [], [])
    ports = (declared(80, "www"), declared(443, "https"), declared(21, "ftp", restricted_to=OFFICE))
    wide = replace(declared(1, "http"), ports=PortRange(first=30_000, last=31_000))
    target = replace(plain.target, ports=(*ports, wide))
    items = tuple(ItemResult(item=item, ending=ending) for item in ITEMS)
    one = replace(plain, target=target, ports=(now,), items=items)
    return one, result(one, before=before)


def told(all_rows: tuple[Row, ...]) -> dict[int, str]:
    marks = {row.subject: ("!" if row.disagrees else "") + ("~" if row.changed else "") for row in all_rows}
    return {int(subject.split(":")[1].split("/")[0]): mark for subject, mark in marks.items()}


def test_as_declared_and_as_before_is_quiet() -> None:
    ports = ((80, "http"), (443, "https"))
    assert told(rows(*seen(at(*ports), then(*ports)))) == {21: "", 80: "", 443: ""}


def test_each_kind_of_difference_is_marked() -> None:
    now = at((80, "smtp"), (8080, "http"), (9090, ""), (30_005, "http"))
    before = then((80, "http"), (443, "https"), (9090, ""))
    assert told(rows(*seen(now, before))) == {21: "", 80: "!~", 443: "!~", 8080: "!~", 9090: "!", 30_005: "~"}


def test_a_restricted_port_that_answers_is_told_and_one_that_does_not_is_right() -> None:
    assert told(rows(*seen(at((21, "ftp"), (80, "http"), (443, "https")), then((80, "http"), (443, "https"))))) == {
        21: "~",
        80: "",
        443: "",
    }


def test_without_an_earlier_result_nothing_is_said_about_then() -> None:
    found = rows(*seen(at((80, "http"))))
    assert {row.known_before for row in found} == {False}
    assert told(found) == {21: "", 80: "", 443: "!"}


def test_a_server_that_was_not_there_then_had_nothing_open() -> None:
    assert told(rows(*seen(at((80, "http"), (443, "https")), then((80, "http"), name="other")))) == {
        21: "",
        80: "~",
        443: "~",
    }


@pytest.mark.parametrize("ending", [Ending.STOPPED, Ending.BROKEN, Ending.WINDOW_OVER])
def test_what_was_not_looked_at_is_not_called_closed(ending: Ending) -> None:
    found = rows(*seen(at((80, "http")), then((80, "http"), (443, "https")), ending))
    assert told(found) == {21: "", 80: "", 443: ""}
    assert {row.looked for row in found} == {False}


def test_interference_leaves_no_rows_but_its_name() -> None:
    one, whole = seen(at((80, "http"), interference="interference: everything answers"))
    assert rows(one, whole) == ()
    assert interference(one) == ("interference: everything answers",)
    assert left_out(one) == 0


def test_an_inspection_without_ports_has_no_picture() -> None:
    one, whole = seen(at((80, "http")))
    assert rows(one, replace(whole, items=(Item.TLS,))) == ()


@pytest.mark.parametrize(
    ("lang", "marks"), [("en", ("not as declared", "changed since")), ("ja", ("申告と不一致", "前回合格時から変化"))]
)
def test_the_page_shows_all_three(lang: Lang, marks: tuple[str, str]) -> None:
    _, whole = seen(at((80, "smtp"), (8080, "<b>")), then((80, "http")))
    page = render(whole, lang, "Asia/Tokyo")
    assert all(mark in page for mark in marks)
    assert f'data-port="{HOST}:8080/tcp"' in page
    assert "&lt;b&gt;" in page
    assert "<b>]" not in page
