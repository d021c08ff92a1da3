"""Judges the certificate chains of one TLS end point: names, dates, profile, path, what was sent, CRLs and OCSP. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from plugins.text import Text
from probes.finding import Grade
from probes.rule import Rule
from probes.target import Scope, TlsEndpoint
from probes.tls import rules
from probes.tls.anchors import anchor_certificates, vouched
from probes.tls.chain import kinds
from probes.tls.chain.build import Question, Way, build
from probes.tls.chain.certificate import Certificate
from probes.tls.chain.flaw import About, Flaw, Weight
from probes.tls.chain.general_names import NameKind, address_of
from probes.tls.chain.verify import name_flaws, one_cause
from probes.tls.facts import Opinion, TlsSeen
from probes.tls.revocation import certificates_in, missing_issuer, sent_certificates
from probes.tls.statuses import Known, Statuses


@dataclass(frozen=True)
class Breach:
    """One rule that is broken."""

    rule: Rule
    """The rule."""
    why: Text
    """The cause in plain words."""
    grade: Grade
    """What it means here."""
    declared: str = ""
    """What was declared."""
    seen: str = ""
    """What was seen."""


Gap = tuple[str, str]
"""Rule id and why it could not be applied."""
_RULES = {
    About.NAMES: rules.CERTIFICATE_NAMES,
    About.PATH: rules.PATH,
    About.SENT: rules.CHAIN_SENT,
    About.CRL: rules.CRL,
    About.OCSP: rules.OCSP,
    About.REVOKED: rules.REVOKED,
}
_GRADES = {Weight.REJECTS: Grade.FAILING, Weight.GUIDANCE: Grade.GUIDANCE, Weight.REMARK: Grade.ADVISORY}
_SILENT = {
    kinds.PURPOSE_MISSING.code,
    kinds.PURPOSE_ANY.code,
    kinds.PURPOSE_CRITICAL.code,
    kinds.NO_KEY_USAGE_ANCHOR.code,
    kinds.ANCHOR_PURPOSES.code,
    kinds.CROSS_SIGNED_ANCHOR.code,
    kinds.CONSTRAINTS_NOT_CRITICAL.code,
}
"""Remarks that nobody can act upon are for `tenken chain verify`, not for an inspection's report."""


