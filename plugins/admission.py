"""Admission: which signatures may be used at all, decided by rule from the CVSS vector, the product class and the method.

The rules are those of the design, section 6 (holes), and its promise 4 (gentle). Nothing is excluded or let in by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from plugins.template.model import Template
from plugins.template.safety import SafetyClass, safety_of
from plugins.value import value

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Methods that only read (RFC 9110, section 9.2.1)."""

_CONFIDENTIALITY_AND_INTEGRITY = ("C", "I", "VC", "VI", "SC", "SI")
_REACH = {"A": "local-network", "L": "local-account", "P": "physical-access"}
_STRESS_TAGS = {"dos", "ddos", "race", "bruteforce", "brute-force", "flood"}


class Rule(StrEnum):
    """Why a signature is not admitted."""

    METHOD = "admission.state-changing-method"
    """Its method may change something on the server."""
    NOT_READ_ONLY = "admission.not-read-only"
    """Its payloads or its flow do more than read: they delay, stress or change."""
    LOCAL_NETWORK = "admission.local-network"
    """CVSS AV:A: only from the server's own network."""
    LOCAL_ACCOUNT = "admission.local-account"
    """CVSS AV:L: only with an account on the server."""
    PHYSICAL = "admission.physical-access"
    """CVSS AV:P."""
    AVAILABILITY = "admission.availability-only"
    """No impact on confidentiality or integrity: network stress, denial of service."""
    NETWORK_DEVICE = "admission.network-device"
    """CPE part h or o: routers and other devices, operating systems."""
    UNREADABLE = "admission.unreadable-classification"
    """The CVSS vector or CPE name cannot be read, so the rules cannot be applied."""


_BY_SAFETY = {
    SafetyClass.STATE_CHANGING: Rule.METHOD,
    SafetyClass.WRITING: Rule.NOT_READ_ONLY,
    SafetyClass.TIME_DELAY: Rule.NOT_READ_ONLY,
    SafetyClass.STRESS: Rule.AVAILABILITY,
}


@value
class Refusal:
    """One rule that keeps a signature out."""

    rule: Rule
    """The rule."""
    reason: str
    """What in the signature meets it."""

    def __str__(self) -> str:
        return f"{self.rule}: {self.reason}"


def examine(template: Template) -> tuple[Refusal, ...]:
    """Give every rule that keeps a template out; empty: it is admitted."""
    return (*_by_methods(template), *_by_vector(template.classification.cvss), *_by_cpe(template), *_by_tags(template))


def refuse_method(method: str) -> Refusal | None:
    """Refuse a method that may change something."""
    if method in SAFE_METHODS:
        return None
    return Refusal(rule=Rule.METHOD, reason=f"method {method[:20]!a}; only {', '.join(SAFE_METHODS)} change nothing")


def _by_methods(template: Template) -> Iterator[Refusal]:
    """By what it sends: its class is computed, never declared."""
    for concern in dict.fromkeys(safety_of(template).concerns):
        if concern.kind in _BY_SAFETY:
            yield Refusal(rule=_BY_SAFETY[concern.kind], reason=concern.reason)


def _by_vector(vector: str) -> Iterator[Refusal]:
    if not vector:
        return
    metrics = dict(part.partition(":")[::2] for part in vector.split("/"))
    impacts = [metrics[name] for name in _CONFIDENTIALITY_AND_INTEGRITY if name in metrics]
    if metrics.get("AV") not in {"N", "A", "L", "P"} or len(impacts) < 2:
        yield Refusal(rule=Rule.UNREADABLE, reason=f"CVSS vector {vector[:120]!a}")
        return
    if metrics["AV"] != "N":
        yield Refusal(rule=Rule(f"admission.{_REACH[metrics['AV']]}"), reason=f"AV:{metrics['AV']} in {vector}")
    if all(impact == "N" for impact in impacts):
        yield Refusal(rule=Rule.AVAILABILITY, reason=f"no impact on confidentiality or integrity in {vector}")


def _by_cpe(template: Template) -> Iterator[Refusal]:
    cpe = template.classification.cpe
    if not cpe:
        return
    part = cpe.split(":")[2:3]
    if not cpe.startswith("cpe:2.3:") or part not in (["a"], ["h"], ["o"]):
        yield Refusal(rule=Rule.UNREADABLE, reason=f"CPE name {cpe[:120]!a}")
    elif part != ["a"]:
        yield Refusal(rule=Rule.NETWORK_DEVICE, reason=f"part {part[0]} in {cpe}")


def _by_tags(template: Template) -> Iterator[Refusal]:
    for tag in sorted(_STRESS_TAGS.intersection(template.tags)):
        yield Refusal(rule=Rule.AVAILABILITY, reason=f"tag {tag}")
