"""Certificate policies (RFC 5280, section 6.1; RFC 9618). Pure.

Nobody asks for a policy here (the initial set is any policy), so what matters is only whether a policy is left where an authority
demands one. For that the sets of policies of each level are enough; no tree is built that could explode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

from probes.tls.chain.certificate import Certificate
from probes.tls.chain.der import OBJECT_ID, SEQUENCE, DerError, parts

ANY = "2.5.29.32.0"
_MAPPINGS = "2.5.29.33"
Mapping = tuple[tuple[str, str], ...]


@dataclass
class _State:
    """Counters of section 6.1.2 (d) to (f), and the policies that are expected of the next certificate."""

    explicit: int
    inhibit_any: int
    mapping: int
    expected: frozenset[str] = frozenset({ANY})


def policy_trouble(path: Sequence[Certificate]) -> str:
    """Say why the policies of a path (leaf first, anchor last) do not fit together; empty when they do."""
    below = list(reversed(path[:-1]))
    state = _State(len(below) + 1, len(below) + 1, len(below) + 1)
    for number, certificate in enumerate(below):
        last = number == len(below) - 1
        state.expected = _kept(certificate, state, last=last)
        if state.explicit <= 0 and not state.expected:
            return f"{certificate.shown} leaves no policy where one is demanded"
        if last:
            break
        if why := _prepare(certificate, state):
            return why
    return _wrapped_up(below[-1], state) if below else ""


def _kept(certificate: Certificate, state: _State, *, last: bool) -> frozenset[str]:
    """Section 6.1.3 (d) and (e)."""
    found = certificate.extension(x509.CertificatePolicies)
    if found is None:
        return frozenset()
    named = {policy.policy_identifier.dotted_string for policy in found.value}
    kept = {policy for policy in named - {ANY} if policy in state.expected or ANY in state.expected}
    if ANY in named and (state.inhibit_any > 0 or (certificate.self_issued and not last)):
        kept |= state.expected
    return frozenset(kept)


def _prepare(certificate: Certificate, state: _State) -> str:
    """Section 6.1.4 (a), (b), (h) to (j)."""
    mappings = mappings_of(certificate)
    if any(ANY in pair for pair in mappings):
        return f"{certificate.shown} maps any policy"
    if mappings:
        state.expected = _mapped(state, mappings)
    if not certificate.self_issued:
        state.explicit -= 1
        state.mapping -= 1
        state.inhibit_any -= 1
    demand = certificate.extension(x509.PolicyConstraints)
    if demand and demand.value.require_explicit_policy is not None:
        state.explicit = min(state.explicit, demand.value.require_explicit_policy)
    if demand and demand.value.inhibit_policy_mapping is not None:
        state.mapping = min(state.mapping, demand.value.inhibit_policy_mapping)
    inhibit = certificate.extension(x509.InhibitAnyPolicy)
    if inhibit:
        state.inhibit_any = min(state.inhibit_any, inhibit.value.skip_certs)
    return ""


def _mapped(state: _State, mappings: Mapping) -> frozenset[str]:
    sources = {source for source, _ in mappings}
    if state.mapping <= 0:
        return state.expected - sources
    targets = {target for source, target in mappings if source in state.expected or ANY in state.expected}
    return frozenset(state.expected - sources | targets)


def _wrapped_up(leaf: Certificate, state: _State) -> str:
    """Section 6.1.5 (a), (b), (g)."""
    explicit = state.explicit - (0 if leaf.self_issued else 1)
    demand = leaf.extension(x509.PolicyConstraints)
    if demand and demand.value.require_explicit_policy == 0:
        explicit = 0
    return f"{leaf.shown} has no policy where one is demanded" if explicit <= 0 and not state.expected else ""


def mappings_of(certificate: Certificate) -> Mapping:
    """Give the policy mappings (section 4.2.1.5); what cannot be read maps nothing."""
    raw = certificate.raw_extension(_MAPPINGS)
    try:
        pairs = [list(parts(whole)) for tag, _, whole in parts(raw) if tag == SEQUENCE] if raw else []
        return tuple((_dotted(one[0]), _dotted(one[1])) for one in pairs if len(one) == 2)
    except DerError:
        return ()


def _dotted(part: tuple[int, bytes, bytes]) -> str:
    tag, content, _ = part
    if tag != OBJECT_ID or not content:
        raise DerError("no object identifier")
    arcs, arc = [], 0
    for octet in content:
        arc = arc << 7 | octet & 0x7F
        if octet < 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(each) for each in (first, arcs[0] - 40 * first, *arcs[1:]))