class CertificateJudge:
    """Forms opinions about chains at the moment at which they were seen."""

    def __init__(self, scope: Scope, endpoint: TlsEndpoint, at: datetime, known: Known) -> None:
        self._anchors = anchor_certificates(scope.anchors)
        self._endpoint = endpoint
        self._at = at
        self._known = known

    def judge(self, seen: TlsSeen) -> tuple[list[Breach], tuple[Gap, ...], tuple[Gap, ...]]:
        """Judge all chains; what is wrong with two of them in the same way is said once.

        Gives breaches, rules that could not be applied, and rules that ask about something that is not there.
        """
        if not seen.chains:
            others = [rule for rule in rules.CERTIFICATE_RULES if rule is not rules.PATH]
            without = tuple((rule.id, "the server sends no certificate") for rule in others)
            return [Breach(rules.PATH, rules.NO_CERTIFICATE, Grade.FAILING)], without, ()
        breaches: dict[tuple[str, str], Breach] = {}
        gaps: list[Gap] = []
        moot: list[Gap] = []
        for number, chain in enumerate(seen.chains):
            sent = sent_certificates(chain)
            if not sent:
                gaps += [(rule.id, "the server certificate cannot be read") for rule in rules.CERTIFICATE_RULES]
                continue
            for breach in self._chain(sent, number, seen, gaps, moot):
                breaches.setdefault((breach.rule.id, breach.why.en), breach)
        # What one chain does not have another one may: only what none has does not apply.
        everywhere = [gap for gap in moot if sum(gap[0] == other[0] for other in moot) == len(seen.chains)]
        return list(breaches.values()), tuple(gaps), tuple(everywhere)

    def _chain(
        self, sent: tuple[Certificate, ...], number: int, seen: TlsSeen, gaps: list[Gap], moot: list[Gap]
    ) -> Iterator[Breach]:
        way, flaws, statuses = self.examined(sent, number, seen)
        if any(flaw.kind is kinds.TOO_COMPLEX for flaw in flaws):
            gaps += [(rule.id, _complex(way)) for rule in (rules.PATH, rules.CRL, rules.OCSP, rules.REVOKED)]
        gaps += statuses.gaps
        moot += statuses.moot
        if set(way.path) <= {*sent, *self._anchors}:  # the libraries were shown what was sent
            gaps += self._opinions(way, number, seen.opinions)
        for flaw in flaws:
            if flaw.kind is not kinds.TOO_COMPLEX:
                yield self._breach(flaw, way)

    def examined(
        self, sent: tuple[Certificate, ...], number: int, seen: TlsSeen
    ) -> tuple[Way, tuple[Flaw, ...], Statuses]:
        """Give the path of one chain, everything that is wrong with it, and what the sources of revocation say."""
        way, fetched = self._way(sent)
        statuses = Statuses(way, sent, self._known, self._at)
        staples = [staple.der for staple in seen.staples if staple.chain == number]
        flaws = [
            *way.flaws,
            *name_flaws(sent[0], self._names()),
            *_sent(sent, way, fetched),
            *statuses.judge(staples),
        ]
        return way, tuple(flaw for flaw in one_cause(flaws) if flaw.kind.code not in _SILENT), statuses

    def _way(self, sent: tuple[Certificate, ...]) -> tuple[Way, tuple[Certificate, ...]]:
        """Build the path; with what was fetched where the server forgot an intermediate."""
        question = Question(leaf=sent[0], sent=sent[1:], anchors=self._anchors, at=self._at, vouched=vouched())
        way, held = build(question), sent
        while (lacking := missing_issuer(way)) is not None:
            more = [one for body in self._known.issuers(lacking) for one in certificates_in(body) if one not in held]
            if not more:
                break
            held = (*held, *more)
            way = build(Question(**{**vars(question), "sent": held[1:]}))
        return way, held[len(sent) :]

    def _names(self) -> tuple[tuple[NameKind, str], ...]:
        wanted = self._endpoint.names or (self._endpoint.server_name,)
        return tuple((NameKind.IP if address_of(name) else NameKind.DNS, name) for name in wanted)

    def _breach(self, flaw: Flaw, way: Way) -> Breach:
        leaf = flaw.certificate is None or flaw.certificate == way.path[0]
        match flaw.kind.about:
            case About.DATES:
                rule = rules.CERTIFICATE_DATES if leaf else rules.CHAIN_CERTIFICATE
            case About.CERTIFICATE:
                rule = rules.CERTIFICATE_PROFILE if leaf else rules.CHAIN_CERTIFICATE
            case about:
                rule = _RULES[about]
        declared = ", ".join(name for _, name in self._names()) if flaw.kind.about is About.NAMES else ""
        return Breach(rule, flaw.text, _GRADES[flaw.kind.weight], declared, facts_of(flaw, way))

    def _opinions(self, way: Way, number: int, opinions: Sequence[Opinion]) -> Iterator[Gap]:
        """Where we see a good path and every other library sees none, somebody is wrong, and it is not known who."""
        others = [one for one in opinions if one.chain == number and one.accepts is not None]
        if way.good(frozenset()) and len(others) > 1 and not any(one.accepts for one in others):
            words = "; ".join(f"{one.by}: {one.words}" for one in others)
            yield rules.PATH.id, f"other libraries do not accept the path: {words}"


def _complex(way: Way) -> str:
    return next(flaw.text.en for flaw in way.flaws if flaw.kind is kinds.TOO_COMPLEX)


def _sent(sent: Sequence[Certificate], way: Way, fetched: Sequence[Certificate]) -> Iterator[Flaw]:
    """Give what is wrong with what the server sent, apart from what a certificate says (RFC 8446, section 4.4.2)."""
    for certificate in way.path:
        if certificate in fetched:
            yield Flaw(kinds.SENT_FETCHED, certificate, {"detail": "the address in the certificate below it"})
    if not way.complete:
        return
    for certificate in sent[1:]:
        if certificate not in way.path:
            yield Flaw(kinds.SENT_EXTRA, certificate)
    positions = [way.path.index(certificate) for certificate in sent if certificate in way.path]
    if positions != sorted(positions):
        yield Flaw(kinds.SENT_ORDER, None)
    elif len(way.path) > 1 and way.path[-1] in sent[1:]:
        yield Flaw(kinds.SENT_ROOT, way.path[-1])


def facts_of(flaw: Flaw, way: Way) -> str:
    """Describe the certificate that a flaw is about, or the whole path, in one line."""
    certificates = (flaw.certificate,) if flaw.certificate else way.path
    return "; ".join(_line(certificate) for certificate in certificates)[:1000] + f" [{flaw.kind.source}]"


def _line(certificate: Certificate) -> str:
    days = f"{certificate.not_before:%Y-%m-%d}..{certificate.not_after:%Y-%m-%d}"
    return f"{certificate.shown}, serial {certificate.serial:x}, valid {days}, sha256 {certificate.fingerprint}"
