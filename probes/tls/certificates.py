"""Judges the certificate chains of one TLS end point: dates, names, path, the certificates above the leaf. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from plugins.text import Text
from probes.rule import Rule, Words, filled
from probes.target import Scope, TlsEndpoint
from probes.tls import rules
from probes.tls.anchors import anchors, load
from probes.tls.names import holds, names_of
from probes.tls.path import NoPath, Path, find_path, shown, valid_at
from probes.transcript import printable

Breach = tuple[Rule, Words, str, str]
"""Rule, words for its template, what was declared, what was seen."""
Gap = tuple[str, str]
"""Rule id and why it could not be applied."""

_CERTIFICATE_RULES = (rules.CERTIFICATE_DATES, rules.CERTIFICATE_NAMES, rules.PATH, rules.CHAIN_CERTIFICATE)


class CertificateJudge:
    """Forms opinions about chains at the moment at which they were seen."""

    def __init__(self, scope: Scope, endpoint: TlsEndpoint, at: datetime) -> None:
        self._anchors = anchors(scope.anchors)
        self._endpoint = endpoint
        self._at = at

    def judge(self, chains: Sequence[Sequence[str]]) -> tuple[list[Breach], tuple[Gap, ...]]:
        """Judge all chains; what is wrong with two of them in the same way is said once."""
        if not chains:
            others = [rule for rule in _CERTIFICATE_RULES if rule is not rules.PATH]
            without = tuple((rule.id, "the server sends no certificate") for rule in others)
            return [(rules.PATH, {"why": rules.NO_CERTIFICATE}, "", "")], without
        breaches: dict[str, Breach] = {}
        gaps: list[Gap] = []
        for chain in chains:
            try:
                for breach in self._chain(chain, gaps):
                    breaches.setdefault(_cause(breach), breach)
            except (ValueError, UnsupportedAlgorithm) as error:
                reason = f"a certificate cannot be read: {printable(str(error).encode(), 150)}"
                gaps += [(rule.id, reason) for rule in _CERTIFICATE_RULES]
        return list(breaches.values()), tuple(gaps)

    def _chain(self, chain: Sequence[str], gaps: list[Gap]) -> Iterator[Breach]:
        certificates = [load(pem.encode())[0] for pem in chain]
        leaf = certificates[0]
        if not valid_at(leaf, self._at):
            yield rules.CERTIFICATE_DATES, {"validity": self._validity(leaf)}, "", _facts(leaf)
        yield from self._names(leaf)
        path = find_path(certificates, self._anchors, self._at)
        if isinstance(path, NoPath):
            yield rules.PATH, {"why": path.why}, "", "; ".join(_facts(certificate) for certificate in certificates)
        if path is None:
            gaps.append((rules.PATH.id, "the certificate names nobody, so its path cannot be checked"))
        if isinstance(path, Path) and not path.checked:
            gaps.append((rules.PATH.id, "the certificates of the path were never valid at the same time"))
        yield from self._above(path.certificates if isinstance(path, Path) else certificates)

    def _names(self, leaf: x509.Certificate) -> Iterator[Breach]:
        presented = names_of(leaf)
        wanted = self._endpoint.names or (self._endpoint.server_name,)
        missing = [name for name in wanted if not holds(presented, name)]
        if missing:
            seen = printable(", ".join(presented).encode(), 300) or "no subjectAltName"
            yield rules.CERTIFICATE_NAMES, {"names": ", ".join(missing)}, ", ".join(wanted), seen

    def _above(self, certificates: Sequence[x509.Certificate]) -> Iterator[Breach]:
        for certificate in certificates[1:]:
            if not valid_at(certificate, self._at):
                words: Words = {"name": shown(certificate.subject), "validity": self._validity(certificate)}
                yield rules.CHAIN_CERTIFICATE, words, "", _facts(certificate)

    def _validity(self, certificate: x509.Certificate) -> Text:
        early = self._at < certificate.not_valid_before_utc
        day = certificate.not_valid_before_utc if early else certificate.not_valid_after_utc
        return filled(rules.NOT_YET if early else rules.EXPIRED, {"day": f"{day:%Y-%m-%d}"})


def _cause(breach: Breach) -> str:
    rule, words, *_ = breach
    return f"{rule.id} {sorted((name, str(word)) for name, word in words.items())}"


def _facts(certificate: x509.Certificate) -> str:
    """Describe a certificate in one line."""
    days = f"{certificate.not_valid_before_utc:%Y-%m-%d}..{certificate.not_valid_after_utc:%Y-%m-%d}"
    return f"{shown(certificate.subject)}, issued by {shown(certificate.issuer)}, valid {days}"
