"""Judges the certificates behind an answer: the merchant's, the path, everything above, the root, the payment gateway's. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from plugins.text import Text
from plugins.value import value
from probes.rule import Rule
from probes.set import causes, papers, rules, unconfirmed
from probes.set.opinion import Breach, Case, Gap, Opinion, Opinions, Skip, day, say
from probes.set.papers import Level
from probes.set.parts import Certificate
from probes.set.path import NoPath, Path, find_path
from probes.set.signature import signer_of
from probes.set.signing import issued, thumb
from probes.transcript import printable

SOON = timedelta(days=30)
"""A certificate that ends within this time is told of beforehand."""


@value
class Chains:
    """The paths behind an answer, as far as they could be found."""

    merchant: Path | None = None
    """From the merchant's certificate."""
    gateway: Path | None = None
    """From the payment gateway's certificate."""

    @property
    def brand(self) -> Certificate | None:
        """The brand's certificate."""
        return self.merchant.brand if self.merchant else None

    @property
    def authorities(self) -> tuple[Certificate, ...]:
        """Everybody who issued something here, each once."""
        paths = [path.certificates[1:] for path in (self.merchant, self.gateway) if path]
        return tuple(dict.fromkeys(one for path in paths for one in path))

    @property
    def issued(self) -> tuple[Certificate, ...]:
        """Everything that can be revoked, each once."""
        paths = [path.certificates[:-1] for path in (self.merchant, self.gateway) if path]
        return tuple(dict.fromkeys(one for path in paths for one in path))


def chains_of(case: Case) -> tuple[Chains, Sequence[Opinion]]:
    """Give the paths, and what is to be said about them and about the certificates in them."""
    said: list[Opinion] = []
    merchant = signer_of(case.answer)
    if merchant is None:
        said += [Gap(rule, "the merchant's certificate was not sent") for rule in _CERTIFICATE_RULES]
        return Chains(), said
    said += _merchant(case, merchant)
    path = find_path(merchant, case.answer.certificates, case.roots, case.at)
    if isinstance(path, NoPath):
        said.append(Breach(path.rule, path.why))
        said += [Gap(rule, "the path to the root is not complete") for rule in _PATH_RULES if rule is not path.rule]
        return Chains(), said
    said += _merchant_path(case, path)
    gateway, opinions = _gateway(case, path)
    if gateway is None:
        said.append(Gap(rules.REVOKED, "the payment gateway's certificate has no path to the root"))
    return Chains(merchant=path, gateway=gateway), [*said, *opinions]


_PATH_RULES = (
    rules.PATH,
    rules.CHAIN_CERTIFICATE,
    rules.CRL,
    rules.BRAND_CRLS,
    rules.REVOKED,
    rules.ROOT,
    rules.GATEWAY,
)
_CERTIFICATE_RULES = (rules.MERCHANT_CERTIFICATE, rules.MERCHANT_DIFFERS, rules.ENDS_SOON, *_PATH_RULES)


def _known(case: Case) -> frozenset[str]:
    profile = case.endpoint.profile
    return frozenset({*profile.extensions, *profile.marks})


def _merchant(case: Case, merchant: Certificate) -> Opinions:
    endpoint, data = case.endpoint, merchant.merchant
    if timedelta() <= merchant.not_after - case.at < SOON:
        left = (merchant.not_after - case.at).days
        yield Breach(rules.ENDS_SOON, say(causes.ENDS, day=day(merchant.not_after)), f"{left} days left")
    if not any((endpoint.merchant_id, endpoint.acquirer_bin, endpoint.merchant_name)):
        yield Skip(rules.MERCHANT_DIFFERS, "nothing about the merchant is declared")
        return
    if data is None:
        yield Gap(rules.MERCHANT_DIFFERS, "the certificate does not say which merchant it is for")
        return
    if endpoint.merchant_id not in {"", data.merchant_id}:
        yield _differs(causes.MERCHANT_ID, endpoint.merchant_id, data.merchant_id)
    if endpoint.acquirer_bin not in {"", data.acquirer_bin}:
        yield _differs(causes.ACQUIRER, endpoint.acquirer_bin, data.acquirer_bin)
    if endpoint.merchant_name not in {"", *data.names}:
        yield _differs(causes.MERCHANT_NAME, endpoint.merchant_name, ", ".join(data.names))


