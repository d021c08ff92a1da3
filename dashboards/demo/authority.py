"""A throwaway certification authority: root, intermediate, leaves. Its keys live in one folder and mean nothing elsewhere."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class _Holder:
    """A certificate and the key that belongs to it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(_PEM)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tenken demo (worthless)"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


class Authority:
    """Issues certificates that are valid around one moment."""

    def __init__(self, now: datetime) -> None:
        self._now = now.astimezone(UTC).replace(microsecond=0)
        self._root = self._issue("Tenken demo root", None, path_length=1)
        self._intermediate = self._issue("Tenken demo intermediate", self._root, path_length=0)

    @property
    def root_pem(self) -> str:
        """The trust anchor."""
        return self._root.pem.decode("ascii")

    def context(self, folder: Path, *names: str, send_intermediate: bool = True) -> ssl.SSLContext:
        """Make a server's TLS 1.2 and 1.3 settings with a new leaf for `names`; files go into `folder`."""
        leaf = self._issue(names[0], self._intermediate, names=names)
        chain = folder / f"{names[0]}.chain.pem"
        chain.write_bytes(leaf.pem + (self._intermediate.pem if send_intermediate else b""))
        key = folder / f"{names[0]}.key.pem"
        key.touch(mode=0o600)
        key.write_bytes(
            leaf.key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(chain, key)
        return context

    def _issue(
        self, common_name: str, issuer: _Holder | None, *, path_length: int | None = None, names: tuple[str, ...] = ()
    ) -> _Holder:
        """Issue one certificate: a CA's when `path_length` is given, else a server's for `names` (RFC 5280)."""
        key = ec.generate_private_key(ec.SECP256R1())
        signer = issuer or _Holder(certificate=None, key=key)  # type: ignore[arg-type]  # a root has no issuer yet
        issuer_name = issuer.certificate.subject if issuer else _name(common_name)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(common_name))
            .issuer_name(issuer_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - timedelta(hours=1))
            .not_valid_after(self._now + timedelta(days=2))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
        )
        builder = _as_ca(builder, path_length) if path_length is not None else _as_server(builder, names)
        return _Holder(certificate=builder.sign(signer.key, hashes.SHA256()), key=key)


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _as_ca(builder: x509.CertificateBuilder, path_length: int) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    return builder.add_extension(constraints, critical=True).add_extension(_usage(ca=True), critical=True)


def _as_server(builder: x509.CertificateBuilder, names: tuple[str, ...]) -> x509.CertificateBuilder:
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(alternatives, critical=False)
    )
