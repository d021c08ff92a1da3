"""Issues the papers of a SET hierarchy: certificates, CRLs, the brand's list, signed with SHA-1 and RSA as SET 1.0 has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, core, crl, keys, x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1

from dashboards.demo.merchant.papers import BrandPaper, CrlPaper, Key, Paper, Papers
from probes.set import asn1, unconfirmed
from probes.set.certificates import AUTHORITY_KEY, BASIC, CRL_NUMBER, KEY_PERIOD, KEY_USAGE, POLICIES
from probes.set.parts import Kind
from probes.set.signing import sha1

_ALGORITHM = {"algorithm": "sha1_rsa"}
POLICY = "2.23.42.5.0"
"""set-policy-root: the policy of the demo's certificates."""


def sign(key: Key, data: bytes) -> bytes:
    """Sign as SET 1.0 has it."""
    return key.sign(data, PKCS1v15(), SHA1())  # noqa: S303 - SET 1.0 knows no other digest


def public_key(key: Key) -> bytes:
    """Give the DER SubjectPublicKeyInfo."""
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form)


def extension(oid: str, critical: bool, der: bytes, form: Any = x509.Extension) -> Any:  # noqa: ANN401 - asn1crypto has no types
    """Make an extension."""
    return form({"extn_id": oid, "critical": critical, "extn_value": core.ParsableOctetString(der)})


class Registry:
    """Issues what is drafted, with the keys of everybody."""

    def __init__(self, papers: Papers, holders: Mapping[str, Key]) -> None:
        self._papers, self._keys = papers, holders

    def certificate(self, holder: str) -> Any:  # noqa: ANN401 - asn1crypto has no types
        """Issue a certificate."""
        paper = self._papers.certificates[holder]
        fields = {
            "version": f"v{paper.version}",
            "serial_number": paper.serial,
            "signature": {"algorithm": paper.signature},
            "issuer": self.name(paper.issuer),
            "validity": {"not_before": _time(paper.not_before), "not_after": _time(paper.not_after)},
            "subject": self.name(holder),
            "subject_public_key_info": keys.PublicKeyInfo.load(public_key(self._keys[paper.key_of or holder])),
        }
        if paper.version == 3:
            fields["extensions"] = self._extensions(paper)
        unsigned = x509.TbsCertificate(fields)
        signature = sign(self._keys[paper.signed_by or paper.issuer], unsigned.dump())
        return x509.Certificate(
            {
                "tbs_certificate": unsigned,
                "signature_algorithm": {"algorithm": paper.signature},
                "signature_value": signature,
            }
        )

    def name(self, holder: str) -> Any:  # noqa: ANN401 - asn1crypto has no types
        """Give the distinguished name of a holder."""
        paper = self._papers.certificates.get(holder)
        if paper is None:
            return x509.Name.build({"common_name": f"Demo {holder}"})
        return x509.Name.build(
            {"country_name": "JP", "organization_name": paper.organisation, "common_name": paper.common_name}
        )

    def _extensions(self, paper: Paper) -> list[Any]:
        made: list[tuple[str, bool, bytes]] = [
            (AUTHORITY_KEY, False, self._authority_key(paper)),
            (KEY_USAGE, True, x509.KeyUsage(paper.uses).dump()),
            (POLICIES, True, x509.CertificatePolicies([{"policy_identifier": POLICY}]).dump()),
            (BASIC, True, _basic(paper)),
            (asn1.CERTIFICATE_TYPE, True, certificate_type(paper.kinds)),
        ]
        if paper.key_to is not None:
            made.append((KEY_PERIOD, False, asn1.KeyPeriod({"not_after": paper.key_to}).dump()))
        if paper.next_root:
            made.append((asn1.HASHED_ROOT_KEY, True, hashed_root_key(public_key(self._keys[paper.next_root]))))
        if paper.merchant is not None:
            made.append((asn1.MERCHANT_DATA, False, merchant_data(paper.merchant)))
        made = [(oid, critical and oid not in paper.uncritical, der) for oid, critical, der in made]
        return [extension(*one) for one in [*made, *paper.added] if one[0] not in paper.left_out]

    def _authority_key(self, paper: Paper) -> bytes:
        """The issuer's certificate by its own issuer and serial number, as SET wants it."""
        above = self._papers.certificates.get(paper.issuer)
        issuer = self.name(above.issuer if above else paper.issuer)
        serial = paper.issuer_serial or (above.serial if above else 1)
        names = x509.GeneralNames([x509.GeneralName("directory_name", issuer)])
        fields = {"authority_cert_issuer": names, "authority_cert_serial_number": serial}
        return bytes(x509.AuthorityKeyIdentifier(fields).dump())

    def crl(self, paper: CrlPaper) -> Any:  # noqa: ANN401 - asn1crypto has no types
        """Make a CRL."""
        form = crl.TBSCertListExtension
        extensions = [extension(*one, form) for one in paper.added]
        if paper.number is not None:
            extensions.append(extension(CRL_NUMBER, False, core.Integer(paper.number).dump(), form))
        fields: dict[str, Any] = {
            "version": "v2",
            "signature": _ALGORITHM,
            "issuer": self.name(paper.issuer),
            "this_update": _time(paper.this_update),
            "crl_extensions": extensions,
        }
        if paper.next_update is not None:
            fields["next_update"] = _time(paper.next_update)
        if paper.revoked:
            when = _time(paper.this_update)
            fields["revoked_certificates"] = [
                {"user_certificate": serial, "revocation_date": when} for serial in sorted(paper.revoked)
            ]
        unsigned = crl.TbsCertList(fields)
        signature = sign(self._keys[paper.signed_by or paper.issuer], unsigned.dump())
        return crl.CertificateList(
            {"tbs_cert_list": unsigned, "signature_algorithm": _ALGORITHM, "signature": signature}
        )

    def brand_crls(self, paper: BrandPaper) -> Any:  # noqa: ANN401 - asn1crypto has no types
        """Make the brand's list of CRLs."""
        listed = [{"issuer": self.name(issuer), "crl_number": number} for issuer, number in paper.numbers.items()]
        unsigned = unconfirmed.UnsignedBrandCrlIdentifier(
            {
                "version": 0,
                "sequence": paper.sequence,
                "brand_id": paper.brand_id,
                "not_before": paper.not_before,
                "not_after": paper.not_after,
                "crls": listed,
            }
        )
        signature = sign(self._keys[paper.signed_by], unsigned.dump())
        return asn1.BrandCrlIdentifier({"unsigned": unsigned, "algorithm": _ALGORITHM, "signature": signature})

    def signer(self, holder: str) -> Any:  # noqa: ANN401 - asn1crypto has no types
        """Name the certificate of a holder by its issuer and serial number."""
        paper = self._papers.certificates[holder]
        return cms.IssuerAndSerialNumber({"issuer": self.name(paper.issuer), "serial_number": paper.serial})


