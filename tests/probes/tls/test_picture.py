"""Chains as pictures: who signed whom, what is wrong where, days left; and one verdict per clause."""

from __future__ import annotations

from datetime import UTC, datetime

from probes.observation import Ending, ItemEnded, Observation
from probes.target import Item, Scope
from probes.tls import rules
from probes.tls.clauses import clause_verdicts
from probes.tls.facts import SessionSeen, TlsSeen
from probes.tls.judge import judge
from probes.tls.picture import Place, pictures
from probes.verdict import Standing
from tests.pki import Holder, Pki, Validity
from tests.probes.scene import scope_of
from tests.probes.tls.test_judge import MODERN, endpoint

AT = datetime(2026, 3, 1, tzinfo=UTC)
PKI = Pki(AT)
ROOT = PKI.root()
MIDDLE = PKI.authority(ROOT, validity=Validity(-6, -1))
HOST = "127.0.0.9"


def scene(holder: Holder) -> tuple[Scope, list[Observation]]:
    seen = TlsSeen(
        address=HOST,
        port=443,
        server_name="shop.example",
        versions=MODERN,
        chains=(holder.chain,),
        session=SessionSeen(weak_tried=True),
    )
    facts = (seen, ItemEnded(ending=Ending.FINISHED))
    observations = [Observation(server="web", item=Item.TLS, at=AT, fact=fact) for fact in facts]
    scope = scope_of(addresses=(HOST,), tls=(endpoint(),), items=(Item.TLS,), anchors=(ROOT.pem,))
    return scope, observations


def test_who_signed_whom_and_what_is_wrong_where() -> None:
    (picture,) = pictures(*scene(PKI.leaf(MIDDLE, validity=Validity(-5, 2))))
    assert picture.complete
    assert [link.place for link in picture.links] == [Place.LEAF, Place.AUTHORITY, Place.ANCHOR]
    assert [link.days_left for link in picture.links] == [2, -1, 3650]
    assert [bool(link.wrong) for link in picture.links] == [False, True, False]
    assert "expired on 2026-02-28" in picture.links[1].wrong[0].en
    assert picture.links[0].issuer == picture.links[1].subject
    assert picture.anchors.startswith("certifi ")
    assert picture.anchors.endswith(" + 1")


def test_a_chain_that_ends_nowhere_says_so() -> None:
    (picture,) = pictures(*scene(PKI.leaf(None)))
    assert not picture.complete
    assert "signed by itself" in picture.links[0].wrong[0].en


def test_one_verdict_per_clause() -> None:
    scope, observations = scene(PKI.leaf(MIDDLE, validity=Validity(-5, 2)))
    judgement = judge(scope, observations, None)
    verdicts = clause_verdicts(judgement.findings, judgement.coverage)
    assert [one.clause for one in verdicts] == list(rules.CLAUSES)
    assert [one.standing for one in verdicts if one.clause == rules.CHAIN] == [Standing.FAIL]
    assert {one.standing for one in verdicts if one.clause != rules.CHAIN} == {Standing.PASS}
    nothing = clause_verdicts((), ())
    assert {one.standing for one in nothing} == {Standing.INCONCLUSIVE}
