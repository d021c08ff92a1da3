"""Judging holes: a pure replay; not looked is never clean; a liar proves nothing."""

from __future__ import annotations

import asyncio
import html
import secrets
from dataclasses import replace

import pytest

from plugins.ask import HttpAnswer, HttpAsk, NoAnswer, NoAnswerReason
from plugins.pack import Pack, pack_of
from plugins.template.chance import Occasion
from probes.finding import Certainty, Grade, Severity
from probes.holes.control import control_of
from probes.holes.endpoints import web_endpoints
from probes.holes.facts import Exchange
from probes.holes.front import front_asks, sentinel_ask
from probes.holes.judge import INTERFERENCE, NO_WEB, judge
from probes.observation import Ending, ItemEnded, Observation
from probes.target import Item, Role, Scope, Target
from probes.verdict import Judgement, Outcome, Standing, decide
from tests.pack import PACK
from tests.plugins.template.samples import HEAD, template
from tests.probes.holes.scene import inspected, pack_with, scope_for
from tests.probes.holes.web import pages, response, says
from tests.probes.scene import declared, observed, scope_of

HOLE = """
- path: ["{{BaseURL}}/hole"]
  matchers: [{type: word, words: [treasure]}]
  extractors: [{type: regex, name: version, regex: ['v[0-9]+']}]
"""
ONE = pack_with(template(HOLE))
SUSPECTED = pack_with(template(HOLE, HEAD.replace("certainty: verified", "certainty: suspected")))
SCOPE = scope_of(declared(8080, "http"), items=(Item.HOLES,))
(ENDPOINT,) = web_endpoints(SCOPE.target)
NOT_FOUND = HttpAnswer(status=404, body=b"no such page")
TREASURE = HttpAnswer(status=200, body=b"treasure v7\xff")


def exchange(path: str, answer: HttpAnswer | NoAnswer, look: int = 1) -> Exchange:
    return Exchange(endpoint=ENDPOINT, ask=HttpAsk(path=path), answer=answer, look=look)


def confirmed(
    answer: HttpAnswer, again: HttpAnswer | None = None, control: HttpAnswer | NoAnswer = NOT_FOUND
) -> tuple[Exchange, ...]:
    """Give a hit at /hole as it is looked at: first, again, and its control."""
    other = control_of(HttpAsk(path="/hole"), Occasion())
    assert isinstance(other, HttpAsk)
    return (
        exchange("/hole", answer),
        exchange("/hole", again or answer, look=2),
        Exchange(endpoint=ENDPOINT, ask=other, answer=control),
    )


FRONT = tuple(Exchange(endpoint=ENDPOINT, ask=ask, answer=NOT_FOUND) for ask in front_asks(Occasion()))


def judged(
    *facts: Exchange, pack: Pack = ONE, ending: Ending | None = Ending.FINISHED, scope: Scope = SCOPE
) -> Judgement:
    return judge(scope, observed(Item.HOLES, *facts, ending=ending), pack)


def only(judgement: Judgement) -> tuple[Outcome, str]:
    (entry,) = judgement.coverage
    return entry.outcome, entry.reason


def test_a_verified_hole_fails_and_says_all_there_is_to_say() -> None:
    judgement = judged(*FRONT, *confirmed(TREASURE))
    (finding,) = judgement.findings
    assert (finding.rule, finding.clause, finding.server) == ("sample", "4.3.4.2 (2)", "web")
    assert (finding.grade, finding.severity, finding.certainty) == (Grade.FAILING, Severity.HIGH, Certainty.VERIFIED)
    assert finding.subject == judgement.coverage[0].subject == "http://127.0.0.9:8080 [127.0.0.9]"
    assert finding.seen == "GET /hole -> 200 (version=v7)"
    assert finding.remedy.en == "Mend it"
    assert finding.evidence == (f"{3:064x}", f"{4:064x}")
    assert only(judgement) == (Outcome.FOUND, "")
    assert decide([judgement]).standing is Standing.FAIL


def test_a_suspected_hole_is_guidance_with_a_word_on_distributions() -> None:
    (finding,) = judged(*FRONT, *confirmed(TREASURE), pack=SUSPECTED).findings
    assert (finding.grade, finding.certainty) == (Grade.GUIDANCE, Certainty.SUSPECTED)
    assert "distribution" in finding.remedy.en
    assert "ディストリビューション" in finding.remedy.ja


