"""The child process that asks other libraries about paths (see `path.py`): a `Setup`, then questions on stdin."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import sys
import warnings
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import certifi
from asn1crypto import pem
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError

from plugins import canonical
from probes.tls import wall
from probes.tls.facts import Opinion
from probes.tls.path import AskedPath, Ready, Setup, Thought
from probes.transcript import printable

PYHANKO = f"pyhanko-certvalidator {version('pyhanko-certvalidator')}"
CRYPTOGRAPHY = f"cryptography {version('cryptography')}"


class Libraries:
    """Both libraries with their anchors."""

    def __init__(self, setup: Setup) -> None:
        bundle = Path(certifi.where()).read_bytes() + "".join(setup.anchors).encode()
        self._roots = [asn1.Certificate.load(der) for _, _, der in pem.unarmor(bundle, multiple=True)]
        self._store = Store(x509.load_pem_x509_certificates(bundle))

    def think(self, question: AskedPath) -> Thought:
        """Ask both."""
        opinions = (self._cryptography(question), self._pyhanko(question))
        return Thought(opinions=opinions)

    def _cryptography(self, question: AskedPath) -> Opinion:
        try:
            leaf, *sent = (x509.load_pem_x509_certificate(text.encode()) for text in question.chain)
            builder = PolicyBuilder().store(self._store).time(datetime.fromtimestamp(question.at, UTC))
            builder.build_server_verifier(_some_name(leaf)).verify(leaf, sent)
        except (VerificationError, ValueError, TypeError, x509.UnsupportedGeneralNameType) as error:
            return _no(CRYPTOGRAPHY, error)
        return Opinion(chain=0, by=CRYPTOGRAPHY, accepts=True)

    def _pyhanko(self, question: AskedPath) -> Opinion:
        try:
            leaf, *sent = (asn1.Certificate.load(pem.unarmor(text.encode())[2]) for text in question.chain)
            context = ValidationContext(
                trust_roots=self._roots,
                other_certs=sent,
                moment=datetime.fromtimestamp(question.at, UTC),
                allow_fetching=False,
                revocation_mode="soft-fail",
            )
            validator = CertificateValidator(leaf, validation_context=context)
            judging = validator.async_validate_usage(  # type: ignore[no-untyped-call]  # not annotated in the library
                set(), {"server_auth"}, extended_optional=True
            )
            asyncio.run(judging)
        except (PathError, ValidationError, ValueError, TypeError, KeyError) as error:
            return _no(PYHANKO, error)
        return Opinion(chain=0, by=PYHANKO, accepts=True)


def _no(by: str, error: Exception) -> Opinion:
    return Opinion(chain=0, by=by, accepts=False, words=printable(f"{type(error).__name__}: {error}".encode(), 300))


def _some_name(leaf: x509.Certificate) -> x509.DNSName | x509.IPAddress:
    """Give a name that the leaf holds: whether it is the right one is judged elsewhere."""
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    for text in names.get_values_for_type(x509.DNSName):
        return x509.DNSName(f"a.{text[2:]}" if text.startswith("*.") else text)
    for address in names.get_values_for_type(x509.IPAddress):
        if isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address):
            return x509.IPAddress(address)
    raise ValueError("it names nobody")


def main() -> None:
    """Answer until stdin ends."""
    warnings.simplefilter("ignore")
    logging.disable()
    lines = iter(sys.stdin.buffer.readline, b"")
    libraries = Libraries(canonical.loads(Setup, next(lines)))
    wall.build("nowhere", 0)
    _say(canonical.dumps(Ready()))
    with contextlib.suppress(KeyboardInterrupt):
        for line in lines:
            _say(canonical.dumps(libraries.think(canonical.loads(AskedPath, line))))


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
