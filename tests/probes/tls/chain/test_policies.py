"""Certificate policies (RFC 5280, section 6.1; RFC 9618)."""

from __future__ import annotations

from cryptography import x509

from probes.tls.chain.certificate import Certificate
from probes.tls.chain.policies import mappings_of
from tests.probes.tls.chain.asking import ask, reasons
from tests.tls.mint import Extension, Holder, authority, leaf, root

ROOT = root()
A, B, ANY = "1.3.6.1.4.1.99999.7.1", "1.3.6.1.4.1.99999.7.2", "2.5.29.32.0"


def policies(*oids: str) -> Extension:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids]), False


def demand(skip: int | None = 0, inhibit_mapping: int | None = None) -> Extension:
    return x509.PolicyConstraints(skip, inhibit_mapping), True


def mapped(source: str, target: str) -> Extension:
    pair = b"".join(_oid(oid) for oid in (source, target))
    inner = b"\x30" + bytes([len(pair)]) + pair
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.33"), b"\x30" + bytes([len(inner)]) + inner), True


def _oid(text: str) -> bytes:
    first, second, *rest = (int(arc) for arc in text.split("."))
    body = bytearray([first * 40 + second])
    for arc in rest:
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        body += bytes(reversed(septets))
    return b"\x06" + bytes([len(body)]) + bytes(body)


def chain(above: tuple[Extension, ...], below: tuple[Extension, ...]) -> list[str]:
    middle = authority(ROOT, "Policy", number=hash(str(above)), extra=above)
    end: Holder = leaf(middle, extra=below)
    return reasons(ask(end, [middle], [ROOT]))


def test_without_a_demand_anything_goes() -> None:
    assert chain((policies(A),), ()) == []
    assert chain((policies(A),), (policies(B),)) == []


def test_a_demand_needs_a_policy_all_the_way() -> None:
    assert chain((policies(A), demand()), (policies(A),)) == []
    assert chain((policies(A), demand()), (policies(B),)) == ["policies"]
    assert chain((policies(A), demand()), ()) == ["policies"]
    assert chain((demand(),), (policies(A),)) == ["policies"]


def test_any_policy_is_all_of_them_unless_inhibited() -> None:
    assert chain((policies(ANY), demand()), (policies(B),)) == []
    assert chain((policies(A), demand()), (policies(ANY),)) == []
    inhibit: Extension = (x509.InhibitAnyPolicy(0), True)
    assert chain((policies(A), demand(), inhibit), (policies(ANY),)) == ["policies"]


def test_mappings() -> None:
    assert chain((policies(A), demand(), mapped(A, B)), (policies(B),)) == []
    assert chain((policies(A), demand(), mapped(A, B)), (policies(A),)) == ["policies"]
    assert chain((policies(A), mapped(ANY, B)), (policies(A),)) == ["policies"]


def test_mappings_are_read_or_left() -> None:
    middle = authority(ROOT, "Mapping", extra=(mapped(A, B),))
    assert mappings_of(Certificate(middle.der)) == ((A, B),)
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.33"), b"\x30\x82\xff")
    assert mappings_of(Certificate(authority(ROOT, "Odd", extra=((odd, False),)).der)) == ()