def test_server_bytes_are_shown_escaped() -> None:
    one = pack_with(template(HOLE.replace("v[0-9]+", "(?s)v.*")))
    (finding,) = judged(
        *FRONT, *confirmed(HttpAnswer(status=200, body=b"treasure v\x1b[31m\xff<b>")), pack=one
    ).findings
    assert finding.seen == r"GET /hole -> 200 (version=v\x1b[31m\xff<b>)"


def test_clean_wants_an_answer_and_a_finished_look() -> None:
    facts = (*FRONT, exchange("/hole", NOT_FOUND))
    assert only(judged(*facts)) == (Outcome.CLEAN, "")
    for ending in (Ending.WINDOW_OVER, Ending.STOPPED, Ending.BROKEN, Ending.NOT_STARTED):
        assert only(judged(*facts, ending=ending)) == (Outcome.NOT_TESTED, str(ending))
    assert only(judged(*facts, ending=None)) == (Outcome.NOT_TESTED, "broken: no end was recorded")


def test_a_hole_that_was_seen_stays_found_when_the_look_was_cut_off() -> None:
    judgement = judged(*FRONT, *confirmed(TREASURE), ending=Ending.WINDOW_OVER)
    assert only(judgement) == (Outcome.FOUND, "")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ((), "cut-off: it was never asked"),
        (FRONT, "cut-off: it was never asked"),
        ((*FRONT, exchange("/hole", NoAnswer(reason=NoAnswerReason.TIMEOUT, detail="10 s"))), "timeout: 10 s"),
        ((exchange("/", NoAnswer(reason=NoAnswerReason.RESET)),), "cut-off: the end point does not answer (reset)"),
        (
            (exchange("/", HttpAnswer(status=429)),),
            "cut-off: the server asked to be left alone (status 429)",
        ),
        (
            (*FRONT, exchange("/hole", HttpAnswer(status=503, body=b"treasure"))),
            "cut-off: the server asked to be left alone (status 503)",
        ),
    ],
)
def test_what_was_not_answered_is_not_tested_and_says_why(facts: tuple[Exchange, ...], reason: str) -> None:
    assert only(judged(*facts)) == (Outcome.NOT_TESTED, reason)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ((exchange("/hole", TREASURE),), "not confirmed by a second look (cut-off: it was never asked)"),
        (confirmed(TREASURE, NOT_FOUND), "a second look did not show it again"),
        (confirmed(TREASURE, HttpAnswer(status=429)), "not confirmed by a second look (cut-off: the server asked"),
        (confirmed(TREASURE, control=TREASURE), "what cannot be there shows the same"),
        (confirmed(TREASURE)[:2], "its control ask was not answered"),
        (confirmed(HttpAnswer(status=403, body=b"<title>Request blocked</title> treasure")), "a block page answered"),
    ],
)
def test_a_hit_is_looked_at_again_and_against_its_control(facts: tuple[Exchange, ...], reason: str) -> None:
    outcome, told = only(judged(*FRONT, *facts))
    assert outcome is Outcome.NOT_TESTED
    assert told.startswith(f"interference: {reason}")


def test_silence_is_an_answer_to_a_control_only_where_the_server_went_on_as_before() -> None:
    silent, reset = (NoAnswer(reason=reason) for reason in (NoAnswerReason.TIMEOUT, NoAnswerReason.RESET))
    later, other = (
        Exchange(endpoint=ENDPOINT, ask=sentinel_ask(Occasion(), 1), answer=answer)
        for answer in (NOT_FOUND, HttpAnswer(status=403))
    )
    assert only(judged(*FRONT, *confirmed(TREASURE, control=silent), later)) == (Outcome.FOUND, "")
    for facts in (
        (*FRONT, *confirmed(TREASURE, control=silent)),
        (*FRONT, later, *confirmed(TREASURE, control=silent)),
        (*FRONT, *confirmed(TREASURE, control=silent), other),
        (*FRONT, *confirmed(TREASURE, control=reset), later),
    ):
        assert only(judged(*facts)) == (Outcome.NOT_TESTED, "interference: its control ask was not answered")


