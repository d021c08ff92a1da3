"""What the fetched CRLs and OCSP responses say of every certificate of a path, each judged on its own. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from cryptography import x509

from probes.tls import rules
from probes.tls.chain import revocation_kinds as kinds
from probes.tls.chain.build import Way
from probes.tls.chain.certificate import Certificate
from probes.tls.chain.crl import Crl, CrlError, Surroundings, judge_crl
from probes.tls.chain.crl import read as read_crls
from probes.tls.chain.flaw import Flaw
from probes.tls.chain.locations import crl_urls, delta_urls, ocsp_urls
from probes.tls.chain.ocsp import judge_ocsp
from probes.tls.chain.status import Says, Sheet, Status
from probes.tls.facts import SourceSeen
from probes.transcript import printable

SHORT_LIVED = timedelta(days=7)
"""A certificate that lives no longer needs no source of revocation (BR 4.9.7 and 7.1.2.11.2)."""
SKEW = timedelta(minutes=5)
"""How far the clock of a source may be ahead of ours."""
Seen = tuple[datetime, SourceSeen]


class Known:
    """Everything that was fetched, by what was asked for and for whom."""

    def __init__(self, fetched: Iterable[Seen]) -> None:
        self._seen: dict[tuple[str, str, str], Seen] = {}
        for at, source in fetched:
            self._seen[source.what, source.url, source.about] = (at, source)

    def of(self, what: str, url: str, about: Certificate) -> Seen | None:
        """Give what came of one fetch; None when nobody tried."""
        return self._seen.get((what, printable(url.encode("ascii", "replace"), 600), about.fingerprint))

    def issuers(self, below: Certificate) -> Iterator[bytes]:
        """Give what was fetched as the issuer of a certificate."""
        for (what, _, about), (_, source) in self._seen.items():
            if what == "issuer" and about == below.fingerprint and source.body:
                yield source.body


class Statuses:
    """Judges one path. `gaps` and `moot` are filled on the way."""

    def __init__(self, way: Way, sent: Sequence[Certificate], known: Known, at: datetime) -> None:
        self._way, self._sent, self._known, self._at = way, sent, known, at
        self.gaps: list[tuple[str, str]] = []
        self.moot: list[tuple[str, str]] = []
        """Rules that ask about something that no certificate of the path has, and why."""
        self._told: list[Status] = []

    def judge(self, staples: Sequence[bytes]) -> Iterator[Flaw]:
        """Give every flaw of every source, and every revocation."""
        pairs = list(zip(self._way.path, self._way.path[1:], strict=False))
        for number, (certificate, issuer) in enumerate(pairs):
            stapled = [("the stapled response", der) for der in staples] if number == 0 else []
            yield from self._certificate(certificate, issuer, stapled)
        if not self._way.complete:
            self.gaps += self._unchecked(self._way.path[-1])
        self.moot += self._moot(pairs, staples)

    def _unchecked(self, last: Certificate) -> Iterator[tuple[str, str]]:
        """Give what cannot be found out about the certificate at which an incomplete path ends."""
        why = f"the issuer of {last.shown} is not known, so its CRL and OCSP responses cannot be checked"
        if crl_urls(last):
            yield rules.CRL.id, why
        if ocsp_urls(last):
            yield rules.OCSP.id, why
        if crl_urls(last) or ocsp_urls(last):
            yield rules.REVOKED.id, why

    def _moot(
        self, pairs: Sequence[tuple[Certificate, Certificate]], staples: Sequence[bytes]
    ) -> Iterator[tuple[str, str]]:
        certificates = [certificate for certificate, _ in pairs] or list(self._way.path[:1])
        if not any(crl_urls(certificate) for certificate in certificates):
            yield rules.CRL.id, "no certificate of the path names a CRL"
        if not staples and not any(ocsp_urls(certificate) for certificate in certificates):
            yield rules.OCSP.id, "no certificate of the path names an OCSP responder, and none was stapled"
        if not self._told and all(one.not_after - one.not_before <= SHORT_LIVED for one in certificates):
            yield rules.REVOKED.id, f"no certificate of the path lives longer than {SHORT_LIVED.days} days (BR 4.9.7)"

    def _certificate(
        self, certificate: Certificate, issuer: Certificate, stapled: Sequence[tuple[str, bytes]]
    ) -> Iterator[Flaw]:
        statuses = [judge_ocsp(certificate, issuer, der, name, self._at + SKEW) for name, der in stapled]
        if not statuses and _must_staple(certificate):
            yield Flaw(kinds.MUST_STAPLE, certificate)
        statuses += self._crls(certificate, issuer)
        statuses += self._ocsp(certificate, issuer)
        self._told += statuses
        for status in statuses:
            yield from (flaw for flaw in status.flaws if flaw.rejects())
        if not statuses:
            yield from self._without(certificate)
        elif all(status.says is Says.NOTHING for status in statuses):
            reasons = "; ".join(dict.fromkeys(flaw.text.en for status in statuses for flaw in status.flaws))
            self.gaps.append((rules.REVOKED.id, f"nothing usable tells about {certificate.shown}: {reasons}"))

    def _without(self, certificate: Certificate) -> Iterator[Flaw]:
        if certificate.not_after - certificate.not_before > SHORT_LIVED:
            yield Flaw(kinds.NO_SOURCE, certificate)

    def _crls(self, certificate: Certificate, issuer: Certificate) -> Iterator[Status]:
        deltas = [crl for url in self._delta_urls(certificate) for crl in self._read(certificate, url)]
        for url in crl_urls(certificate):
            seen = self._known.of("crl", url, certificate)
            if seen is None or not seen[1].body:
                yield self._nothing(certificate, url, seen, "crl")
                continue
            at, source = seen
            try:
                complete = read_crls(source.body, source.url)
            except CrlError as error:
                yield Sheet(certificate, source.url).nothing(kinds.CRL_MALFORMED, detail=str(error))
                continue
            around = Surroundings(issuer, (*self._way.path, *self._sent), self._moment(at))
            yield judge_crl(certificate, complete[0], around, deltas)

    def _moment(self, at: datetime) -> datetime:
        return max(at, self._at) if at - self._at < timedelta(days=1) else at

    def _delta_urls(self, certificate: Certificate) -> tuple[str, ...]:
        held = [crl for url in crl_urls(certificate) for crl in self._read(certificate, url)]
        urls = [*delta_urls(certificate), *(url for crl in held for url in delta_urls(crl))]
        return tuple(dict.fromkeys(urls))

    def _read(self, certificate: Certificate, url: str) -> list[Crl]:
        seen = self._known.of("crl", url, certificate)
        try:
            return read_crls(seen[1].body, seen[1].url) if seen and seen[1].body else []
        except CrlError:
            return []

    def _ocsp(self, certificate: Certificate, issuer: Certificate) -> Iterator[Status]:
        for url in ocsp_urls(certificate):
            seen = self._known.of("ocsp", url, certificate)
            if seen is None or not seen[1].body:
                yield self._nothing(certificate, url, seen, "ocsp")
                continue
            at, source = seen
            yield judge_ocsp(certificate, issuer, source.body, source.url, self._moment(at) + SKEW)

    def _nothing(self, certificate: Certificate, url: str, seen: Seen | None, what: str) -> Status:
        """Say what came of a source that gave nothing: its own doing is a flaw, ours is a gap."""
        shown = printable(url.encode("ascii", "replace"), 200)
        sheet = Sheet(certificate, shown)
        unreachable = kinds.CRL_UNREACHABLE if what == "crl" else kinds.OCSP_UNREACHABLE
        if seen is not None and seen[1].whose == "server":
            return sheet.nothing(unreachable, detail=seen[1].failure)
        why = seen[1].failure if seen else "it was not asked"
        rule = rules.CRL if what == "crl" else rules.OCSP
        self.gaps.append((rule.id, f"{shown} for {certificate.shown}: {why}"))
        return sheet.nothing(kinds.CRL_NOT_ASKED if what == "crl" else kinds.OCSP_NOT_ASKED, detail=why)

    @property
    def told(self) -> tuple[Status, ...]:
        """What every source said."""
        return tuple(self._told)


def _must_staple(certificate: Certificate) -> bool:
    found = certificate.extension(x509.TLSFeature)
    return found is not None and x509.TLSFeatureType.status_request in list(found.value)
