"""A throwaway certification authority for tests: root, intermediates, leaves, as broken as a test wants them."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
DAY = dt.timedelta(days=1)


def new_key(kind: str = "ec") -> Key:
    """Make an `ec` (P-256) or `rsa` (2048 bit) key."""
    return ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)


def name_of(common_name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    )


@dataclass(frozen=True)
class Holder:
    """A certificate, its key, and the certificates above it (nearest first, without the root)."""

    certificate: x509.Certificate
    key: Key
    above: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def chain(self) -> tuple[str, ...]:
        """The chain as a good server sends it, PEM, leaf first."""
        return (self.pem, *(cert.public_bytes(Encoding.PEM).decode() for cert in self.above))

    def write(self, folder: Path, name: str, chain: tuple[str, ...] | None = None) -> tuple[Path, Path]:
        """Write chain and key files for a server; give their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        chain_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
        chain_file.write_text("".join(self.chain if chain is None else chain))
        key_file.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return chain_file, key_file


@dataclass(frozen=True)
class Validity:
    """From when to when, in days relative to `now`; by default so short that nothing about revocation is needed (BR 4.9.7)."""

    start: float = -1
    end: float = 5


@dataclass(frozen=True)
class Pki:
    """Makes certificates relative to one moment."""

    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC).replace(microsecond=0))

    def root(self, name: str = "Test Root", validity: Validity = Validity(-100, 3650)) -> Holder:
        """Make a self-signed authority."""
        key = new_key()
        return Holder(self._authority(name, key, name, key, validity), key)

    def authority(
        self,
        issuer: Holder,
        name: str = "Test Intermediate",
        validity: Validity = Validity(-1, 6),
    ) -> Holder:
        """Make an authority under another."""
        key = new_key()
        return Holder(self._authority(name, key, common_name(issuer), issuer.key, validity), key, above_of(issuer))

    def leaf(
        self,
        issuer: Holder | None,
        names: tuple[str, ...] = ("shop.example",),
        *,
        kind: str = "ec",
        validity: Validity = Validity(),
        subject: str = "shop.example",
    ) -> Holder:
        """Make a server certificate; without an issuer it signs itself."""
        key = new_key(kind)
        builder = self._builder(
            subject, key, common_name(issuer) if issuer else subject, issuer.key if issuer else key, validity
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general(name) for name in names]), critical=False
            )
        certificate = builder.sign((issuer.key if issuer else key), hashes.SHA256())
        return Holder(certificate, key, above_of(issuer) if issuer else ())

    def _authority(self, name: str, key: Key, issuer: str, issuer_key: Key, validity: Validity) -> x509.Certificate:
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        builder = self._builder(name, key, issuer, issuer_key, validity)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return builder.add_extension(usage, critical=True).sign(issuer_key, hashes.SHA256())

    def _builder(
        self, name: str, key: Key, issuer: str, issuer_key: Key, validity: Validity
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name_of(name))
            .issuer_name(name_of(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now + validity.start * DAY)
            .not_valid_after(self.now + validity.end * DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        )


def common_name(holder: Holder) -> str:
    return str(holder.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def above_of(issuer: Holder) -> tuple[x509.Certificate, ...]:
    """What a server sends above a certificate of `issuer`: the authorities, not the root."""
    is_root = issuer.certificate.issuer == issuer.certificate.subject
    return () if is_root else (issuer.certificate, *issuer.above)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