def test_a_version_needs_no_control_but_a_second_look() -> None:
    assert only(judged(*FRONT, *confirmed(TREASURE)[:2], pack=SUSPECTED)) == (Outcome.FOUND, "")
    assert only(judged(*FRONT, *confirmed(TREASURE)[:1], pack=SUSPECTED))[0] is Outcome.NOT_TESTED


def test_a_balancer_appliance_is_inspected_where_it_is_declared_as_one() -> None:
    (signature,) = ONE.signatures
    pack = pack_of([replace(signature, roles=("load-balancer",))])
    outcome, reason = only(judged(*FRONT, exchange("/hole", NOT_FOUND), pack=pack))
    assert (outcome, reason) == (
        Outcome.NOT_APPLICABLE,
        "it is about servers declared as load-balancer; this one is declared as web",
    )
    balancer = replace(SCOPE, target=replace(SCOPE.target, role=Role.LOAD_BALANCER))
    assert only(judged(*FRONT, exchange("/hole", NOT_FOUND), pack=pack, scope=balancer)) == (Outcome.CLEAN, "")


def test_of_several_tries_an_answer_counts_more_than_none() -> None:
    gap = exchange("/hole", NoAnswer(reason=NoAnswerReason.RESET))
    assert only(judged(*FRONT, *confirmed(TREASURE), gap)) == (Outcome.FOUND, "")
    assert only(judged(*FRONT, gap, exchange("/hole", NOT_FOUND))) == (Outcome.CLEAN, "")


def test_without_any_web_end_point_the_item_does_not_apply() -> None:
    scope = Scope(target=Target(name="mx", role=Role.MAIL, addresses=("192.0.2.1",)), items=(Item.HOLES,), tcp_ports=())
    entry, *others = judge(scope, [], PACK).coverage
    assert (entry.check, entry.subject, entry.outcome) == (NO_WEB, "mx", Outcome.NOT_APPLICABLE)
    assert {one.outcome for one in others} == {Outcome.NOT_APPLICABLE}


def test_a_restricted_port_that_refuses_us_cannot_be_attacked_from_here() -> None:
    scope = scope_of(declared(8080, "http", restricted_to=("192.0.2.0/24",)), items=(Item.HOLES,))
    refused = NoAnswer(reason=NoAnswerReason.REFUSED)
    facts = [
        Observation(server="web", item=Item.HOLES, at=seen.at, fact=exchange(f"/{n}", refused))
        for n, seen in enumerate(observed(Item.HOLES, *FRONT, ending=None))
    ]
    ended = observed(Item.HOLES)
    assert only(judge(scope, [*facts, *ended], ONE)) == (Outcome.NOT_APPLICABLE, "declared restricted, and refused us")
    assert only(judge(SCOPE, [*facts, *ended], ONE))[0] is Outcome.NOT_TESTED
    connected = observed(Item.HOLES, exchange("/", refused))
    assert only(judge(scope, connected, ONE))[0] is Outcome.NOT_TESTED


def test_other_servers_and_items_are_none_of_its_business() -> None:
    alien = [
        Observation(server="other", item=Item.HOLES, at=seen.at, fact=seen.fact)
        for seen in observed(Item.HOLES, *FRONT, *confirmed(TREASURE))
    ]
    ports = observed(Item.PORTS, exchange("/hole", TREASURE))
    assert judge(SCOPE, [*alien, *ports], ONE).findings == ()


async def test_the_judgement_is_recomputed_from_the_record_alone() -> None:
    seen = await inspected(
        pages(
            lambda _, target: response(
                "ref: refs/heads/main" if "HEAD" in target else "", 200 if target in {"/", "/.git/HEAD"} else 404
            )
        )
    )
    assert seen.rules == ["git-repository-exposed"]
    assert judge(scope_for(seen.web), list(seen.recorder.observations), PACK) == seen.judgement


# The liar zoo: whatever these servers say, nothing of it is a finding.
EVERYTHING = (
    "ref: refs/heads/main\nAPP_NAME=x\n-- MySQL dump\n-----BEGIN PRIVATE KEY-----\n<title>phpinfo()</title>"
    "<h1>Apache Server Status for x</h1>ID=debian\nNAME=x\n<title>phpMyAdmin setup</title>WordPress "
    'name="weblog_title" EC-CUBE インストール <form id="form1"> Script Console name="script"'
)


