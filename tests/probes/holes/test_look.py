"""Looking for holes: few asks, all recorded, and an end point in trouble is left alone."""

from __future__ import annotations

import asyncio
import time

import pytest

from plugins.pack import Pack
from plugins.template.chance import Occasion
from probes.dial import CutOffError
from probes.holes.facts import Exchange
from probes.holes.front import baseline_asks
from probes.holes.look import PATIENCE, WIDTH, look
from probes.recorder import Progress, Recorder
from probes.target import Item
from probes.verdict import Outcome
from tests.fakes import FakeClock, LoopbackLeave
from tests.pack import PACK
from tests.plugins.template.samples import HEAD, template
from tests.probes.holes.scene import inspected, pack_with, scope_for
from tests.probes.holes.web import pages, response, says, serving
from tests.probes.scene import dialer_for, recorder


def sample(name: str, http: str) -> Pack:
    return pack_with(template(http, HEAD.replace("id: sample", f"id: {name}")))


async def test_every_exchange_is_recorded_with_its_transcript_and_each_ask_is_sent_once() -> None:
    seen = await inspected(pages(lambda _, target: response("hello", 200 if target == "/" else 404)))
    asks = [entry.fact.ask for entry in seen.recorder.observations if isinstance(entry.fact, Exchange)]
    assert len(asks) == len(set(asks)) == len(seen.web.requests) == seen.dialer.tally.requests
    for entry in seen.recorder.observations[1:-1]:
        (digest,) = entry.evidence
        assert seen.recorder.transcripts[digest].digest == digest
    assert all(b"(+ops@example.org)\r\n" in request for request in seen.web.requests)


async def test_two_signatures_that_ask_the_same_share_one_exchange() -> None:
    block = """
    - path: ["{{BaseURL}}/x", "{{BaseURL}}/y"]
      matchers: [{type: word, words: [WORD]}]
    """
    one = template(block.replace("WORD", "a"), HEAD.replace("id: sample", "id: one"))
    two = template(block.replace("WORD", "b"), HEAD.replace("id: sample", "id: two"))
    seen = await inspected(pages(lambda _, target: response("b" if target == "/y" else "", 200)), pack_with(one, two))
    first, again, control, sentinel = (
        seen.web.targets[3:5],
        seen.web.targets[5:7],
        seen.web.targets[7],
        seen.web.targets[8:],
    )
    assert sorted(first) == sorted(again) == ["/x", "/y"]
    assert control not in {"/x", "/y"}
    assert len(sentinel) == 1
    assert seen.rules == ["two"]


async def test_the_same_path_with_another_policy_is_another_ask() -> None:
    http = """
    - path: ["{{BaseURL}}/x"]
      headers: {Range: "bytes=0-3"}
      matchers: [{type: word, words: [x]}]
    - path: ["{{BaseURL}}/x"]
      matchers: [{type: word, words: [x]}]
    """
    seen = await inspected(pages(lambda *_: response("", 404)), sample("s", http))
    assert seen.web.targets.count("/x") == 2


async def test_after_a_match_the_rest_of_the_paths_is_not_asked() -> None:
    http = """
    - path: ["{{BaseURL}}/a", "{{BaseURL}}/b", "{{BaseURL}}/c"]
      stop-at-first-match: true
      matchers: [{type: word, words: [hole]}]
    """
    seen = await inspected(pages(lambda _, target: response("hole" if target == "/b" else "", 200)), sample("s", http))
    assert seen.web.targets[3:7] == ["/a", "/b", "/a", "/b"]
    assert seen.rules == ["s"]


