"""The liar zoo: real servers on loopback that say what is not so. Nothing of it becomes a finding, for the right reason."""

from __future__ import annotations

import asyncio
import gzip
import html
import re
import secrets
import zlib
from collections.abc import Callable

import pytest

from plugins.ask import HttpAnswer
from probes.holes.facts import Exchange
from probes.holes.judge import INTERFERENCE, judge
from probes.holes.look import PATIENCE
from probes.verdict import Outcome, Standing, decide
from tests.pack import PACK
from tests.plugins.template.samples import template
from tests.probes.holes.scene import Seen, inspected, pack_with, scope_for
from tests.probes.holes.web import Manner, pages, response, says

ADDRESS = "127.44.0.1"
# What signatures look for, all on one page: whoever believes this page finds every hole at once.
EVERYTHING = (
    "ref: refs/heads/main\nAPP_NAME=x\nAPP_KEY=base64:x\nDB_PASSWORD=x\n-- MySQL dump\n-----BEGIN PRIVATE KEY-----\n"
    "<title>phpinfo()</title><h1>Apache Server Status for x</h1>\nID=debian\nNAME=x\n<title>phpMyAdmin setup</title>"
    'WordPress name="weblog_title" EC-CUBE インストール <form id="form1"> Script Console name="script" root:x:0:0:root'
    '<?php define("DB_PASSWORD", "x"); {"activeProfiles":[] nginx/1.4.0 Apache/2.4.49 PHP/5.3.1 Apache Tomcat/9.0.1'
)


async def looked_at(manner: Manner) -> Seen:
    seen = await inspected(manner, address=ADDRESS)
    # Whoever has the record comes to the same opinion.
    assert judge(scope_for(seen.web), list(seen.recorder.observations), PACK) == seen.judgement
    return seen


def catch_all(_: str, __: str) -> bytes:
    return response(EVERYTHING, 200, Content_Type="text/html", Server="shop")


def catch_all_with_the_time(_: str, __: str) -> bytes:
    return response(f"{secrets.token_hex(8)} {EVERYTHING} {secrets.token_hex(8)}", 200, Content_Type="text/html")


def catch_all_for_hidden_files(_: str, target: str) -> bytes:
    hidden = any(part.startswith((".", "%2e")) for part in target.split("/"))
    return response(EVERYTHING, 200) if hidden else response("no such page", 404)


def reflector(_: str, target: str) -> bytes:
    return response(f"<p>No results for {target}</p>", 200, Content_Type="text/html")


def escaping_reflector(_: str, target: str) -> bytes:
    return response(f"<p>No results for {html.escape(target)}</p>", 404, X_Path=target)


def login(_: str, target: str) -> bytes:
    return response("", 302, Location=f"/sign-in-here?to={target}")


def login_page(_: str, __: str) -> bytes:
    return response("<form action=/login><input type=password></form>", 200)


def loop(_: str, target: str) -> bytes:
    return response("", 301, Location=target)


def elsewhere(_: str, target: str) -> bytes:
    return response("", 302, Location=f"http://127.44.0.2:1{target}")


def noise(_: str, __: str) -> bytes:
    return response(secrets.token_bytes(600), 200)


@pytest.mark.parametrize("page", [catch_all, catch_all_with_the_time])
async def test_yes_to_everything(page: Callable[[str, str], bytes]) -> None:
    seen = await looked_at(pages(page))
    assert seen.rules == []
    assert "interference: a page that does not exist shows the same" in seen.reasons
    assert all(reason.startswith("interference: ") for reason in seen.reasons)
    (note,) = [entry for entry in seen.judgement.coverage if entry.check == INTERFERENCE]
    assert re.match(r"interference: \d+ signatures could not be judged", note.reason)
    assert decide([seen.judgement]).standing is Standing.INCONCLUSIVE


async def test_yes_to_whatever_has_parameters() -> None:
    traversal = pack_with(
        template("""
    - path: ["{{BaseURL}}/?page=../../../etc/os-release", "{{BaseURL}}/index.php?page=../../../etc/os-release"]
      matchers: [{type: word, words: ["ID=debian"]}]
    """)
    )

    def page(_: str, target: str) -> bytes:
        return response(EVERYTHING, 200) if "page=" in target else response("no such page", 404)

    seen = await inspected(pages(page), traversal, address=ADDRESS)
    assert seen.reasons == {"interference: what cannot be there shows the same"}


async def test_yes_to_what_looks_like_an_attack() -> None:
    seen = await looked_at(pages(catch_all_for_hidden_files))
    assert seen.rules == []
    assert seen.reasons
    assert all(reason.startswith("interference: ") for reason in seen.reasons)


@pytest.mark.parametrize("page", [reflector, escaping_reflector])
async def test_whoever_repeats_the_question(page: Callable[[str, str], bytes]) -> None:
    seen = await looked_at(pages(page))
    assert seen.rules == []
    assert seen.reasons <= {
        "interference: the answer only repeats what was asked",
        "interference: a page that does not exist shows the same",
    }


