"""What is thought of a chain, as one JSON tree. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from probes.tls.chain.build import Question
from probes.tls.chain.certificate import Certificate, shown_name
from probes.tls.chain.flaw import Flaw
from probes.tls.chain.status import Status
from probes.tls.chain.verify import Answer

Tree = dict[str, Any]


def told(answer: Answer, question: Question) -> Tree:
    """Give the answer with everything that a reader needs to check it."""
    return {
        "accepted": answer.accepted,
        "at": _moment(question.at),
        "complete": answer.way.complete,
        "path": [
            certificate_tree(certificate, question.at, _role(number, answer))
            for number, certificate in enumerate(answer.way.path)
        ],
        "flaws": [flaw_tree(flaw, answer.features) for flaw in answer.flaws],
        "revocation": [_status(status) for status in answer.statuses],
        "not_checked": _not_checked(answer),
    }


def _role(number: int, answer: Answer) -> str:
    if number == 0:
        return "leaf"
    return "anchor" if answer.way.complete and number == len(answer.way.path) - 1 else "authority"


def certificate_tree(certificate: Certificate, at: datetime, role: str) -> Tree:
    """Describe one certificate."""
    return {
        "role": role,
        "sha256": certificate.fingerprint,
        "subject": certificate.shown,
        "issuer": shown_name(certificate.issuer_name),
        "serial": f"{certificate.serial:x}",
        "not_before": _moment(certificate.not_before),
        "not_after": _moment(certificate.not_after),
        "days_left": (certificate.not_after - at) // timedelta(days=1),
        "key": certificate.key.shown,
        "pem": certificate.pem,
    }


def flaw_tree(flaw: Flaw, features: frozenset[str]) -> Tree:
    """Describe one flaw."""
    return {
        "code": flaw.kind.code,
        "about": flaw.kind.about.value,
        "rejects": flaw.rejects(features),
        "weight": flaw.kind.weight.value,
        "source": flaw.kind.source,
        "certificate": flaw.certificate.fingerprint if flaw.certificate else None,
        "subject": flaw.name or None,
        "en": flaw.text.en,
        "ja": flaw.text.ja,
    }


def _status(status: Status) -> Tree:
    return {
        "certificate": status.certificate.fingerprint,
        "subject": status.certificate.shown,
        "source": status.source,
        "says": status.says.value,
        "this_update": _moment(status.this_update) if status.this_update else None,
        "next_update": _moment(status.next_update) if status.next_update else None,
    }


def _not_checked(answer: Answer) -> list[str]:
    """Name the certificates of whose revocation nothing was found out: that is not the same as not revoked."""
    known = {status.certificate for status in answer.statuses}
    below = answer.way.path[:-1] if answer.way.complete else answer.way.path
    return [certificate.fingerprint for certificate in below if certificate not in known]


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
