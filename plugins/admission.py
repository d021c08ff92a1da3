"""Admission: which signatures may be used at all, decided by rule from the CVSS vector, the product class, tags and the method.

The rules are those of the design, section 6 (holes), and its promise 4 (gentle). Nothing is excluded by hand. A rule gives way
only to a reviewer's decision that is recorded in the pack, and so signed with it (`plugins/decision.py`); a rule about denial of
service gives way to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from plugins.ask import Ask, HttpAsk
from plugins.product_class import NETWORK_DEVICES, TAGS, CpeError, ProductClass, class_of, cpe_of
from plugins.template.model import Classification, Template
from plugins.template.safety import SafetyClass, safety_of
from plugins.value import value

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Methods that only read (RFC 9110, section 9.2.1)."""
BALANCER_ROLE = "load-balancer"
"""Role with which a server must be declared for signatures of balancer appliances."""

_CONFIDENTIALITY_AND_INTEGRITY = ("C", "I", "VC", "VI", "SC", "SI")
_REACH = {"A": "local-network", "L": "local-account", "P": "physical-access"}
_STRESS_TAGS = {"dos", "ddos", "race", "bruteforce", "brute-force", "flood", "slowloris", "amplification"}
_LOCAL_TAGS = {"lan", "adjacent", "upnp", "ssdp", "mdns", "llmnr", "netbios", "dhcp", "arp", "wpad"}
_ACCOUNT_TAGS = {"lpe", "local-privilege-escalation"}
# Uncontrolled consumption, reachable assertion, infinite loop, ... (CWE): nothing is read or written by these alone.
_STRESS_WEAKNESSES = {
    f"CWE-{number}" for number in (369, 400, 404, 405, 406, 407, 409, 476, 617, 674, 770, 771, 776, 834, 835, 1333)
}


class Rule(StrEnum):
    """Why a signature is not admitted."""

    METHOD = "admission.state-changing-method"
    """Its method may change something on the server."""
    NOT_READ_ONLY = "admission.not-read-only"
    """Its payloads or its flow do more than read: they delay, stress or change."""
    LOCAL_NETWORK = "admission.local-network"
    """CVSS AV:A or its tags: only from the server's own network."""
    LOCAL_ACCOUNT = "admission.local-account"
    """CVSS AV:L: only with an account on the server."""
    PHYSICAL = "admission.physical-access"
    """CVSS AV:P."""
    AVAILABILITY = "admission.availability-only"
    """No impact on confidentiality or integrity: network stress, denial of service."""
    NETWORK_DEVICE = "admission.network-device"
    """Routers, switches, firewalls, VPN gateways and other devices: no servers."""
    UNREADABLE = "admission.unreadable-classification"
    """The CVSS vector or CPE name cannot be read, so the rules cannot be applied."""


MAY_GIVE_WAY = frozenset({Rule.METHOD, Rule.LOCAL_NETWORK, Rule.LOCAL_ACCOUNT, Rule.PHYSICAL, Rule.NETWORK_DEVICE})
"""Rules that a reviewer's decision can set aside. Denial of service, and whatever is not read-only, never."""
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
    return (*_by_methods(template), *examine_class(template.classification, template.tags))


def examine_class(classification: Classification, tags: Sequence[str]) -> tuple[Refusal, ...]:
    """Give every rule that keeps out what is classified like this, whatever language it is written in."""
    found = [
        *_by_vector(classification.cvss),
        *_by_weakness(classification),
        *_by_cpe(classification.cpe),
        *_by_tags(tags),
    ]
    # One line per rule is enough: the first names the strongest ground.
    strongest: dict[Rule, Refusal] = {}
    for refusal in found:
        strongest.setdefault(refusal.rule, refusal)
    return tuple(strongest.values())


def roles_of(classification: Classification) -> tuple[str, ...]:
    """Give the roles, one of which a server must be declared with; empty: any. Raises `CpeError`."""
    cpe = classification.cpe
    return (BALANCER_ROLE,) if cpe and class_of(cpe_of(cpe)) is ProductClass.BALANCER else ()


def refuse_method(method: str) -> Refusal | None:
    """Refuse a method that may change something."""
    if method in SAFE_METHODS:
        return None
    return Refusal(rule=Rule.METHOD, reason=f"method {method[:20]!a}; only {', '.join(SAFE_METHODS)} change nothing")


def refuse_ask(ask: Ask, reviewed: str = "") -> Refusal | None:
    """Refuse an ask that may change something. `reviewed`: the reviewed reason of the signature for its POST requests."""
    if not isinstance(ask, HttpAsk) or (ask.method == "POST" and reviewed and ask.reviewed == reviewed):
        return None
    return refuse_method(ask.method)


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


def _by_weakness(classification: Classification) -> Iterator[Refusal]:
    """Without a vector, a weakness that can only stop a service says the same."""
    if classification.cwe and not classification.cvss and _STRESS_WEAKNESSES.issuperset(classification.cwe):
        listed = ", ".join(classification.cwe)
        yield Refusal(rule=Rule.AVAILABILITY, reason=f"{listed} and no CVSS vector that shows more")


def _by_cpe(text: str) -> Iterator[Refusal]:
    if not text:
        return
    try:
        kind = class_of(cpe_of(text))
    except CpeError as error:
        yield Refusal(rule=Rule.UNREADABLE, reason=str(error))
        return
    if kind in NETWORK_DEVICES:
        yield Refusal(rule=Rule.NETWORK_DEVICE, reason=f"{kind} in {text}")


def _by_tags(tags: Sequence[str]) -> Iterator[Refusal]:
    for tag in sorted({tag.lower() for tag in tags}):
        if tag in _STRESS_TAGS:
            yield Refusal(rule=Rule.AVAILABILITY, reason=f"tag {tag}")
        elif tag in _LOCAL_TAGS:
            yield Refusal(rule=Rule.LOCAL_NETWORK, reason=f"tag {tag}")
        elif tag in _ACCOUNT_TAGS:
            yield Refusal(rule=Rule.LOCAL_ACCOUNT, reason=f"tag {tag}")
        elif tag in TAGS:
            yield Refusal(rule=Rule.NETWORK_DEVICE, reason=f"{TAGS[tag]}, by the tag {tag}")