def _time(when: datetime) -> Any:  # noqa: ANN401 - asn1crypto has no types
    return x509.Time("utc_time", core.UTCTime(when.astimezone(UTC)))


def _basic(paper: Paper) -> bytes:
    fields: dict[str, object] = {"ca": paper.authority}
    if paper.authority and paper.path_length is not None:
        fields["path_len_constraint"] = paper.path_length
    return bytes(x509.BasicConstraints(fields).dump())


def certificate_type(kinds: set[Kind]) -> bytes:
    """Give the DER of certificateType; without trailing zero bits, as DER writes named bits."""
    order = list(Kind)
    last = max((order.index(kind) for kind in kinds), default=-1)
    return bytes(core.BitString(tuple(int(order[bit] in kinds) for bit in range(last + 1))).dump())


def hashed_root_key(public_key_info: bytes) -> bytes:
    """Give the DER of hashedRootKey for the next root's key."""
    digested = {
        "version": 0,
        "digest_algorithm": {"algorithm": "sha1"},
        "content_info": {"content_type": asn1.ROOT_KEY_THUMB},
        "digest": unconfirmed.root_key_hash(public_key_info),
    }
    return bytes(asn1.HashedRootKey({"thumbprint": digested}).dump())


def merchant_data(fields: dict[str, Any]) -> bytes:
    """Give the DER of merchantData."""
    names = [
        {key: (text if key == "language" else set_string(str(text))) for key, text in entry.items()}
        for entry in fields["names"]
    ]
    return bytes(asn1.MerchantData({**fields, "merchant_id": set_string(fields["merchant_id"]), "names": names}).dump())


def set_string(text: str) -> Any:  # noqa: ANN401 - asn1crypto has no types
    """Give text in the form of SET: VisibleString where it can be, BMPString elsewhere."""
    kind = core.VisibleString if text.isascii() else core.BMPString
    return unconfirmed.SetString("visible" if text.isascii() else "bmp", kind(text))


def thumb_of(certificate: Any) -> bytes:  # noqa: ANN401 - asn1crypto has no types
    """Give the thumb of a certificate."""
    return sha1(certificate["tbs_certificate"].dump())
