"""Every fault of a merchant is named by its rule and its cause, and nothing else is reported; what is right passes."""

from __future__ import annotations

import pytest

from dashboards.demo.merchant.faults import FAULTS, RIGHT
from probes.finding import Grade
from probes.target import Item
from probes.verdict import Judgement, Outcome, Standing, decide
from tests.probes.set.scene import keys, outcomes, run_all

NAMED: dict[str, tuple[str, str]] = {
    # Protocol: the exchange.
    "redirect": ("set.protocol", "it sends the request elsewhere"),
    "not-found": ("set.protocol", "status 404"),
    "server-error": ("set.protocol", "status 500"),
    "wrong-type": ("set.protocol", "the answer is no application/set-payment"),
    "no-type": ("set.protocol", "the answer is no application/set-payment"),
    "empty": ("set.protocol", "cannot be read"),
    "huge": ("set.protocol", "larger than 262144 bytes"),
    "web-page": ("set.protocol", "cannot be read"),
    "truncated": ("set.protocol", "cannot be read"),
    "ber": ("set.protocol", "cannot be read"),
    "trailing": ("set.protocol", "cannot be read"),
    "error-message": ("set.protocol", "the error unspecifiedFailure"),
    "version-refused": ("set.version-differs", "version 1.0 is refused (versionTooOld)"),
    # Protocol: ids, dates, extensions.
    "rrpid": ("set.echo", "RRPID came back changed"),
    "rrpid-header": ("set.echo", "RRPID (header) came back changed"),
    "challenge": ("set.echo", "Chall-C came back changed"),
    "lid-c": ("set.echo", "LID-C came back changed"),
    "lid-c-header": ("set.echo", "LID-C (header) came back changed"),
    "language": ("set.echo", "language came back changed"),
    "thumbs": ("set.echo", "Thumbs came back changed"),
    "other-request": ("set.echo", "the answer to another request"),
    "replay": ("set.transaction", "the same answer, byte for byte"),
    "xid-short": ("set.transaction", "(XID) has not 20 bytes"),
    "xid-same": ("set.transaction", "two requests got the same XID"),
    "xid-header": ("set.transaction", "name different transactions"),
    "challenge-m-short": ("set.transaction", "challenge has not 20 bytes"),
    "challenge-m-same": ("set.transaction", "the same challenge"),
    "clock": ("set.transaction", "the message is dated"),
    "transaction-clock": ("set.transaction", "the transaction is dated"),
    "version": ("set.version-differs", "of version 2.0"),
    "extension-critical": ("set.extension", "1.3.6.1.4.1.99999.1"),
    "extension-wrapper": ("set.extension", "1.3.6.1.4.1.99999.1"),
    "extension-unknown": ("set.extension-unknown", "1.3.6.1.4.1.99999.1"),
    "japanese": ("set.kind-differs", "extensions of SET(JPO) were seen"),
    # The merchant's signature.
    "signature-key": ("set.signature", "not made with the key"),
    "signature-flipped": ("set.signature", "not made with the key"),
    "digest": ("set.signature", "what was sent is not what was signed"),
    "two-signers": ("set.signature", "2 signers instead of one"),
    "signed-type": ("set.signature", "something else than a PInitRes"),
    "attribute-type": ("set.signature", "something else than a PInitRes"),
    "attribute-more": ("set.signature", "not exactly contentType and messageDigest"),
    "signed-by-gateway-name": ("set.signature", "that made it was not sent"),
    # The merchant's certificate.
    "merchant-expired": ("set.merchant-certificate", "CN=Aoba Shoten expired on"),
    "merchant-future": ("set.merchant-certificate", "CN=Aoba Shoten is valid only from"),
    "merchant-key-ended": ("set.merchant-certificate", "the key of C=JP, O=Sakura, CN=Aoba Shoten may no longer"),
    "merchant-soon": ("set.ends-soon", "it ends on"),
    "merchant-kind": ("set.merchant-certificate", "not the certificate of a merchant (certificateType)"),
    "merchant-usage": ("set.merchant-certificate", "not for this use (keyUsage)"),
    "merchant-authority": ("set.merchant-certificate", "claims to be an authority"),
    "merchant-data": ("set.merchant-certificate", "which merchant it is for (merchantData)"),
    "merchant-v1": ("set.merchant-certificate", "no X.509 version 3"),
    "merchant-critical": ("set.merchant-certificate", "critical extension that SET does not know"),
    "merchant-broken": ("set.merchant-certificate", "cannot be read, or stands twice"),
    "merchant-policy": ("set.merchant-certificate", "names no policy"),
    "merchant-type-uncritical": ("set.merchant-certificate", "has to be critical is not"),
    "merchant-authority-key": ("set.merchant-certificate", "(authorityKeyIdentifier)"),
    "merchant-issuer-serial": ("set.merchant-certificate", "(authorityKeyIdentifier)"),
    # Everything above it.
    "merchant-ca-expired": ("set.chain-certificate", "CN=Demo Sakura Merchant CA expired on"),
    "merchant-ca-kind": ("set.chain-certificate", "not the certificate of a merchant CA"),
    "merchant-ca-no-authority": ("set.chain-certificate", "may not issue certificates"),
    "merchant-ca-no-basic": ("set.chain-certificate", "may not issue certificates"),
    "merchant-ca-usage": ("set.chain-certificate", "not for this use (keyUsage)"),
    "brand-expired": ("set.chain-certificate", "CN=Demo Sakura Brand CA expired on"),
    "brand-future": ("set.chain-certificate", "CN=Demo Sakura Brand CA is valid only from"),
    "brand-path-length": ("set.chain-certificate", "more authorities below"),
    "brand-other": ("set.path", "it leads to the brand Kiku"),
    "merchant-bad-signature": ("set.path", "the signature on C=JP, O=Sakura, CN=Aoba Shoten is not by"),
    "merchant-ca-bad-signature": ("set.path", "the signature on C=JP, O=Sakura, CN=Demo Sakura Merchant CA is not by"),
    "merchant-ca-unsent": ("set.path", "the certificate of C=JP, O=Sakura, CN=Demo Sakura Merchant CA"),
    "brand-unsent": ("set.path", "the certificate of C=JP, O=Sakura, CN=Demo Sakura Brand CA"),
    "root-stranger": ("set.root", "neither a declared root nor the successor"),
    "root-expired": ("set.root", "CN=Demo SET Root expired on"),
    "root-kind": ("set.root", "not the certificate of a root CA"),
    "root-no-next": ("set.root", "does not announce the next root"),
    "root-self-signature": ("set.root", "is not signed by itself"),
    # The payment gateway.
    "gateway-unsent": ("set.gateway", "no certificate with its thumb"),
    "gateway-expired": ("set.gateway", "CN=Demo gateway expired on"),
    "gateway-kind": ("set.gateway", "not the certificate of a payment gateway"),
    "gateway-thumb": ("set.gateway", "no certificate with its thumb"),
    "gateway-brand": ("set.gateway", "it is of another brand"),
    "payment-ca-expired": ("set.gateway", "CN=Demo Sakura Payment CA expired on"),
    "payment-ca-unsent": ("set.gateway", "it has no path to the root"),
    # Revocation.
    "merchant-revoked": ("set.revoked", "CN=Aoba Shoten is on the list of"),
    "merchant-ca-revoked": ("set.revoked", "CN=Demo Sakura Merchant CA is on the list of"),
    "brand-revoked": ("set.revoked", "CN=Demo Sakura Brand CA is on the list of"),
    "gateway-revoked": ("set.revoked", "CN=Demo gateway is on the list of"),
    "crl-missing": ("set.crl", "CN=Demo Sakura Merchant CA was not sent"),
    "crl-root-missing": ("set.crl", "CN=Demo SET Root was not sent"),
    "crl-stale": ("set.crl", "was to be replaced on"),
    "crl-future": ("set.crl", "CN=Demo Sakura Merchant CA is dated"),
    "crl-endless": ("set.crl", "does not say until when"),
    "crl-signature": ("set.crl", "is not signed by it"),
    "crl-no-number": ("set.crl", "has no number"),
    "crl-old": ("set.crl", "older than the brand asks for"),
    "crl-critical": ("set.crl", "critical extension"),
    "brand-list-missing": ("set.brand-crls", "it was not sent"),
    "brand-list-signature": ("set.brand-crls", "not signed by the brand"),
    "brand-list-stale": ("set.brand-crls", "it was valid until"),
    "brand-list-future": ("set.brand-crls", "it is valid only from"),
    "brand-list-other": ("set.brand-crls", "it is for another brand"),
    # The initiation message.
    "initiation-type": ("set.initiation", "no application/set-payment-initiation"),
    "initiation-url": ("set.url-differs", "sends customers to another URL"),
    "initiation-no-url": ("set.initiation", "the field SET-SET-URL is missing"),
    "initiation-version": ("set.version-differs", "says version 2.0"),
    "initiation-brand": ("set.initiation", "does not offer the declared brand"),
    "initiation-kind": ("set.initiation", "does not say Payment-Initiation"),
    "initiation-japanese": ("set.kind-differs", "extensions of SET(JPO) were seen"),
}
NO_FAIL = {"merchant-soon": Grade.GUIDANCE, "extension-unknown": Grade.ADVISORY}
"""Faults that are told and do not fail the server."""