def _differs(cause: Text, declared: str, seen: str) -> Breach:
    return Breach(rules.MERCHANT_DIFFERS, cause, printable(seen.encode("utf-8", "replace"), 150), declared)


def _merchant_path(case: Case, path: Path) -> Opinions:
    expected = papers.levels(papers.MERCHANT, papers.MERCHANT_CA, len(path.certificates))
    if expected is None:
        yield Breach(rules.PATH, say(causes.LEVELS, count=str(len(path.certificates))), _shown(path))
        yield from (Gap(rule, "SET knows no path of that length") for rule in _LEVEL_RULES)
        return
    organisation = path.brand.subject.organisation
    if unconfirmed.brand_of(organisation) != unconfirmed.brand_of(case.endpoint.brand):
        name = printable(organisation.encode("utf-8", "replace"), 80)
        yield Breach(rules.PATH, say(causes.OTHER_BRAND, name=name), _shown(path), case.endpoint.brand)
    if not issued(path.root, path.root):
        yield Breach(rules.ROOT, say(causes.SELF_SIGNATURE, name=path.root.subject.shown))
    for position, level in enumerate(expected):
        yield from _profile(case, path, position, level, _RULE_OF.get(level.kind, rules.CHAIN_CERTIFICATE))


_LEVEL_RULES = (rules.MERCHANT_CERTIFICATE, rules.CHAIN_CERTIFICATE, rules.ROOT)
_RULE_OF = {papers.MERCHANT.kind: rules.MERCHANT_CERTIFICATE, papers.ROOT.kind: rules.ROOT}


def _shown(path: Path) -> str:
    return " < ".join(one.subject.shown for one in path.certificates)


def _profile(case: Case, path: Path, position: int, level: Level, rule: Rule) -> Opinions:
    certificate = path.certificates[position]
    issuer = path.certificates[min(position + 1, len(path.certificates) - 1)]
    for why, seen in papers.faults(certificate, level, issuer, max(0, position - 1), case.at, _known(case)):
        yield Breach(rule, why, seen)


def _gateway(case: Case, merchant: Path) -> tuple[Path | None, Sequence[Opinion]]:
    """Judge the payment gateway's certificate, and what stands above it and not above the merchant's."""
    answer = case.answer
    found = [one for one in answer.certificates if thumb(one.signed) == answer.gateway_thumb]
    if not found:
        return None, [Breach(rules.GATEWAY, causes.NO_GATEWAY, f"PEThumb {answer.gateway_thumb.hex()[:40]}")]
    path = find_path(found[0], answer.certificates, case.roots, case.at)
    if isinstance(path, NoPath):
        return None, [Breach(rules.GATEWAY, say(causes.GATEWAY_PATH, why=path.why), found[0].subject.shown)]
    expected = papers.levels(papers.GATEWAY, papers.PAYMENT_CA, len(path.certificates))
    if expected is None:
        why = say(causes.LEVELS, count=str(len(path.certificates)))
        return path, [Breach(rules.GATEWAY, say(causes.GATEWAY_PATH, why=why), _shown(path))]
    if path.brand != merchant.brand:
        return path, [Breach(rules.GATEWAY, causes.GATEWAY_BRAND, _shown(path), case.endpoint.brand)]
    own = [position for position, one in enumerate(path.certificates) if one not in merchant.certificates]
    return path, [one for at in own for one in _profile(case, path, at, expected[at], rules.GATEWAY)]