async def test_what_cannot_apply_is_not_asked() -> None:
    gate = HEAD + "      product: {name: Tomcat, seen: ['Apache Tomcat/[0-9]']}\n"
    http = """
    - path: ["{{BaseURL}}/x"]
      matchers: [{type: status, status: [200]}]
    """
    pack = pack_with(template(http, gate))
    without = await inspected(pages(lambda *_: response("hello", 404)), pack)
    assert len(without.web.targets) == 3
    assert without.outcomes == {Outcome.NOT_APPLICABLE: 1}
    shown = await inspected(pages(lambda *_: response("<h3>Apache Tomcat/9.0.1</h3>", 404)), pack)
    assert shown.web.targets[3] == "/x"
    assert shown.outcomes == {Outcome.CLEAN: 1}


async def test_the_random_part_comes_from_outside() -> None:
    async with serving(says(response("", 404))) as web:
        await look(
            scope_for(web),
            dialer_for(),
            recorder(),
            sample(
                "s",
                """
        - path: ["{{BaseURL}}/x"]
          matchers: [{type: status, status: [200]}]
        """,
            ),
            draw=lambda size: "5" * 2 * size,
        )
    occasion = Occasion(seed="5" * 32)
    assert {ask.path for ask in baseline_asks(occasion)} <= set(web.targets)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_asks_to_be_left_alone_is(status: int) -> None:
    answered = 0

    def page(*_: str) -> bytes:
        nonlocal answered
        answered += 1
        return response("", status if answered == 6 else 404)

    seen = await inspected(pages(page))
    assert len(seen.web.requests) < 6 + WIDTH
    assert f"cut-off: the server asked to be left alone (status {status})" in seen.reasons
    assert seen.outcomes[Outcome.NOT_TESTED] > 5
    assert seen.judgement.findings == ()


async def test_retry_after_is_obeyed_too() -> None:
    seen = await inspected(says(response("", 200, Retry_After="10")))
    assert len(seen.web.requests) <= WIDTH
    assert set(seen.outcomes) == {Outcome.NOT_TESTED}


async def test_an_end_point_that_stops_answering_is_given_up() -> None:
    async def slam(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    seen = await inspected(slam)
    assert PATIENCE <= len(seen.web.requests) < PATIENCE + WIDTH
    assert set(seen.outcomes) == {Outcome.NOT_TESTED}
    assert all("reset" in reason for reason in seen.reasons)


async def test_one_answer_in_between_keeps_patience_up() -> None:
    asked = 0

    async def moody(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.write(response("", 404) if asked % 2 else b"")
        await writer.drain()

    seen = await inspected(moody)
    total = len(set(seen.web.targets))
    assert total > 25
    assert seen.outcomes[Outcome.NOT_TESTED] > 0
    assert seen.outcomes[Outcome.CLEAN] > 0


async def test_stop_ends_the_look_at_once_and_keeps_what_was_seen() -> None:
    leave, kept = LoopbackLeave(), recorder()

    def page(*_: str) -> bytes:
        if len(kept.observations) >= 4:
            leave.stop()
        return response("", 404)

    async with serving(pages(page)) as web:
        with pytest.raises(CutOffError):
            await look(scope_for(web), dialer_for(leave), kept, PACK)
        sent = len(web.requests)
    assert len(kept.observations) >= 4
    assert sent <= 4 + 2 * WIDTH


async def test_cancelling_the_look_leaves_no_task_behind() -> None:
    entered = asyncio.Event()

    async def hang(_: bytes, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        entered.set()
        await reader.read()

    async with serving(hang) as web:
        task = asyncio.create_task(look(scope_for(web), dialer_for(), recorder(), PACK))
        await entered.wait()
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 1


async def test_progress_only_grows_and_ends_at_its_total() -> None:
    told: list[Progress] = []
    kept = Recorder("web", FakeClock(), told.append)
    async with serving(says(response("", 404))) as web:
        await look(scope_for(web), dialer_for(), kept, PACK)
    done = [entry.done for entry in told]
    assert done == sorted(done)
    assert done[0] == 0
    assert {entry.total for entry in told} == {done[-1]}
    assert {entry.item for entry in told} == {Item.HOLES}