@pytest.fixture(scope="module")
def judged() -> dict[str, Judgement]:
    """Every merchant, looked at over a real socket and judged."""
    keys()
    return run_all([*RIGHT, *FAULTS.values()])


def test_every_fault_has_its_name() -> None:
    assert set(NAMED) == set(FAULTS)
    assert len(NAMED) > 100


@pytest.mark.parametrize("name", [fault.name for fault in RIGHT])
def test_what_is_right_passes(judged: dict[str, Judgement], name: str) -> None:
    verdict = decide([judged[name]])
    assert verdict.findings == ()
    assert (verdict.standing, verdict.gaps) == (Standing.PASS, ())
    assert outcomes(judged[name], Outcome.NOT_APPLICABLE) == set()


@pytest.mark.parametrize("name", NAMED)
def test_a_fault_is_named_and_nothing_else_is(judged: dict[str, Judgement], name: str) -> None:
    rule, cause = NAMED[name]
    (finding,) = judged[name].findings
    assert (finding.rule, finding.item, finding.server) == (rule, Item.SET, "web")
    assert cause in finding.title.en
    assert finding.title.ja
    assert finding.title.ja != finding.title.en
    assert finding.clause.startswith("4.3.5.2, bullet ")
    assert len(finding.evidence) >= 2
    assert finding.grade is NO_FAIL.get(name, Grade.FAILING)
    assert (decide([judged[name]]).standing is Standing.PASS) == (name in NO_FAIL)
    assert rule in outcomes(judged[name], Outcome.FOUND)


def test_what_cannot_be_said_any_more_is_not_called_clean(judged: dict[str, Judgement]) -> None:
    silent = outcomes(judged["not-found"], Outcome.NOT_TESTED)
    assert {"set.signature", "set.merchant-certificate", "set.path", "set.revoked", "set.root", "set.crl"} <= silent
    assert outcomes(judged["not-found"], Outcome.CLEAN) == {"set.initiation", "set.url-differs"}
    assert {"set.crl", "set.revoked", "set.root", "set.brand-crls"} <= outcomes(
        judged["brand-unsent"], Outcome.NOT_TESTED
    )
    assert "set.revoked" in outcomes(judged["crl-missing"], Outcome.NOT_TESTED)
    assert "set.crl" in outcomes(judged["brand-list-signature"], Outcome.NOT_TESTED)
    assert "set.revoked" in outcomes(judged["gateway-unsent"], Outcome.NOT_TESTED)
