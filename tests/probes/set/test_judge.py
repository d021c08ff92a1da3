"""The judge of SET: wrong declarations are findings in both directions, what was not looked at is never clean, and it is pure."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dashboards.demo.merchant.answer import GOOD, Fault
from dashboards.demo.merchant.changes import JAPANESE, fields, message_extension
from plugins import canonical
from plugins.ask import HttpAnswer, NoAnswer, NoAnswerReason
from probes.catalog import PROBES, judge_server
from probes.observation import Ending, ItemEnded, Observation
from probes.set import asn1, rules
from probes.set.facts import SetExchange, Step
from probes.set.judge import judge
from probes.target import Item, Scope, SetEndpoint, SetProfile
from probes.verdict import Judgement, Outcome, Standing, decide
from tests.pki import Pki
from tests.probes.set.scene import inspected, looked, merchant_with, outcomes, said, scope_of, selling

ALL = {rule.id for rule in rules.RULES}
JPO = Fault("jpo", "A merchant with SET(JPO).", data=message_extension(JAPANESE, critical=False))
SECE = "1.2.392.99999.7"
SECE_MERCHANT = Fault("sece", "A merchant with SECE.", data=message_extension(SECE, critical=True))


@pytest.mark.parametrize(
    ("declared", "rule", "cause"),
    [
        ({"version": "2.0"}, "set.version-differs", "the answer is of version 1.0"),
        ({"version": "1.1"}, "set.version-differs", "the answer is of version 1.0"),
        ({"kind": "SET(JPO)"}, "set.kind-differs", "SET(JPO) is declared, and nothing of it was seen"),
        (
            {"kind": "SECE", "profile": SetProfile(marks=(SECE,))},
            "set.kind-differs",
            "SECE is declared, and nothing of it was seen",
        ),
        ({"merchant_id": "M-0002"}, "set.merchant-differs", "its merchant id is another one"),
        ({"acquirer_bin": "499998"}, "set.merchant-differs", "its acquirer (BIN) is another one"),
        ({"merchant_name": "Akamatsu"}, "set.merchant-differs", "its name is another one"),
        ({"roots": (Pki().root().pem,)}, "set.path", "was not sent and is no declared root"),
    ],
)
async def test_a_wrong_declaration_is_found(declared: dict[str, Any], rule: str, cause: str) -> None:
    judgement = await inspected(GOOD, **declared)
    titles = [title for found, title in said(judgement) if found == rule]
    assert any(cause in title for title in titles), said(judgement)
    # A wrong version is seen in the answer and in the initiation message: two causes of one rule.
    assert {found for found, _ in said(judgement)} == {rule}
    (finding, *_) = judgement.findings
    assert finding.declared or rule == "set.path"


@pytest.mark.parametrize("version", ["1", "1.0", "1.0.0", "01.00"])
async def test_ways_to_write_the_same_version(version: str) -> None:
    assert said(await inspected(GOOD, version=version)) == []


async def test_a_wrong_url_is_found() -> None:
    """The declared URL is not that of the initiation message, and nothing of SET is there."""
    async with selling() as endpoint:
        scope = scope_of(replace(endpoint, url=endpoint.url + "-old"))
        judgement = judge(scope, await looked(scope), None)
    assert [rule for rule, _ in said(judgement)] == ["set.protocol", "set.url-differs"]


@pytest.mark.parametrize("url", ["HTTP://{host}/set/payment", "http://{host}/set/payment"])
async def test_ways_to_write_the_same_url(url: str) -> None:
    async with selling() as endpoint:
        host = endpoint.url.removeprefix("http://").partition("/")[0]
        scope = scope_of(replace(endpoint, url=url.format(host=host)))
        assert judge(scope, await looked(scope), None).findings == ()


async def test_the_japanese_kind_declared_and_seen() -> None:
    assert said(await inspected(JPO, kind="SET(JPO)")) == []
    assert [rule for rule, _ in said(await inspected(JPO))] == ["set.kind-differs"]


async def test_sece_is_a_profile() -> None:
    whole = SetProfile(marks=(SECE,))
    assert said(await inspected(SECE_MERCHANT, kind="SECE", profile=whole)) == []
    # Without the profile its critical extension has to be refused.
    assert [rule for rule, _ in said(await inspected(SECE_MERCHANT))] == ["set.extension"]
    unmarked = await inspected(SECE_MERCHANT, kind="SECE", profile=SetProfile(extensions=(SECE,)))
    assert said(unmarked) == []
    assert outcomes(unmarked, Outcome.NOT_APPLICABLE) == {"set.kind-differs"}


async def test_a_profile_may_have_media_types_of_its_own() -> None:
    other = SetProfile(message_type="application/x-sece")
    judgement = await inspected(GOOD, profile=other)
    assert [title.partition(": ")[2] for _, title in said(judgement)] == ["the answer is no application/x-sece"]
    fault = Fault("own", "Its own type.", reply=lambda reply: setattr(reply, "media_type", "application/x-sece"))
    assert said(await inspected(fault, profile=other)) == []


async def test_a_merchant_of_another_brand_says_so() -> None:
    judgement = await inspected(GOOD, brand="Kiku")
    assert [rule for rule, _ in said(judgement)] == ["set.initiation", "set.protocol"]


async def test_without_an_initiation_page_its_rules_do_not_apply() -> None:
    judgement = await inspected(GOOD, initiation_url="", merchant_id="", acquirer_bin="", merchant_name="")
    assert decide([judgement]).standing is Standing.PASS
    assert outcomes(judgement, Outcome.NOT_APPLICABLE) == {
        "set.initiation",
        "set.url-differs",
        "set.merchant-differs",
    }


async def test_a_root_that_cannot_be_read_is_no_pass() -> None:
    judgement = await inspected(GOOD, roots=("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",))
    assert (judgement.findings, decide([judgement]).standing) == ((), Standing.INCONCLUSIVE)


async def _seen() -> tuple[Scope, list[Observation]]:
    async with selling() as endpoint:
        scope = scope_of(endpoint)
        return scope, await looked(scope)


@pytest.fixture(scope="module")
def record() -> tuple[Scope, list[Observation]]:
    """A right merchant, looked at once."""
    return asyncio.run(_seen())


def _changed(observations: list[Observation], step: Step, **changes: Any) -> list[Observation]:
    """Change the fact of one step."""
    return [
        replace(one, fact=replace(one.fact, **changes))
        if isinstance(one.fact, SetExchange) and one.fact.step is step
        else one
        for one in observations
    ]


def test_the_same_facts_give_the_same_judgement(record: tuple[Scope, list[Observation]]) -> None:
    scope, seen = record
    again = [canonical.loads(Observation, canonical.dumps(one)) for one in seen]
    assert judge(scope, again, None) == judge(scope, seen, None)
    assert judge_server(scope, again, None).standing is Standing.PASS  # type: ignore[arg-type]  # no signatures needed


def test_every_rule_has_a_row_for_every_place(record: tuple[Scope, list[Observation]]) -> None:
    scope, seen = record
    rows = judge(scope, seen, None).coverage
    assert {row.check for row in rows} == ALL
    assert len(rows) == len(ALL)
    assert {row.outcome for row in rows} == {Outcome.CLEAN}


@pytest.mark.parametrize("ending", [Ending.STOPPED, Ending.WINDOW_OVER, Ending.BROKEN, Ending.NOT_STARTED, None])
def test_an_item_that_did_not_end_is_never_clean(
    record: tuple[Scope, list[Observation]], ending: Ending | None
) -> None:
    scope, seen = record
    facts = [one for one in seen if not isinstance(one.fact, ItemEnded)]
    last = [replace(seen[-1], fact=ItemEnded(ending=ending, detail="why"))] if ending else []
    judgement = judge(scope, facts + last, None)
    assert {row.outcome for row in judgement.coverage} == {Outcome.NOT_TESTED}


def test_nothing_looked_at_is_nothing_known(record: tuple[Scope, list[Observation]]) -> None:
    scope, seen = record
    for some in ([], seen[-1:]):
        judgement = judge(scope, some, None)
        assert {row.outcome for row in judgement.coverage} == {Outcome.NOT_TESTED}
        assert {row.check for row in judgement.coverage} == ALL


@pytest.mark.parametrize("reason", [NoAnswerReason.REFUSED, NoAnswerReason.TIMEOUT, NoAnswerReason.RESET])
def test_silence_is_inconclusive(record: tuple[Scope, list[Observation]], reason: NoAnswerReason) -> None:
    scope, seen = record
    silent = _changed(seen, Step.FIRST, answer=NoAnswer(reason=reason, detail="no route"))
    silent = [one for one in silent if not (isinstance(one.fact, SetExchange) and one.fact.step is Step.AGAIN)]
    judgement = judge(scope, silent, None)
    assert judgement.findings == ()
    (row,) = [row for row in judgement.coverage if row.check == "set.protocol"]
    assert row.reason == f"the end point does not answer ({reason}: no route)"
    assert outcomes(judgement, Outcome.CLEAN) == {"set.initiation", "set.url-differs"}


def test_what_speaks_no_http_fails(record: tuple[Scope, list[Observation]]) -> None:
    scope, seen = record
    other = NoAnswer(reason=NoAnswerReason.NOT_HTTP, detail="SSH-2.0")
    judgement = judge(scope, _changed(seen, Step.FIRST, answer=other), None)
    assert [rule for rule, _ in said(judgement)] == ["set.protocol"]


def test_without_a_second_answer_what_has_to_be_new_is_not_tested(record: tuple[Scope, list[Observation]]) -> None:
    scope, seen = record
    once = [one for one in seen if not (isinstance(one.fact, SetExchange) and one.fact.step is Step.AGAIN)]
    judgement = judge(scope, once, None)
    assert (judgement.findings, outcomes(judgement, Outcome.NOT_TESTED)) == ((), {"set.transaction"})


def test_evidence_of_another_reading_is_not_judged(record: tuple[Scope, list[Observation]]) -> None:
    scope, seen = record
    judgement = judge(scope, _changed(seen, Step.FIRST, reading="0"), None)
    assert judgement.findings == ()
    assert {row.outcome for row in judgement.coverage} == {Outcome.NOT_TESTED}
    assert "reading 0" in judgement.coverage[0].reason


def test_time_goes_by_what_was_seen_then(record: tuple[Scope, list[Observation]]) -> None:
    """Judged again years later, the verdict is that of the day of the inspection; seen a year later, it fails."""
    scope, seen = record
    later = [replace(one, at=one.at + timedelta(days=365)) for one in seen]
    found = {rule for rule, _ in said(judge(scope, later, None))}
    assert found == {"set.transaction", "set.merchant-certificate", "set.gateway", "set.crl", "set.brand-crls"}


def test_a_falling_brand_list_is_found() -> None:
    async def once() -> Judgement:
        async with selling() as endpoint:
            merchant = merchant_with()
            scope = scope_of(replace(endpoint, roots=(merchant.root_pem,)))
            seen = await looked(scope)
        sent = [one.fact for one in seen if isinstance(one.fact, SetExchange)]
        first = merchant.reply(sent[1].sent, seen[0].at)
        assert merchant.papers.brand is not None
        merchant.papers.brand.sequence -= 1
        older = asn1.BrandCrlIdentifier.load(merchant._registry.brand_crls(merchant.papers.brand).dump())
        merchant._brand_crls = older
        second = merchant.reply(sent[2].sent, seen[0].at)
        for step, reply in ((Step.FIRST, first), (Step.AGAIN, second)):
            headers = (("content-type", reply.media_type),)
            seen = _changed(seen, step, answer=HttpAnswer(status=200, headers=headers, body=reply.body))
        return judge(scope, seen, None)

    assert [title.rpartition(": ")[2] for _, title in said(asyncio.run(once()))] == [
        "its number fell from one answer to the next"
    ]


def test_a_server_without_set_has_rows_that_do_not_apply() -> None:
    judgement = judge(scope_of(), [], None)
    assert {row.check for row in judgement.coverage} == ALL
    assert {row.outcome for row in judgement.coverage} == {Outcome.NOT_APPLICABLE}
    assert {row.reason for row in judgement.coverage} == {"no SET end point is declared"}


async def test_two_things_wrong_are_two_findings() -> None:
    both = Fault(
        "both", "Two things.", data=fields(chall_c=bytes(20)), papers=lambda papers: papers.sent.remove("gateway")
    )
    assert [rule for rule, _ in said(await inspected(both))] == ["set.echo", "set.gateway"]


def test_the_catalogue_knows_it() -> None:
    assert PROBES[Item.SET].judge is judge
    assert list(PROBES) == [Item.PORTS, Item.TLS, Item.SET, Item.HOLES, Item.HOSTS]


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.id)
def test_every_rule_is_said_in_both_languages(rule: Any) -> None:
    assert "{why}" in rule.title.en
    assert "{why}" in rule.title.ja
    assert rule.remedy.en
    assert rule.remedy.ja
    assert 1 <= int(rule.clause.rpartition(" ")[2]) <= 6


def test_an_old_order_without_a_brand_is_read() -> None:
    """Orders of before this probe name only URL, kind and version."""
    old = canonical.loads(SetEndpoint, b'{"url":"http://a.example/","kind":"SET","version":"1.0"}')
    assert (old.brand, old.roots, old.profile) == ("", (), SetProfile())
