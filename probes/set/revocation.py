"""Judges revocation lists, the brand's list of them, and whether a certificate is on one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from probes.set import causes, rules, unconfirmed
from probes.set.certificates import KNOWN_IN_CRL
from probes.set.chain import Chains
from probes.set.opinion import Breach, Case, Gap, Opinions, day, say
from probes.set.parts import BrandCrls, Certificate, Crl
from probes.set.signing import made_by

_SLACK = timedelta(minutes=30)
"""How far a clock may be off before a list counts as made in the future."""


def revocation(case: Case, chains: Chains) -> Opinions:
    """Judge every list that is needed. Without a path nobody knows who has to sign them: that is said by `chain.py`."""
    if chains.brand is None:
        return
    named, opinions = _brand(case, chains.brand)
    yield from opinions
    if any(opinion.why in {causes.NO_BRAND_CRLS, causes.BRAND_SIGNATURE} for opinion in opinions):
        yield Gap(rules.CRL, "nobody knows which lists the brand asks for")
    for authority in chains.authorities:
        yield from _authority(case, chains, authority, named.get(authority.subject.der))
    known = {authority.subject.der for authority in chains.authorities}
    for issuer, number in named.items():
        lists = [one for one in case.answer.crls if one.issuer.der == issuer]
        if issuer not in known and not any((one.number or 0) >= number for one in lists):
            yield Breach(rules.CRL, say(causes.NO_CRL, name=_shown(case, issuer)))


def _shown(case: Case, issuer: bytes) -> str:
    brand = case.answer.brand_crls
    return next((held.issuer.shown for held in brand.crls if held.issuer.der == issuer), "?") if brand else "?"


def _brand(case: Case, brand: Certificate) -> tuple[Mapping[bytes, int], Sequence[Breach]]:
    """Judge the brand's list; give the lowest number that will do for each issuer, when it can be believed."""
    listed = case.answer.brand_crls
    if listed is None:
        return {}, [Breach(rules.BRAND_CRLS, causes.NO_BRAND_CRLS)]
    signed = listed.signed
    if not made_by(brand, signed.unsigned, signed.algorithm, signed.signature):
        return {}, [Breach(rules.BRAND_CRLS, causes.BRAND_SIGNATURE, f"brand {brand.subject.shown}")]
    return {held.issuer.der: held.number for held in listed.crls}, list(_brand_contents(case, listed))


def _brand_contents(case: Case, listed: BrandCrls) -> Iterator[Breach]:
    shown = f"valid {day(listed.not_before)}..{day(listed.not_after)}"
    if unconfirmed.brand_of(listed.brand_id) != unconfirmed.brand_of(case.endpoint.brand):
        yield Breach(rules.BRAND_CRLS, causes.BRAND_OTHER, listed.brand_id, case.endpoint.brand)
    if case.at > listed.not_after:
        yield Breach(rules.BRAND_CRLS, say(causes.BRAND_STALE, day=day(listed.not_after)), shown)
    elif listed.not_before - case.at > _SLACK:
        yield Breach(rules.BRAND_CRLS, say(causes.BRAND_FUTURE, day=day(listed.not_before)), shown)
    if any(extension.critical for extension in listed.extensions):
        yield Breach(rules.BRAND_CRLS, causes.BRAND_CRITICAL, ", ".join(one.oid for one in listed.extensions))


def _authority(case: Case, chains: Chains, authority: Certificate, wanted: int | None) -> Opinions:
    """Judge the list of one authority, and everything of the paths that it issued."""
    name = authority.subject.shown
    lists = [one for one in case.answer.crls if one.issuer.der == authority.subject.der]
    right = [one for one in lists if _by(authority, one)]
    if not right:
        cause = causes.CRL_SIGNATURE if lists else causes.NO_CRL
        yield Breach(rules.CRL, say(cause, name=name), f"{len(lists)} lists of that name")
        yield Gap(rules.REVOKED, f"there is no valid list of {name}")
        return
    latest = max(right, key=lambda one: (one.number or 0, one.this_update))
    broken = list(_contents(case, latest, name, wanted))
    yield from broken
    below = [one for one in chains.issued if one.issuer.der == authority.subject.der]
    revoked = [one for one in below if one.serial in latest.revoked]
    for one in revoked:
        words = {"name": one.subject.shown, "issuer": name}
        yield Breach(rules.REVOKED, say(causes.ON_CRL, **words), f"serial number {one.serial}")
    if broken and len(revoked) < len(below):
        yield Gap(rules.REVOKED, f"there is no valid list of {name}")


def _by(authority: Certificate, one: Crl) -> bool:
    return made_by(authority, one.signed.unsigned, one.signed.algorithm, one.signed.signature)


def _contents(case: Case, one: Crl, name: str, wanted: int | None) -> Opinions:
    until = "?" if one.next_update is None else day(one.next_update)
    shown = f"number {one.number}, {day(one.this_update)}..{until}"
    if one.next_update is None:
        yield Breach(rules.CRL, say(causes.CRL_NO_END, name=name), shown)
    elif case.at > one.next_update:
        yield Breach(rules.CRL, say(causes.CRL_STALE, name=name, day=until), shown)
    if one.this_update - case.at > _SLACK:
        yield Breach(rules.CRL, say(causes.CRL_FUTURE, name=name, day=day(one.this_update)), shown)
    if one.number is None:
        yield Breach(rules.CRL, say(causes.CRL_NO_NUMBER, name=name), shown)
    elif wanted is not None and one.number < wanted:
        yield Breach(rules.CRL, say(causes.CRL_OLD, name=name), shown, f"at least number {wanted}")
    strange = [entry.oid for entry in one.extensions if entry.critical and entry.oid not in KNOWN_IN_CRL]
    if strange:
        yield Breach(rules.CRL, say(causes.CRL_CRITICAL, name=name), ", ".join(strange))
