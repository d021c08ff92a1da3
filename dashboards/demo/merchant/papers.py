"""The papers of a SET hierarchy as drafts. Faults change drafts; `Registry` issues them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import rsa

from probes.set.parts import Kind

DAY = timedelta(days=1)
BRAND = "Sakura"
"""The brand of the demo; there is no such brand."""
BRAND_ID = "Sakura:Gold"
"""BrandID that the merchant takes."""
MERCHANT_ID = "M-0001"
ACQUIRER_BIN = "499999"
MERCHANT_NAME = "Aoba Shoten"
ROOT, BRAND_CA, GEO_CA = "root", "brand", "geo"
MERCHANT_CA, MERCHANT, PAYMENT_CA, GATEWAY = "merchant-ca", "merchant", "payment-ca", "gateway"
NEXT_ROOT, STRANGER = "next-root", "stranger"
_KEY_BITS = {ROOT: 2048, NEXT_ROOT: 2048}

Key = rsa.RSAPrivateKey


def new_keys() -> dict[str, Key]:
    """Make a key for everybody."""
    everybody = (ROOT, BRAND_CA, GEO_CA, MERCHANT_CA, MERCHANT, PAYMENT_CA, GATEWAY, NEXT_ROOT, STRANGER)
    return {who: rsa.generate_private_key(65537, _KEY_BITS.get(who, 1024)) for who in everybody}


@dataclass
class Paper:
    """A certificate to be issued."""

    holder: str
    """Whose it is; also whose key is in it."""
    issuer: str
    """Who issues it; also whose key signs it."""
    common_name: str
    """CN."""
    organisation: str
    """O: the brand, by which brands are told apart."""
    kinds: set[Kind]
    """certificateType."""
    serial: int
    """Serial number."""
    not_before: datetime
    """Valid from."""
    not_after: datetime
    """Valid to."""
    uses: set[str]
    """keyUsage."""
    path_length: int | None = None
    """pathLenConstraint, when it is an authority."""
    authority: bool = False
    """basicConstraints, cA."""
    signed_by: str = ""
    """Whose key signs it, when that is not the issuer's."""
    key_of: str = ""
    """Whose key is in it, when that is not the holder's."""
    left_out: set[str] = field(default_factory=set)
    """Object identifiers of extensions that are missing."""
    uncritical: set[str] = field(default_factory=set)
    """Object identifiers of extensions that should be critical and are not."""
    added: list[tuple[str, bool, bytes]] = field(default_factory=list)
    """Further extensions: object identifier, critical, DER."""
    issuer_serial: int | None = None
    """authorityKeyIdentifier's serial number, when it is not that of the issuer's certificate."""
    merchant: dict[str, object] | None = None
    """merchantData."""
    next_root: str = ""
    """Whose key is announced in hashedRootKey."""
    version: int = 3
    """X.509 version."""
    signature: str = "1.2.840.113549.1.1.5"
    """Signature algorithm that it names."""
    key_to: datetime | None = None
    """privateKeyUsagePeriod, its end."""


@dataclass
class CrlPaper:
    """A CRL to be made."""

    issuer: str
    """Who makes it."""
    number: int | None
    """cRLNumber."""
    this_update: datetime
    """Made."""
    next_update: datetime | None
    """Next one."""
    revoked: set[int] = field(default_factory=set)
    """Serial numbers."""
    signed_by: str = ""
    """Whose key signs it, when that is not the issuer's."""
    added: list[tuple[str, bool, bytes]] = field(default_factory=list)
    """Further extensions."""


@dataclass
class BrandPaper:
    """A BrandCRLIdentifier to be made."""

    sequence: int
    """Counted up with every new one."""
    brand_id: str
    """For which brand."""
    not_before: datetime
    """Valid from."""
    not_after: datetime
    """Valid to."""
    numbers: dict[str, int]
    """The CRLs that have to be held: issuer and lowest number."""
    signed_by: str = BRAND_CA
    """Whose key signs it."""


@dataclass
class Papers:
    """Everything that stands behind a merchant, as drafts that a fault may change."""

    now: datetime
    """The moment around which they are valid."""
    certificates: dict[str, Paper]
    """By holder."""
    sent: list[str]
    """Holders whose certificates go with an answer, in order."""
    crls: dict[str, CrlPaper]
    """By issuer; all of them go with an answer."""
    brand: BrandPaper | None
    """The brand's list of CRLs."""


_CA_USES = {"key_cert_sign", "crl_sign"}


def good_papers(now: datetime, *, geopolitical: bool = False) -> Papers:
    """Draft a hierarchy without a fault; with or without the optional geopolitical authority."""
    above = GEO_CA if geopolitical else BRAND_CA
    longer = 1 if geopolitical else 0
    papers = [
        _authority(now, ROOT, ROOT, "Demo SET Root", Kind.ROOT_CA, 1, 2 + longer),
        _authority(now, BRAND_CA, ROOT, "Demo Sakura Brand CA", Kind.BRAND_CA, 2, 1 + longer),
        *(
            [_authority(now, GEO_CA, BRAND_CA, "Demo Sakura Japan CA", Kind.GEOPOLITICAL_CA, 3, 1)]
            if geopolitical
            else []
        ),
        _authority(now, MERCHANT_CA, above, "Demo Sakura Merchant CA", Kind.MERCHANT_CA, 4, 0),
        _authority(now, PAYMENT_CA, above, "Demo Sakura Payment CA", Kind.PAYMENT_CA, 5, 0),
        _end(now, MERCHANT, MERCHANT_CA, MERCHANT_NAME, Kind.MERCHANT, 100, {"digital_signature"}),
        _end(now, GATEWAY, PAYMENT_CA, "Demo gateway", Kind.GATEWAY, 200, {"key_encipherment", "data_encipherment"}),
    ]
    certificates = {paper.holder: paper for paper in papers}
    certificates[ROOT].next_root = NEXT_ROOT
    certificates[MERCHANT].merchant = {
        "merchant_id": MERCHANT_ID,
        "acquirer_bin": ACQUIRER_BIN,
        "names": [{"language": "ja", "name": MERCHANT_NAME, "city": "Sendai", "country": "Japan"}],
        "country": 392,
    }
    issuers = [holder for holder, paper in certificates.items() if paper.authority]
    return Papers(
        now=now,
        certificates=certificates,
        sent=[holder for holder in certificates if holder != ROOT],
        crls={holder: CrlPaper(holder, 7, now - DAY, now + 6 * DAY) for holder in issuers},
        brand=BrandPaper(3, BRAND_ID, now - DAY, now + 6 * DAY, dict.fromkeys(issuers, 7)),
    )


def _authority(now: datetime, holder: str, issuer: str, name: str, kind: Kind, serial: int, below: int) -> Paper:
    organisation = "Demo SET Root (worthless)" if holder == ROOT else BRAND
    return Paper(
        holder=holder,
        issuer=issuer,
        common_name=name,
        organisation=organisation,
        kinds={kind},
        serial=serial,
        not_before=now - 400 * DAY,
        not_after=now + 1000 * DAY,
        uses=set(_CA_USES),
        path_length=below,
        authority=True,
    )


def _end(now: datetime, holder: str, issuer: str, name: str, kind: Kind, serial: int, uses: set[str]) -> Paper:
    return Paper(
        holder=holder,
        issuer=issuer,
        common_name=name,
        organisation=BRAND,
        kinds={kind},
        serial=serial,
        not_before=now - 30 * DAY,
        not_after=now + 300 * DAY,
        uses=uses,
    )
