"""Paths to anchors, and the cause in plain words when there is none."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509

from probes.tls.path import NoPath, Path, find_path
from tests.pki import Holder, Pki, Validity

AT = datetime(2026, 3, 1, tzinfo=UTC)
PKI = Pki(AT)
ROOT = PKI.root()
INTERMEDIATE = PKI.authority(ROOT)
STRANGER = PKI.root("Strange Root")
STRANGE = PKI.authority(STRANGER, "Strange Intermediate")


def certificates(holder: Holder, *more: Holder) -> list[x509.Certificate]:
    return [holder.certificate, *holder.above, *(other.certificate for other in more)]


def test_a_good_chain_leads_to_the_root() -> None:
    path = find_path(certificates(PKI.leaf(INTERMEDIATE)), [ROOT.certificate], AT)
    assert isinstance(path, Path)
    assert [c.subject for c in path.certificates[1:]] == [INTERMEDIATE.certificate.subject, ROOT.certificate.subject]


@pytest.mark.parametrize(
    "names", [("*.shop.example",), ("192.0.2.1",), ("under_score.example", "shop.example")], ids=str
)
def test_whatever_the_leaf_is_called_its_path_can_be_found(names: tuple[str, ...]) -> None:
    assert isinstance(find_path(certificates(PKI.leaf(INTERMEDIATE, names)), [ROOT.certificate], AT), Path)


def test_without_any_name_the_path_is_not_looked_for() -> None:
    assert find_path(certificates(PKI.leaf(INTERMEDIATE, ())), [ROOT.certificate], AT) is None


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        (certificates(PKI.leaf(None)), "signed by itself"),
        (certificates(replace(PKI.leaf(INTERMEDIATE), above=())), "Test Intermediate"),
        (certificates(PKI.leaf(STRANGE)), "was not sent and is not a trusted root"),
        (certificates(PKI.leaf(STRANGE), STRANGER), "ends at the root"),
        ([PKI.leaf(INTERMEDIATE).certificate, PKI.authority(ROOT).certificate], "signature"),
    ],
    ids=["self-signed", "intermediate missing", "untrusted root, not sent", "untrusted root, sent", "wrong signer"],
)
def test_the_cause_is_told(chain: list[x509.Certificate], words: str) -> None:
    found = find_path(chain, [ROOT.certificate], AT)
    assert isinstance(found, NoPath)
    assert words in found.why.en
    assert "{" not in found.why.en + found.why.ja


def test_a_leaf_that_breaks_the_rules_is_told_apart_from_a_missing_path() -> None:
    under_leaf = PKI.leaf(PKI.leaf(INTERMEDIATE, subject="no authority"))
    found = find_path(certificates(under_leaf), [ROOT.certificate], AT)
    assert isinstance(found, NoPath)
    assert "breaks the rules" in found.why.en


@pytest.mark.parametrize(
    ("leaf", "middle", "root"),
    [
        (Validity(-90, -10), Validity(-100, 100), Validity(-200, 200)),
        (Validity(10, 90), Validity(-100, 100), Validity(-200, 200)),
        (Validity(-10, 90), Validity(-100, -5), Validity(-200, 200)),
        (Validity(-10, 90), Validity(-100, 100), Validity(-200, -5)),
    ],
    ids=["leaf expired", "leaf not yet valid", "intermediate expired", "root expired"],
)
def test_dates_are_no_path_error(leaf: Validity, middle: Validity, root: Validity) -> None:
    top = PKI.root(validity=root)
    chain = certificates(PKI.leaf(PKI.authority(top, validity=middle), validity=leaf))
    assert isinstance(find_path(chain, [top.certificate], AT), Path)


def test_an_expired_leaf_that_breaks_the_rules_does_both() -> None:
    under_leaf = PKI.leaf(
        PKI.leaf(INTERMEDIATE, subject="no authority", validity=Validity(-20, 20)), validity=Validity(-9, -1)
    )
    found = find_path(certificates(under_leaf), [ROOT.certificate], AT)
    assert isinstance(found, NoPath)
    assert "breaks the rules" in found.why.en


def test_certificates_that_were_never_valid_together_cannot_be_checked_further() -> None:
    middle = PKI.authority(ROOT, validity=Validity(-90, -30))
    found = find_path(certificates(PKI.leaf(middle, validity=Validity(-9, 9))), [ROOT.certificate], AT)
    assert isinstance(found, Path)
    assert not found.checked


def test_an_anchored_leaf_needs_no_path() -> None:
    leaf = PKI.leaf(None)
    assert find_path([leaf.certificate], [leaf.certificate], AT) == Path((leaf.certificate,))


def test_a_chain_made_to_explode_path_building_stays_bounded() -> None:
    crowd = [PKI.authority(STRANGER, "Loop") for _ in range(3)]
    loops = [PKI.authority(issuer, "Loop") for issuer in crowd for _ in range(3)]
    chain = [PKI.leaf(loops[0]).certificate, *(holder.certificate for holder in (*crowd, *loops) * 3)]
    started = time.monotonic()
    assert isinstance(find_path(chain, [ROOT.certificate], AT), NoPath)
    assert time.monotonic() - started < 2
