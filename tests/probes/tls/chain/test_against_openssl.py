"""Chains made by hypothesis: our verdict is OpenSSL's wherever OpenSSL is right; each difference is listed with its clause.

OpenSSL is asked as `openssl verify -purpose sslserver -verify_hostname ... -auth_level 1`, without CRLs.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from probes.tls.chain.verify import Answer
from tests.probes.tls.chain.asking import ask, reasons
from tests.servers.process import installed
from tests.tls.mint import CLIENT, DAY, NOW, SERVER, UNKNOWN_OID, Extension, Holder, authority, key, leaf, root, usage

OPENSSL = installed("openssl")
pytestmark = pytest.mark.skipif(not OPENSSL, reason="not installed: openssl")

STRICTER = {
    "criticality": "RFC 5280, 4.2.1.9, BR 7.1.2.7.12: OpenSSL asks with -x509_strict only",
    "key-identifiers": "RFC 5280, 4.2.1.1 and 4.2.1.2: OpenSSL asks with -x509_strict only",
    "no-key-usage": "BR 7.1.2.10.7: RFC 5280 lets an authority without keyUsage issue",
    "no-names": "RFC 9525, 2: OpenSSL falls back to the common name",
    "leaf-is-authority": "BR 7.1.2.7.8: RFC 5280 says nothing of authorities at the end of a path",
    "leaf-name-constraints": "RFC 5280, 4.2.1.10: OpenSSL asks with -x509_strict only",
    "leaf-key-usage": "RFC 5280, 4.2.1.9: keyCertSign without cA; OpenSSL asks with -x509_strict only",
    "weak-key": "BR 6.1.5: P-192 and DSA; OpenSSL's level 1 counts bits only",
    "purpose-of-authority": "BR 7.1.2.10.6: anyExtendedKeyUsage apart, both chain purposes",
    "malformed-name": "RFC 5280, 4.2.1.6: OpenSSL does not look at names that it does not match",
    "public-suffix-wildcard": "BR 3.2.2.6",
    "common-name-spelling": "BR 7.1.4.3",
}
"""What we reject although OpenSSL does not, and by which clause."""
LAXER: dict[str, str] = {}
"""What OpenSSL rejects although we do not: nothing."""


@dataclass(frozen=True)
class Made:
    """One chain."""

    leaf: Holder
    middle: Holder
    root: Holder


def constraint(permitted: bool, name: str) -> Extension:
    tree = [x509.DNSName(name)]
    return x509.NameConstraints(tree if permitted else None, None if permitted else tree), True


CONSTRAINTS = st.sampled_from(
    [
        (),
        (constraint(True, "shop.example"),),
        (constraint(True, "other.example"),),
        (constraint(False, "shop.example"),),
    ]
)
DATES: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {}, {"end": NOW - DAY, "start": NOW - 9 * DAY}, {"start": NOW + DAY}]
)
PURPOSES = st.sampled_from(
    [None, (SERVER,), (CLIENT,), (SERVER, CLIENT), (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)]
)
STRANGE: Extension = (x509.UnrecognizedExtension(UNKNOWN_OID, b"\x05\x00"), True)


@st.composite
def chains(draw: st.DrawFn) -> Made:
    """A chain with a few things drawn at random; most are right, so that single faults are common."""
    pathlen = draw(st.sampled_from([None, None, 0, 1]))
    top = root("Drawn Root", pathlen=pathlen, **draw(DATES))
    ca = draw(st.sampled_from([True, True, True, True, False, None]))
    middle = authority(
        top,
        "Drawn Middle",
        ca=ca,
        pathlen=draw(st.sampled_from([None, 0, 1])) if ca else None,
        bc_critical=draw(st.sampled_from([True, True, True, False])),
        ku=draw(st.sampled_from([usage("key_cert_sign", "crl_sign")] * 3 + [usage("crl_sign"), None])),
        eku=draw(st.sampled_from([None, None, (SERVER,), (CLIENT,)])),
        extra=draw(CONSTRAINTS) + draw(st.sampled_from([(), (), (), (STRANGE,)])),
        aki=draw(st.sampled_from([True, True, True, False])),
        **draw(DATES),
    )
    end = leaf(
        middle,
        key(draw(st.sampled_from(["ec", "ec", "p384", "rsa2048", "rsa1024"])), 8),
        san=draw(st.sampled_from([("shop.example",)] * 3 + [("*.shop.example", "shop.example"), ("other.example",)])),
        eku=draw(PURPOSES),
        ku=draw(st.sampled_from([usage("digital_signature")] * 3 + [None, usage("key_cert_sign")])),
        extra=draw(st.sampled_from([(), (), (STRANGE,)])),
        **draw(DATES),
    )
    return Made(end, middle, top)


def openssl(made: Made, folder: Path) -> tuple[bool, str]:
    for name, holder in (("leaf", made.leaf), ("middle", made.middle), ("root", made.root)):
        (folder / f"{name}.pem").write_text(holder.pem)
    words = ["-CAfile", "root.pem", "-untrusted", "middle.pem", "-purpose", "sslserver", "-auth_level", "2"]
    command = [
        OPENSSL or "openssl",
        "verify",
        "-no-CApath",
        "-no-CAstore",
        *words,
        "-verify_hostname",
        "shop.example",
        "leaf.pem",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode == 0, done.stderr.strip().splitlines()[0] if done.stderr.strip() else ""


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(chains())
def test_our_verdict_is_openssl_s_but_for_listed_differences(made: Made) -> None:
    answer: Answer = ask(made.leaf, [made.middle], [made.root], name="shop.example")
    with tempfile.TemporaryDirectory() as folder:
        accepted, words = openssl(made, Path(folder))
    ours = set(reasons(answer))
    if answer.accepted:
        assert accepted or words in LAXER, words
    elif accepted:
        assert ours <= set(STRICTER), ours


def test_every_listed_difference_names_its_clause() -> None:
    assert all("RFC" in clause or "BR" in clause for clause in STRICTER.values())