@pytest.mark.parametrize(
    "body",
    [
        "hello",
        "ref: refs/heads/main",
        "SQLite format 3\0",
        "PK\x03\x04",
        "-----BEGIN PRIVATE KEY-----",
        EVERYTHING,
        '{"activeProfiles":[]',
        "ID=debian\nNAME=x\n",
    ],
)
@pytest.mark.parametrize("status", [200, 206])
async def test_a_server_that_says_yes_to_everything(body: str, status: int) -> None:
    seen = await inspected(says(response(body, status)))
    assert seen.rules == []
    assert seen.outcomes[Outcome.CLEAN] + seen.outcomes[Outcome.NOT_TESTED] >= 20
    assert all(reason.startswith("interference: ") for reason in seen.reasons)


@pytest.mark.parametrize(
    "shown", [str, html.escape, lambda target: f"<title>{target}</title><h1>Index of {target}</h1>"]
)
async def test_a_server_that_repeats_what_it_is_asked(shown: object) -> None:
    seen = await inspected(pages(lambda _, target: response(f"You asked for {shown(target)}", 200)))  # type: ignore[operator]  # a function of text
    assert seen.rules == []
    assert decide([seen.judgement]).standing is not Standing.FAIL


async def test_a_reflector_cannot_play_a_signature_that_looks_for_its_own_question() -> None:
    naive = pack_with(
        template("""
    - path: ["{{BaseURL}}/?q={{7*7}}treasure"]
      headers: {X-Mark: marked-by-the-inspection}
      matchers: [{type: word, words: [treasure, marked-by-the-inspection]}]
    """)
    )
    echo = await inspected(pages(lambda _, target: response(f"no results for {target}", 200)), naive)
    assert echo.reasons == {"interference: the answer only repeats what was asked"}
    header = await inspected(says(response("", 404, X_Echo="marked-by-the-inspection")), naive)
    assert header.rules == []


async def test_a_login_page_behind_every_path_and_random_bodies() -> None:
    login = await inspected(says(response("", 302, Location="/login")))
    noise = await inspected(pages(lambda *_: response(secrets.token_bytes(400), 200)))
    for seen in (login, noise):
        assert seen.rules == []
        assert Outcome.NOT_TESTED not in seen.outcomes


async def test_behind_a_block_page_nothing_was_tested() -> None:
    seen = await inspected(says(response("<h1>Request blocked</h1> .env wp-config phpinfo()", 403)))
    assert seen.rules == []
    assert seen.outcomes[Outcome.NOT_TESTED] > 20
    assert "interference: a block page answered (a web application firewall)" in seen.reasons
    (note,) = [entry for entry in seen.judgement.coverage if entry.check == INTERFERENCE]
    assert "signatures could not be judged at this end point" in note.reason


async def test_a_real_hole_on_a_server_that_repeats_paths_is_still_found() -> None:
    def page(_: str, target: str) -> bytes:
        if target == "/.git/HEAD":
            return response("ref: refs/heads/main")
        return response(f"The requested URL {target} was not found", 404)

    assert (await inspected(pages(page))).rules == ["git-repository-exposed"]


async def test_a_hit_without_a_baseline_is_not_believed() -> None:
    async def picky(request: bytes, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = request.split(b" ")[1].decode()
        if target not in {"/", "/hole"}:
            writer.transport.abort()
            return
        writer.write(response("treasure", 200))
        await writer.drain()

    seen = await inspected(picky, ONE)
    assert seen.reasons == {"interference: pages that do not exist were not answered, so nothing can be compared"}


def test_the_end_is_the_last_one() -> None:
    facts = observed(Item.HOLES, *FRONT, exchange("/hole", NOT_FOUND))
    again = Observation(server="web", item=Item.HOLES, at=facts[0].at, fact=ItemEnded(ending=Ending.BROKEN, detail="x"))
    assert only(judge(SCOPE, [*facts, again], ONE)) == (Outcome.NOT_TESTED, "broken: x")
    assert only(judge(SCOPE, [again, *facts], ONE)) == (Outcome.CLEAN, "")
