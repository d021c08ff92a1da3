"""Judging a chain as a whole: path, profile, names, what was sent, and every certificate's revocation. Pure.

The same judgement serves the inspection (`probes/tls/certificates.py`) and files (`tenken chain verify`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cryptography import x509

from probes.tls.chain import kinds
from probes.tls.chain import revocation_kinds as revocation
from probes.tls.chain.build import Question, Way, build, distinct
from probes.tls.chain.certificate import Certificate, name_key
from probes.tls.chain.crl import Crl, Surroundings, judge_crl
from probes.tls.chain.flaw import Flaw
from probes.tls.chain.general_names import NameKind, stands_for
from probes.tls.chain.ocsp import judge_ocsp
from probes.tls.chain.status import Says, Status

_NAMING = {kinds.NO_NAMES.code, kinds.NAME_MISMATCH.code, kinds.SELF_SIGNED.code}


@dataclass(frozen=True)
class Revocation:
    """What is there to tell revocation from."""

    crls: tuple[Crl, ...] = ()
    """Complete and delta CRLs, of any issuer."""
    responses: Mapping[str, tuple[tuple[str, bytes], ...]] = field(default_factory=dict)
    """Fingerprint of a certificate -> where a response comes from, and its DER. Key "": for whichever certificate it fits."""


@dataclass(frozen=True)
class Asked:
    """What is asked: a path, names, revocation."""

    question: Question
    """The chain."""
    names: tuple[tuple[NameKind, str], ...] = ()
    """Names that the leaf must stand for."""
    revocation: Revocation = Revocation()
    """CRLs and OCSP responses."""


@dataclass(frozen=True)
class Answer:
    """What is thought of a chain."""

    way: Way
    """The path."""
    flaws: tuple[Flaw, ...]
    """Everything that is wrong, path, names, revocation."""
    statuses: tuple[Status, ...]
    """What each source says of each certificate."""
    features: frozenset[str]
    """Stricter profiles that were asked for."""

    @property
    def accepted(self) -> bool:
        """Whether the chain can be trusted."""
        return self.way.complete and not self.reasons

    @property
    def reasons(self) -> tuple[Flaw, ...]:
        """The flaws for which it cannot."""
        return tuple(flaw for flaw in self.flaws if flaw.rejects(self.features))


def verify(asked: Asked) -> Answer:
    """Judge a chain."""
    question = asked.question
    way = build(question)
    statuses = tuple(path_statuses(way, asked))
    flaws = [
        *way.flaws,
        *name_flaws(question.leaf, asked.names),
        *(flaw for status in statuses for flaw in status.flaws),
    ]
    return Answer(way, one_cause(flaws), statuses, question.features)


def name_flaws(leaf: Certificate, wanted: Sequence[tuple[NameKind, str]]) -> Iterator[Flaw]:
    """Give the names that a leaf must stand for and does not."""
    if leaf.trouble or leaf.names is None:
        return
    missing = [name for kind, name in wanted if not stands_for(leaf.names, kind, name)]
    if missing:
        detail = ", ".join(missing).encode("ascii", "backslashreplace").decode()[:200]
        yield Flaw(kinds.NAME_MISMATCH, leaf, {"detail": detail})


def one_cause(flaws: Sequence[Flaw]) -> tuple[Flaw, ...]:
    """Say each cause once: a common name that is not among the names is no news where the names are wrong anyway."""
    found = distinct(flaws)
    codes = {flaw.kind.code for flaw in found}
    drop: set[str] = set()
    if codes & _NAMING:
        drop.add(kinds.COMMON_NAME.code)
    return tuple(flaw for flaw in found if flaw.kind.code not in drop)


def path_statuses(way: Way, asked: Asked) -> Iterator[Status]:
    """Give what every source says of every certificate of the path but the anchor."""
    if not asked.revocation.crls and not asked.revocation.responses:
        return
    others = (*way.path, *asked.question.sent, *asked.question.anchors)
    for certificate, issuer in zip(way.path, way.path[1:], strict=False):
        around = Surroundings(issuer, others, asked.question.at)
        yield from crl_statuses(certificate, asked.revocation.crls, around)
        responses = asked.revocation.responses
        for source, der in (*responses.get(certificate.fingerprint, ()), *_fitting(certificate, issuer, asked)):
            yield judge_ocsp(certificate, issuer, der, source, asked.question.at)


def _fitting(certificate: Certificate, issuer: Certificate, asked: Asked) -> Iterator[tuple[str, bytes]]:
    """Responses that nobody assigned: those that are about this certificate."""
    for source, der in asked.revocation.responses.get("", ()):
        status = judge_ocsp(certificate, issuer, der, source, asked.question.at)
        if not any(flaw.kind is revocation.OCSP_OTHER for flaw in status.flaws):
            yield source, der


def crl_statuses(certificate: Certificate, given: Sequence[Crl], around: Surroundings) -> Iterator[Status]:
    """Give what CRLs by the issuer of a certificate, or by those whom it names, say of it."""
    speaking = [crl for crl in given if _speaks_of(crl, certificate, around)]
    signed = [crl for crl in speaking if crl.issuer != around.issuer.subject or crl.signed_by(around.issuer)]
    # Where one CRL is by the right key, others by another key of the same name speak of somebody else.
    speaking = signed or speaking
    deltas = [crl for crl in speaking if crl.is_delta]
    complete = [crl for crl in speaking if not crl.is_delta]
    for crl in complete or deltas:
        yield judge_crl(certificate, crl, around, deltas if complete else ())


def _speaks_of(crl: Crl, certificate: Certificate, around: Surroundings) -> bool:
    if crl.issuer == around.issuer.subject:
        return True
    point = certificate.extension(x509.CRLDistributionPoints)
    names = [name for one in point.value for name in one.crl_issuer or ()] if point else []
    return crl.is_indirect and any(isinstance(n, x509.DirectoryName) and name_key(n.value) == crl.issuer for n in names)


def revoked(statuses: Sequence[Status]) -> bool:
    """Tell whether any source says that a certificate is revoked: a good word elsewhere never hides it."""
    return any(status.says is Says.REVOKED for status in statuses)