@pytest.mark.parametrize(
    ("who", "page"),
    [
        ("a web application firewall", response("<h1>Request blocked</h1>", 403)),
        ("F5 ASM", response("The requested URL was rejected. Please consult with your administrator.<br>ID: 1", 200)),
        ("ModSecurity", response(f"Not Acceptable! This error was generated by Mod_Security. {EVERYTHING}", 406)),
        ("Imperva", response("<html>Request unsuccessful. Incapsula incident ID: 1-2", 200)),
        ("Akamai", response("<TITLE>Access Denied</TITLE> You don't have permission. Reference&#32;#18.2", 403)),
    ],
)
async def test_a_firewall_in_front(who: str, page: bytes) -> None:
    """It lets the front page and unknown pages through, and refuses whatever looks like an attack."""
    harmless = re.compile(r"/([0-9a-f]{16}(/config/.*)?)?")
    seen = await looked_at(pages(lambda _, target: response("welcome", 404) if harmless.fullmatch(target) else page))
    assert seen.rules == []
    assert seen.outcomes[Outcome.NOT_TESTED] > 10
    assert f"interference: a block page answered ({who})" in seen.reasons


@pytest.mark.parametrize("page", [login, login_page, loop, elsewhere, noise])
async def test_the_same_empty_answer_everywhere_is_no_hole(page: Callable[[str, str], bytes]) -> None:
    seen = await looked_at(pages(page))
    assert seen.rules == []
    assert set(seen.outcomes) <= {Outcome.CLEAN, Outcome.NOT_APPLICABLE}
    asked = {seen_.fact.ask for seen_ in seen.recorder.observations if isinstance(seen_.fact, Exchange)}
    followed = [ask for ask in asked if "sign-in-here" in getattr(ask, "path", "")]
    assert not followed, "a redirect was followed that nobody asked for"


async def test_a_bomb_is_not_unfolded() -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    seen = await looked_at(says(response(bomb, 200, Content_Encoding="gzip")))
    assert seen.rules == []
    answers = [one.fact.answer for one in seen.recorder.observations if isinstance(one.fact, Exchange)]
    assert max(len(answer.body) for answer in answers if isinstance(answer, HttpAnswer)) <= 262_144
    assert all(reason.startswith("the answer was cut") for reason in seen.reasons)


async def test_a_bomb_in_a_bomb_is_what_it_is() -> None:
    inner = zlib.compress(bytes(1_000_000))
    seen = await looked_at(says(response(zlib.compress(inner), 200, Content_Encoding="deflate, deflate")))
    assert seen.rules == []
    assert set(seen.outcomes) == {Outcome.NOT_TESTED}
    assert all("not-http" in reason for reason in seen.reasons)


async def test_headers_without_end() -> None:
    async def endless(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"X-More: " + b"a" * 1000 + b"\r\n")
            await writer.drain()

    seen = await looked_at(endless)
    assert seen.rules == []
    assert set(seen.outcomes) == {Outcome.NOT_TESTED}
    assert all("too-large" in reason for reason in seen.reasons - {_note(seen)})


async def test_a_drip_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.http._seconds", lambda *_: 1.0)  # ten seconds otherwise

    async def drip(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.5)

    seen = await looked_at(drip)
    assert seen.rules == []
    assert set(seen.outcomes) == {Outcome.NOT_TESTED}
    assert all("timeout" in reason for reason in seen.reasons), seen.reasons
    assert len(seen.web.requests) <= 2 * PATIENCE


async def test_a_server_that_says_it_once() -> None:
    said: set[str] = set()

    def once(_: str, target: str) -> bytes:
        first = target not in said
        said.add(target)
        return response("ref: refs/heads/main", 200) if first and target == "/.git/HEAD" else response("", 404)

    seen = await looked_at(pages(once))
    assert seen.rules == []
    assert seen.reasons == {"interference: a second look did not show it again"}


async def test_a_server_that_begins_to_refuse_us() -> None:
    asked = 0

    def page(*_: str) -> bytes:
        nonlocal asked
        asked += 1
        return response("no such page", 404) if asked < 20 else response("<title>Forbidden</title>", 403)

    seen = await looked_at(pages(page))
    assert seen.rules == []
    # Some signatures ask only for what was answered before the change.
    assert seen.outcomes[Outcome.CLEAN] <= 20
    told = "interference: the server changed: a page that does not exist brought status 404, later status 403"
    assert told in seen.reasons


async def test_a_server_that_changes_its_mind_with_every_answer() -> None:
    asked = 0

    def page(*_: str) -> bytes:
        nonlocal asked
        asked += 1
        return response(EVERYTHING, 200) if asked % 2 else response("no such page", 404)

    assert (await looked_at(pages(page))).rules == []


def _note(seen: Seen) -> str:
    return next((entry.reason for entry in seen.judgement.coverage if entry.check == INTERFERENCE), "")
