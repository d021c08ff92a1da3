"""Paths and the profile of single certificates: the cases that no merchant of the simulator has."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from dashboards.demo.merchant.answer import GOOD, Fault
from dashboards.demo.merchant.papers import BRAND_CA, DAY, GEO_CA, MERCHANT, MERCHANT_CA, ROOT, Papers
from dashboards.demo.merchant.registry import Registry
from probes.set import papers as profile
from probes.set import rules
from probes.set.certificates import read_certificate
from probes.set.parts import Certificate, KeyUsage
from probes.set.path import NoPath, Path, find_path
from probes.set.signing import issued, made_by
from tests.probes.set.scene import keys, merchant_with

NOW = datetime.now(UTC)
GEO = Fault("geo", "With a geopolitical authority.", geopolitical=True)


@cache
def hierarchy(fault: Fault = GOOD) -> dict[str, Certificate]:
    """Every certificate of a hierarchy, by holder."""
    made = merchant_with(fault)
    return {holder: read_certificate(made._registry.certificate(holder).dump()) for holder in made.papers.certificates}


def again(papers: Papers, holder: str) -> Certificate:
    return read_certificate(Registry(papers, keys()).certificate(holder).dump())


def test_the_path_of_a_merchant() -> None:
    all_of = hierarchy()
    found = find_path(all_of[MERCHANT], list(all_of.values()), [all_of[ROOT]], NOW)
    assert isinstance(found, Path)
    assert found.certificates == tuple(all_of[holder] for holder in (MERCHANT, MERCHANT_CA, BRAND_CA, ROOT))
    assert (found.root, found.brand) == (all_of[ROOT], all_of[BRAND_CA])


def test_the_path_with_a_geopolitical_authority() -> None:
    all_of = hierarchy(GEO)
    found = find_path(all_of[MERCHANT], list(all_of.values()), [all_of[ROOT]], NOW)
    assert isinstance(found, Path)
    assert [one.subject for one in found.certificates] == [
        all_of[holder].subject for holder in (MERCHANT, MERCHANT_CA, GEO_CA, BRAND_CA, ROOT)
    ]


@pytest.mark.parametrize("first", ["old", "new"])
def test_of_a_renewed_certificate_the_valid_one_is_used_in_whatever_order_they_come(first: str) -> None:
    all_of = hierarchy()
    papers = merchant_with().papers
    papers.certificates[BRAND_CA].not_after = papers.now - DAY
    papers.certificates[BRAND_CA].serial = 99
    old = again(papers, BRAND_CA)
    pair = [old, all_of[BRAND_CA]] if first == "old" else [all_of[BRAND_CA], old]
    found = find_path(all_of[MERCHANT], [all_of[MERCHANT_CA], *pair], [all_of[ROOT]], NOW)
    assert isinstance(found, Path)
    assert found.brand == all_of[BRAND_CA]


def test_a_dead_end_is_left_for_another_way() -> None:
    """An unknown root with the same name and key of the brand below it does not hide the right way."""
    all_of = hierarchy()
    papers = merchant_with().papers
    papers.certificates[BRAND_CA].issuer = "stranger"
    astray = again(papers, BRAND_CA)
    found = find_path(all_of[MERCHANT], [all_of[MERCHANT_CA], astray, all_of[BRAND_CA]], [all_of[ROOT]], NOW)
    assert isinstance(found, Path)
    alone = find_path(all_of[MERCHANT], [all_of[MERCHANT_CA], astray], [all_of[ROOT]], NOW)
    assert isinstance(alone, NoPath)
    assert "Demo stranger" in alone.why.en


def test_a_ring_of_authorities_ends() -> None:
    """Two authorities that certify each other lead nowhere."""
    papers = merchant_with().papers
    papers.certificates[MERCHANT_CA].issuer = BRAND_CA
    papers.certificates[BRAND_CA].issuer = MERCHANT_CA
    ring = [again(papers, holder) for holder in (MERCHANT_CA, BRAND_CA)]
    found = find_path(hierarchy()[MERCHANT], ring, [hierarchy()[ROOT]], NOW)
    assert isinstance(found, NoPath)
    assert found.rule is rules.PATH


def test_a_long_row_of_authorities_ends() -> None:
    papers = merchant_with().papers
    row = []
    for number in range(12):
        holder = f"ca-{number}"
        papers.certificates[holder] = replace(
            papers.certificates[MERCHANT_CA],
            holder=holder,
            issuer=f"ca-{number + 1}",
            common_name=holder,
            key_of=MERCHANT_CA,
            signed_by=MERCHANT_CA,
        )
    papers.certificates[MERCHANT].issuer = "ca-0"
    papers.certificates[MERCHANT].signed_by = MERCHANT_CA
    row = [again(papers, f"ca-{number}") for number in range(11)]
    found = find_path(again(papers, MERCHANT), row, [hierarchy()[ROOT]], NOW)
    assert isinstance(found, NoPath)
    assert found.why.en == "it leads nowhere within 8 steps"


def test_a_crowd_with_one_name_is_walked_in_bounded_time() -> None:
    """Twenty-four certificates of one name and key above each other: every one is tried once."""
    papers = merchant_with().papers
    papers.certificates[BRAND_CA].issuer = BRAND_CA
    crowd = []
    for serial in range(1000, 1024):
        papers.certificates[BRAND_CA].serial = serial
        papers.certificates[BRAND_CA].signed_by = MERCHANT_CA
        crowd.append(again(papers, BRAND_CA))
    began = time.monotonic()
    found = find_path(hierarchy()[MERCHANT], [hierarchy()[MERCHANT_CA], *crowd], [hierarchy()[ROOT]], NOW)
    assert isinstance(found, NoPath)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("count", [1, 2, 3, 6, 8])
def test_set_knows_paths_of_four_and_five(count: int) -> None:
    assert profile.levels(profile.MERCHANT, profile.MERCHANT_CA, count) is None
    assert profile.levels(profile.MERCHANT, profile.MERCHANT_CA, 4) is not None


def faults_of(certificate: Certificate, at: datetime = NOW) -> list[str]:
    issuer = hierarchy()[MERCHANT_CA]
    found = profile.faults(certificate, profile.MERCHANT, issuer, 0, at, frozenset())
    return [why.en.replace(certificate.subject.shown, "it") for why, _ in found]


def test_a_right_certificate_has_no_fault() -> None:
    assert faults_of(hierarchy()[MERCHANT]) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"key_bits": 1023}, "the key of it is no RSA key of at least 1024 bits"),
        ({"key_bits": 0}, "the key of it is no RSA key of at least 1024 bits"),
        ({"usage": None}, "the key of it is not for this use (keyUsage)"),
        ({"usage": KeyUsage(uses=frozenset(), critical=True)}, "the key of it is not for this use (keyUsage)"),
        ({"kinds": frozenset()}, "it is not the certificate of a merchant (certificateType)"),
        ({"key_from": NOW + DAY}, "the key of it may no longer, or not yet, sign"),
        ({"version": 1}, "it is no X.509 version 3 certificate"),
        ({"policies": ()}, "it names no policy (certificatePolicies)"),
        ({"unreadable": ("2.5.29.15",)}, "an extension of it cannot be read, or stands twice"),
    ],
)
def test_single_faults(changes: dict[str, object], fault: str) -> None:
    assert faults_of(replace(hierarchy()[MERCHANT], **changes)) == [fault]  # type: ignore[arg-type]  # names of fields


def test_another_signature_algorithm_is_not_sets() -> None:
    merchant = hierarchy()[MERCHANT]
    other = replace(merchant, signed=replace(merchant.signed, algorithm="1.2.840.113549.1.1.11"))
    assert faults_of(other) == ["it is not signed as SET 1.0 has it (RSA with SHA-1)"]
    assert issued(merchant, hierarchy()[MERCHANT_CA])
    assert not issued(other, hierarchy()[MERCHANT_CA])


def test_both_ends_of_the_validity_belong_to_it() -> None:
    merchant = hierarchy()[MERCHANT]
    assert faults_of(merchant, merchant.not_before) == faults_of(merchant, merchant.not_after) == []
    second = timedelta(seconds=1)
    assert "valid only from" in faults_of(merchant, merchant.not_before - second)[0]
    assert "expired on" in faults_of(merchant, merchant.not_after + second)[0]


def test_a_key_that_would_take_long_is_not_used() -> None:
    merchant = hierarchy()[MERCHANT]
    signed = merchant.signed
    authority = hierarchy()[MERCHANT_CA]
    assert made_by(authority, signed.unsigned, signed.algorithm, signed.signature)
    long = replace(authority, key_bits=8193)
    assert not made_by(long, signed.unsigned, signed.algorithm, signed.signature)
    broken = replace(authority, public_key=b"\x30\x00")
    assert not made_by(broken, signed.unsigned, signed.algorithm, signed.signature)
