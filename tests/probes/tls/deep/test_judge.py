"""Every rule of the deep scan, and its near misses: values in, opinions out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probes.finding import Grade
from probes.observation import Ending, Fact
from probes.target import ClientAuth, Item, TlsEndpoint, TlsVersion
from probes.tls.clauses import clause_verdicts
from probes.tls.deep.facts import DeepSeen, Shown, SuitesSeen, Trial, Weakness
from probes.tls.deep.judge import weak_kinds
from probes.tls.deep.rules import DEEP_RULES
from probes.tls.facts import Handshake, SessionSeen, TlsSeen, VersionSeen
from probes.tls.judge import judge
from probes.verdict import Judgement, Outcome, Standing, decide
from tests.pki import Pki
from tests.probes.scene import AT, observed, scope_of

HOST = "127.62.0.9"
PKI = Pki(AT)
ROOT = PKI.root()
CHAIN = PKI.leaf(PKI.authority(ROOT)).chain
V11, V12, V13 = TlsVersion.TLS_1_1, TlsVersion.TLS_1_2, TlsVersion.TLS_1_3
GOOD = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
DEEP = {rule.id for rule in DEEP_RULES}
END = TlsEndpoint(
    port=443, server_name="shop.example", versions=(V12, V13), client_auth=ClientAuth.NONE, names=("shop.example",)
)
ORDERED = replace(scope_of(addresses=(HOST,), tls=(END,), items=(Item.TLS,), anchors=(ROOT.pem,)), deep=True)
VERSIONS = tuple(
    VersionSeen(
        version=one,
        handshake=Handshake.ACCEPTED if one in END.versions else Handshake.REFUSED,
        client_auth=ClientAuth.NONE if one in END.versions else None,
    )
    for one in TlsVersion
)


def tls(**more: object) -> TlsSeen:
    seen = TlsSeen(
        address=HOST,
        port=443,
        server_name="shop.example",
        versions=VERSIONS,
        chains=(CHAIN,),
        session=SessionSeen(weak_tried=True),
    )
    return replace(seen, **more)  # type: ignore[arg-type]  # named like the fields


def deep(
    shown: dict[Weakness, Shown] | None = None, suites: dict[TlsVersion, tuple[str, ...]] | None = None, **more: object
) -> DeepSeen:
    """A sound server, but for what is said."""
    lists = {V12: (GOOD,), V13: ("TLS_AES_128_GCM_SHA256",)} | (suites or {})
    seen = DeepSeen(
        address=HOST,
        port=443,
        server_name="shop.example",
        trials=tuple(Trial(weakness=one, shown=(shown or {}).get(one, Shown.ABSENT), detail="") for one in Weakness),
        suites=tuple(SuitesSeen(version=one, accepted=names, tried=9) for one, names in lists.items()),
        connections=187,
    )
    return replace(seen, **more)  # type: ignore[arg-type]  # named like the fields


def judged(*facts: Fact, ending: Ending | None = Ending.FINISHED) -> Judgement:
    return judge(ORDERED, observed(Item.TLS, *facts, ending=ending), None)


def told(judgement: Judgement) -> list[tuple[str, str]]:
    return [(finding.rule, finding.grade.value) for finding in judgement.findings]


def gaps(judgement: Judgement) -> set[str]:
    return {row.check for row in judgement.coverage if row.outcome is Outcome.NOT_TESTED}


def test_a_sound_server_passes_and_every_rule_of_the_deep_scan_has_its_row() -> None:
    judgement = judged(tls(), deep())
    assert told(judgement) == []
    assert {row.check for row in judgement.coverage if row.outcome is Outcome.CLEAN} >= DEEP
    assert decide([judgement]).standing is Standing.PASS


def test_without_the_order_nothing_is_said_about_it() -> None:
    judgement = judge(replace(ORDERED, deep=False), observed(Item.TLS, tls()), None)
    assert not {row.check for row in judgement.coverage} & DEEP
    assert decide([judgement]).standing is Standing.PASS


@pytest.mark.parametrize(
    ("weakness", "shown", "rule", "grade"),
    [
        (Weakness.HEARTBLEED, Shown.PRESENT, "tls.heartbleed", Grade.FAILING),
        (Weakness.CCS_INJECTION, Shown.PRESENT, "tls.ccs-injection", Grade.FAILING),
        (Weakness.ROBOT, Shown.PRESENT, "tls.robot", Grade.FAILING),
        (Weakness.ROBOT, Shown.FAINT, "tls.robot", Grade.GUIDANCE),
        (Weakness.RENEGOTIATION, Shown.PRESENT, "tls.renegotiation", Grade.GUIDANCE),
        (Weakness.CLIENT_RENEGOTIATION, Shown.PRESENT, "tls.renegotiation", Grade.ADVISORY),
        (Weakness.COMPRESSION, Shown.PRESENT, "tls.compression", Grade.GUIDANCE),
    ],
)
def test_each_weakness_breaks_its_rule(weakness: Weakness, shown: Shown, rule: str, grade: Grade) -> None:
    judgement = judged(tls(), deep({weakness: shown}))
    assert told(judgement) == [(rule, grade.value)]
    (finding,) = judgement.findings
    assert finding.clause == "4.3.5.1 (2)"
    assert "{" not in finding.title.en + finding.title.ja + finding.remedy.en + finding.remedy.ja
    assert decide([judgement]).standing is (Standing.FAIL if grade is Grade.FAILING else Standing.PASS)
    second = clause_verdicts(judgement.findings, judgement.coverage)[1]
    assert second.findings == judgement.findings
    assert second.standing is (Standing.FAIL if grade is Grade.FAILING else Standing.PASS)


@pytest.mark.parametrize("weakness", Weakness)
def test_what_was_not_answered_is_not_clean(weakness: Weakness) -> None:
    judgement = judged(tls(), deep({weakness: Shown.UNKNOWN}))
    assert told(judgement) == []
    assert len(gaps(judgement)) == 1
    assert decide([judgement]).standing is Standing.INCONCLUSIVE


@pytest.mark.parametrize("weakness", Weakness)
def test_what_was_not_tried_is_not_clean(weakness: Weakness) -> None:
    seen = deep()
    rest = replace(seen, trials=tuple(one for one in seen.trials if one.weakness is not weakness))
    assert len(gaps(judged(tls(), rest))) == 1


def test_what_cannot_be_there_is_not_applicable() -> None:
    judgement = judged(tls(), deep(dict.fromkeys(Weakness, Shown.MOOT)))
    rows = {row.check for row in judgement.coverage if row.outcome is Outcome.NOT_APPLICABLE}
    assert rows >= DEEP - {"tls.weak-suites"}
    assert decide([judgement]).standing is Standing.PASS


@pytest.mark.parametrize(
    "facts",
    [(tls(),), (tls(), deep(failure="the prober ended")), (deep(),), (tls(), deep(server_name="other.example"))],
    ids=["not made", "failed", "no normal look", "another name"],
)
def test_a_scan_that_was_not_made_is_a_gap(facts: tuple[Fact, ...]) -> None:
    judgement = judged(*facts)
    assert gaps(judgement) >= (DEEP if len(facts) == 2 or isinstance(facts[0], TlsSeen) else {"tls.path"})
    assert decide([judgement]).standing is Standing.INCONCLUSIVE


@pytest.mark.parametrize("ending", [Ending.WINDOW_OVER, Ending.STOPPED, None], ids=str)
def test_an_item_that_did_not_finish_is_never_clean(ending: Ending | None) -> None:
    assert gaps(judged(tls(), deep(), ending=ending)) >= DEEP


@pytest.mark.parametrize(
    ("suite", "kinds"),
    [
        ("TLS_NULL_WITH_NULL_NULL", ("NULL",)),
        ("TLS_RSA_WITH_NULL_SHA256", ("NULL",)),
        ("TLS_ECDH_anon_WITH_AES_128_CBC_SHA", ("ANON",)),
        ("TLS_DH_anon_EXPORT_WITH_RC4_40_MD5", ("ANON", "EXPORT", "RC4")),
        ("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", ("EXPORT",)),
        ("TLS_RSA_EXPORT1024_WITH_RC4_56_SHA", ("EXPORT", "RC4")),
        ("TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", ("EXPORT", "RC2")),
        ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", ("RC4",)),
        ("TLS_RSA_WITH_DES_CBC_SHA", ("DES",)),
        ("TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA", ("3DES",)),
        ("TLS_RSA_WITH_IDEA_CBC_SHA", ("IDEA",)),
        ("SSL_CK_RC4_128_WITH_MD5", ("RC4",)),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", ()),
        ("TLS_DHE_DSS_WITH_AES_128_CBC_SHA", ()),
        ("TLS_RSA_WITH_AES_128_CBC_SHA", ()),
        ("TLS_RSA_WITH_CAMELLIA_128_CBC_SHA", ()),
        ("TLS_RSA_WITH_SEED_CBC_SHA", ()),
        ("TLS_CHACHA20_POLY1305_SHA256", ()),
        ("TLS_EMPTY_RENEGOTIATION_INFO_SCSV", ()),
        ("", ()),
    ],
)
def test_which_suites_are_weak(suite: str, kinds: tuple[str, ...]) -> None:
    assert weak_kinds(suite) == kinds


def test_weak_suites_are_one_finding_that_names_kinds_and_versions() -> None:
    rc4, des = "TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"
    judgement = judged(tls(), deep(suites={V12: (GOOD, rc4, des), V11: (rc4,)}))
    assert told(judgement) == [("tls.weak-suites", "guidance")]
    (finding,) = judgement.findings
    assert "RC4 in TLSv1.2, TLSv1.1; 3DES in TLSv1.2" in finding.title.en
    assert GOOD not in finding.seen
    assert rc4 in finding.seen


def test_a_list_that_is_not_complete_is_a_gap_beside_what_was_found() -> None:
    weak = SuitesSeen(version=V12, accepted=("TLS_RSA_WITH_RC4_128_SHA",), tried=9, unanswered=3)
    judgement = judged(tls(), replace(deep(), suites=(weak,)))
    assert told(judgement) == [("tls.weak-suites", "guidance")]
    (row,) = [row for row in judgement.coverage if row.outcome is Outcome.NOT_TESTED]
    assert row.check == "tls.weak-suites"
    assert "TLSv1.3: its suites were not listed" in row.reason


def test_one_cause_is_told_once() -> None:
    """The normal look sees compression, a missing RFC 5746 and a weak suite as well: the deep scan says it more exactly."""
    session = SessionSeen(
        weak_tried=True, weak_suite="RC4-SHA", compression=True, secure_renegotiation=False, dh_bits=1024
    )
    shown = {Weakness.COMPRESSION: Shown.PRESENT, Weakness.RENEGOTIATION: Shown.PRESENT}
    both = judged(tls(session=session), deep(shown, {V12: ("TLS_RSA_WITH_RC4_128_SHA",)}))
    rules = [rule for rule, _ in told(both)]
    assert sorted(rules) == ["tls.compression", "tls.renegotiation", "tls.weak-session", "tls.weak-suites"]
    assert "1024" in both.findings[rules.index("tls.weak-session")].title.en
    only_normal = judged(tls(session=session), deep())
    assert [rule for rule, _ in told(only_normal)] == ["tls.weak-session"] * 4
