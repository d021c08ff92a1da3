"""Every rule about TLS, and its near misses: values in, one finding or none out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from probes.finding import Grade
from probes.observation import Ending
from probes.target import ClientAuth, Item, Scope, TlsEndpoint, TlsVersion
from probes.tls import rules
from probes.tls.facts import Handshake, SessionSeen, TlsSeen, VersionSeen
from probes.tls.judge import judge
from probes.verdict import Judgement, Outcome, Standing, decide
from tests.pki import Pki, Validity
from tests.probes.scene import AT, observed, scope_of
from tests.tls.defects import Ground

HOST = "127.0.0.9"
PKI = Pki(AT)
ROOT = PKI.root()
INTERMEDIATE = PKI.authority(ROOT)
GOOD = PKI.leaf(INTERMEDIATE).chain
V12, V13 = TlsVersion.TLS_1_2, TlsVersion.TLS_1_3
ACCEPTED, REFUSED, UNKNOWN = Handshake.ACCEPTED, Handshake.REFUSED, Handshake.UNKNOWN
CERTIFICATE_CHECKS = frozenset(rule.id for rule in rules.CERTIFICATE_RULES)
ALL_CHECKS = frozenset(rule.id for rule in rules.RULES)


def endpoint(
    versions: tuple[TlsVersion, ...] = (V12, V13),
    client_auth: ClientAuth = ClientAuth.NONE,
    names: tuple[str, ...] = ("shop.example",),
) -> TlsEndpoint:
    return TlsEndpoint(port=443, server_name="shop.example", versions=versions, client_auth=client_auth, names=names)


def handshakes(
    results: Mapping[TlsVersion, Handshake], auth: Mapping[TlsVersion, ClientAuth | None] | None = None
) -> tuple[VersionSeen, ...]:
    """All versions; those that are not named were refused."""
    return tuple(
        VersionSeen(
            version=version,
            handshake=results.get(version, REFUSED),
            client_auth=(auth or {}).get(version, ClientAuth.NONE) if results.get(version) is ACCEPTED else None,
            detail="" if results.get(version) is ACCEPTED else "alert protocol version",
        )
        for version in TlsVersion
    )


MODERN = handshakes({V12: ACCEPTED, V13: ACCEPTED})


@dataclass(frozen=True)
class Case:
    """What was declared, what was seen, and what is said about it."""

    name: str
    rules: tuple[str, ...] = ()
    declared: TlsEndpoint = field(default_factory=endpoint)
    versions: tuple[VersionSeen, ...] = MODERN
    chains: tuple[tuple[str, ...], ...] = (GOOD,)
    anchors: tuple[str, ...] = (ROOT.pem,)
    gaps: frozenset[str] = frozenset()
    title_holds: str = ""
    session: SessionSeen = field(default_factory=lambda: SessionSeen(weak_tried=True))
    failing: bool = True
    """Whether what is found fails the server."""


EXPIRED_MIDDLE = PKI.authority(ROOT, validity=Validity(-6, -1))
OLD_LEAF = Validity(-5, 2)
EXPIRED_ROOT = PKI.root("Old Root", Validity(-900, -1))
FUTURE_MIDDLE = PKI.authority(ROOT, validity=Validity(2, 8))
STRANGER = PKI.root("Strange Root")

CASES = (
    Case("as declared"),
    Case(
        "an old version that was not declared",
        ("tls.versions-differ",),
        versions=handshakes({V12: ACCEPTED, V13: ACCEPTED, TlsVersion.TLS_1_0: ACCEPTED}),
        title_holds="TLSv1.0",
    ),
    Case(
        "a declared version that is refused",
        ("tls.versions-differ",),
        versions=handshakes({V12: ACCEPTED}),
        title_holds="TLSv1.3",
    ),
    Case(
        "two versions are two findings",
        ("tls.versions-differ", "tls.versions-differ"),
        versions=handshakes({V12: ACCEPTED, TlsVersion.SSL_3_0: ACCEPTED}),
    ),
    Case(
        "a version that nobody knows about",
        versions=handshakes({V12: ACCEPTED, V13: ACCEPTED, TlsVersion.SSL_2_0: UNKNOWN}),
        gaps=frozenset({"tls.versions-differ"}),
    ),
    Case(
        "client authentication that was not declared",
        ("tls.client-auth-differs",),
        versions=handshakes({V12: ACCEPTED, V13: ACCEPTED}, {V12: ClientAuth.OPTIONAL, V13: ClientAuth.OPTIONAL}),
        title_holds="seen optional",
    ),
    Case(
        "client authentication that is missing",
        ("tls.client-auth-differs",),
        declared=endpoint(client_auth=ClientAuth.REQUIRED),
    ),
    Case(
        "client authentication in one version only",
        ("tls.client-auth-differs",),
        declared=endpoint(client_auth=ClientAuth.REQUIRED),
        versions=handshakes({V12: ACCEPTED, V13: ACCEPTED}, {V12: ClientAuth.REQUIRED, V13: ClientAuth.OPTIONAL}),
    ),
    Case(
        "client authentication as declared",
        declared=endpoint(client_auth=ClientAuth.REQUIRED),
        versions=handshakes({V12: ACCEPTED, V13: ACCEPTED}, {V12: ClientAuth.REQUIRED, V13: ClientAuth.REQUIRED}),
    ),
    Case(
        "client authentication that could not be told",
        versions=handshakes({V12: ACCEPTED, V13: ACCEPTED}, {V13: None}),
        gaps=frozenset({"tls.client-auth-differs"}),
    ),
    Case(
        "nothing works",
        ("tls.protocol-fails",),
        versions=handshakes({}),
        chains=(),
        gaps=ALL_CHECKS - {"tls.protocol-fails"},
    ),
    Case(
        "nothing works, but nobody knows why",
        versions=handshakes({V12: UNKNOWN}),
        chains=(),
        gaps=ALL_CHECKS,
    ),
    Case(
        "expired leaf",
        ("tls.certificate-dates",),
        chains=(PKI.leaf(INTERMEDIATE, validity=Validity(-6, -1)).chain,),
        title_holds="expired on 2026-02-28",
    ),
    Case(
        "leaf of tomorrow",
        ("tls.certificate-dates",),
        chains=(PKI.leaf(INTERMEDIATE, validity=Validity(1, 7)).chain,),
        title_holds="only from 2026-03-02",
    ),
    Case("leaf in its last second", chains=(PKI.leaf(INTERMEDIATE, validity=Validity(-6, 0)).chain,)),
    Case(
        "wrong host",
        ("tls.certificate-names",),
        chains=(PKI.leaf(INTERMEDIATE, ("other.example",)).chain,),
        title_holds="shop.example",
    ),
    Case(
        "one name of two is missing",
        ("tls.certificate-names",),
        declared=endpoint(names=("shop.example", "www.shop.example")),
        title_holds="stand for www.shop.example",
    ),
    Case(
        "a wildcard holds it",
        declared=endpoint(names=("www.shop.example",)),
        chains=(PKI.leaf(INTERMEDIATE, ("shop.example", "*.shop.example")).chain,),
    ),
    Case(
        "common name only",
        ("tls.certificate-names",),
        chains=(PKI.leaf(INTERMEDIATE, ()).chain,),
        title_holds="no subjectAltName",
    ),
    Case(
        "no declared names: the server name counts",
        ("tls.certificate-names",),
        declared=endpoint(names=()),
        chains=(PKI.leaf(INTERMEDIATE, ("other.example",)).chain,),
    ),
    Case(
        "missing intermediate",
        ("tls.path",),
        chains=(replace(PKI.leaf(INTERMEDIATE), above=()).chain,),
        title_holds="was not sent",
    ),
    Case("untrusted root", ("tls.path",), chains=(PKI.leaf(PKI.authority(STRANGER)).chain,)),
    Case("self-signed", ("tls.path",), chains=(PKI.leaf(None).chain,), title_holds="signed by itself"),
    Case("no anchors of our own: Mozilla does not know it", ("tls.path",), anchors=()),
    Case(
        "no certificate", ("tls.path",), chains=(), gaps=CERTIFICATE_CHECKS - {"tls.path"}, title_holds="no certificate"
    ),
    Case(
        "expired intermediate",
        ("tls.chain-certificate",),
        chains=(PKI.leaf(EXPIRED_MIDDLE, validity=OLD_LEAF).chain,),
        title_holds="Test Intermediate",
    ),
    Case("intermediate of tomorrow", ("tls.chain-certificate",), chains=(PKI.leaf(FUTURE_MIDDLE).chain,)),
    Case(
        "expired root",
        ("tls.chain-certificate",),
        chains=(PKI.leaf(PKI.authority(EXPIRED_ROOT), validity=OLD_LEAF).chain,),
        anchors=(EXPIRED_ROOT.pem,),
        title_holds="Old Root",
    ),
    Case(
        "a leaf that is younger than its authority's end",
        ("tls.chain-certificate",),
        chains=(PKI.leaf(EXPIRED_MIDDLE, validity=Validity(-0.5, 5)).chain,),
    ),
    Case(
        "two causes are two findings",
        ("tls.certificate-dates", "tls.chain-certificate"),
        chains=(PKI.leaf(EXPIRED_MIDDLE, validity=Validity(-5, -2)).chain,),
    ),
    Case(
        "the same cause in both deployments is one finding",
        ("tls.chain-certificate",),
        chains=(
            PKI.leaf(EXPIRED_MIDDLE, validity=OLD_LEAF).chain,
            PKI.leaf(EXPIRED_MIDDLE, kind="rsa", validity=OLD_LEAF).chain,
        ),
    ),
    Case(
        "one of two deployments is expired",
        ("tls.certificate-dates",),
        chains=(GOOD, PKI.leaf(INTERMEDIATE, kind="rsa", validity=Validity(-6, -1)).chain),
    ),
    Case(
        "an expired certificate that the path does not need",
        ("tls.chain-sent",),
        chains=((*GOOD, EXPIRED_MIDDLE.pem),),
        failing=False,
    ),
    Case(
        "weak suites",
        ("tls.weak-session", "tls.weak-session", "tls.weak-session"),
        session=SessionSeen(weak_tried=True, weak_suite="RC4-SHA", dh_bits=1024, compression=True),
        failing=False,
        title_holds="RC4-SHA",
    ),
    Case("weak suites were not tried", session=SessionSeen(), gaps=frozenset({"tls.weak-session"})),
    Case(
        "a certificate with a weak key of an authority without revocation",
        ("tls.chain-certificate", "tls.revocation"),
        chains=(PKI.leaf(PKI.authority(ROOT, validity=Validity(-30, -1)), validity=OLD_LEAF).chain,),
    ),
    Case(
        "a certificate that cannot be read",
        chains=(("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",),),
        gaps=CERTIFICATE_CHECKS,
    ),
)


def seen(case: Case, failure: str = "") -> TlsSeen:
    return TlsSeen(
        address=HOST,
        port=443,
        server_name="shop.example",
        versions=case.versions,
        chains=case.chains,
        session=case.session,
        failure=failure,
    )


def scope_for(case: Case) -> Scope:
    return scope_of(addresses=(HOST,), tls=(case.declared,), items=(Item.TLS,), anchors=case.anchors)


def gaps_of(judgement: Judgement) -> set[str]:
    return {row.check for row in judgement.coverage if row.outcome is Outcome.NOT_TESTED}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_cause_gives_one_finding(case: Case) -> None:
    judgement = judge(scope_for(case), observed(Item.TLS, seen(case)), None)
    assert sorted(finding.rule for finding in judgement.findings) == sorted(case.rules)
    assert gaps_of(judgement) == case.gaps
    for finding in judgement.findings:
        assert (finding.grade is Grade.FAILING) is case.failing
        assert finding.clause in rules.CLAUSES
        assert "{" not in finding.title.en + finding.title.ja + finding.remedy.en + finding.remedy.ja
    assert case.title_holds in "\n".join(finding.title.en for finding in judgement.findings)
    standing = Standing.FAIL if case.rules and case.failing else Standing.INCONCLUSIVE if case.gaps else Standing.PASS
    assert decide([judgement]).standing is standing


def test_every_rule_has_a_case_that_breaks_it() -> None:
    by_servers = {defect.rule for defect in Ground("http://127.45.0.1:1").defects}
    assert {rule for case in CASES for rule in case.rules} | by_servers - {""} == ALL_CHECKS


def test_revocation_that_nobody_could_look_at_is_never_said_to_be_clean() -> None:
    judgement = judge(scope_for(CASES[0]), observed(Item.TLS, seen(CASES[0])), None)
    (row,) = [row for row in judgement.coverage if row.check == "tls.revocation"]
    assert row.outcome is Outcome.NOT_APPLICABLE
    assert "longer than 7 days" in row.reason


def test_an_end_point_that_could_not_be_looked_at_is_inconclusive() -> None:
    judgement = judge(scope_for(CASES[0]), observed(Item.TLS, seen(CASES[0], "no TLS handshake was answered")), None)
    assert gaps_of(judgement) == ALL_CHECKS
    assert decide([judgement]).standing is Standing.INCONCLUSIVE


@pytest.mark.parametrize("ending", [Ending.WINDOW_OVER, Ending.STOPPED, Ending.BROKEN, None], ids=str)
def test_an_item_that_did_not_finish_is_never_clean(ending: Ending | None) -> None:
    judgement = judge(scope_for(CASES[0]), observed(Item.TLS, seen(CASES[0]), ending=ending), None)
    assert gaps_of(judgement) == ALL_CHECKS


def test_no_observations_at_all_are_inconclusive() -> None:
    assert decide([judge(scope_for(CASES[0]), [], None)]).standing is Standing.INCONCLUSIVE


def test_what_was_seen_under_another_name_does_not_count() -> None:
    other = TlsSeen(address=HOST, port=443, server_name="other.example", versions=MODERN, chains=(GOOD,))
    assert gaps_of(judge(scope_for(CASES[0]), observed(Item.TLS, other), None)) == ALL_CHECKS


def test_without_tls_end_points_nothing_applies() -> None:
    judgement = judge(scope_of(items=(Item.TLS,)), observed(Item.TLS), None)
    assert {row.outcome for row in judgement.coverage} == {Outcome.NOT_APPLICABLE}
    assert decide([judgement]).standing is Standing.INCONCLUSIVE
