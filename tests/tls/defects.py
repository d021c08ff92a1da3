"""Chain and revocation defects: one end point each, everything right but one thing.

Each defect says which rule has to name it and on which certificate; nothing else may be reported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from probes.target import TlsVersion
from tests.tls.mint import (
    AUTHORITY,
    CLIENT,
    DAY,
    NOW,
    SERVER,
    UNKNOWN_OID,
    CrlWish,
    Holder,
    Key,
    OcspWish,
    Wish,
    key,
    mint,
    mint_crl,
    mint_ocsp,
    refusal,
    usage,
)

HOST = "shop.example"
GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
STRANGE = x509.UnrecognizedExtension(UNKNOWN_OID, b"\x05\x00")
LEAF, MIDDLE, ROOT, NOBODY = "leaf", "intermediate", "root", ""
Body = bytes | int | None
"""What a path of the source answers: bytes, an HTTP status, or None: it never ends."""


@dataclass
class Defect:
    """One defective end point."""

    name: str
    what: str
    rule: str
    """Id of the rule that has to name it; empty: nothing is wrong."""
    code: str = ""
    """Code of the flaw."""
    on: str = LEAF
    """Which certificate has it."""
    grade: str = "failing"
    inconclusive: tuple[str, ...] = ()
    """Rules that cannot be applied fully because of it."""
    chain: list[Holder] = field(default_factory=list)
    key: Key = field(default_factory=lambda: key("ec", 1))
    anchors: list[Holder] = field(default_factory=list)
    staple: bytes = b""
    names: tuple[str, ...] = (HOST,)
    versions: tuple[TlsVersion, ...] = (TlsVersion.TLS_1_2, TlsVersion.TLS_1_3)
    """Versions that the server speaks."""


class Ground:
    """Makes all defects around one source of CRLs and OCSP responses."""

    def __init__(self, source: str, elsewhere: str = "http://127.45.0.9:9") -> None:
        self.source, self.elsewhere = source, elsewhere
        """Base URL of the source, and one where nobody listens."""
        self.paths: dict[str, Body] = {}
        self.defects: list[Defect] = []
        self.root = mint(
            replace(AUTHORITY, subject="Defect Root", aki=False, start=NOW - 100 * DAY, end=NOW + 3650 * DAY),
            key("ec", 10),
        )
        self._revoked_by_root: list[int] = []
        self._make()
        self.paths["/root.crl"] = mint_crl(CrlWish(revoked=tuple(self._revoked_by_root)), self.root)

    def _middle(self, name: str, own: Key | None = None, **changes: Any) -> Holder:
        wish = replace(
            AUTHORITY, subject=f"Intermediate {name}", pathlen=0, cdp=(f"{self.source}/root.crl",), **changes
        )
        return mint(wish, own or key("ec", 11), self.root)

    def add(
        self,
        defect: Defect,
        *,
        leaf: dict[str, Any] | None = None,
        middle: dict[str, Any] | None = None,
        middle_key: Key | None = None,
        own: Key | None = None,
        crl: CrlWish | Callable[[Holder, Holder], Body] | Body = CrlWish(),  # noqa: B008 - a frozen value
        responder: OcspWish | Callable[[Holder, Holder], Body] | Body = None,
        with_crl: bool = True,
        chain: Callable[[Holder, Holder], list[Holder]] = lambda leaf, middle: [leaf, middle],
        signer: Key | None = None,
        issuer: Holder | None = None,
    ) -> tuple[Holder, Holder]:
        """Add one defect: what differs from a good chain is given."""
        above = issuer or self._middle(defect.name, middle_key, **(middle or {}))
        wish = replace(Wish(), subject=HOST, san=(HOST,))
        if with_crl:
            wish = replace(wish, cdp=(f"{self.source}/{defect.name}.crl",))
        if responder is not None:
            wish = replace(wish, ocsp=(f"{self.source}/{defect.name}.ocsp",))
        defect.key = own or defect.key
        end = mint(replace(wish, **(leaf or {})), defect.key, above, signer=signer)
        defect.chain = chain(end, above)
        defect.anchors = defect.anchors or [self.root]
        self.paths[f"/{defect.name}.crl"] = _crl(crl, end, above)
        self.paths[f"/{defect.name}.ocsp"] = _ocsp(responder, end, above)
        self.defects.append(defect)
        return end, above

    def _make(self) -> None:
        for part in (
            self._good,
            self._dates,
            self._names,
            self._paths,
            self._sent,
            self._keys,
            self._usages,
            self._profile,
            self._revocation,
            self._crls,
            self._ocsps,
        ):
            part()

    def _good(self) -> None:
        self.add(Defect("good", "valid chain, fresh CRL", ""))

    def _dates(self) -> None:
        past: dict[str, Any] = {"start": NOW - 30 * DAY, "end": NOW - DAY}
        self.add(Defect("expired-leaf", "leaf out of date", "tls.certificate-dates", "expired"), leaf=past)
        self.add(
            Defect("notyet-leaf", "leaf valid from tomorrow", "tls.certificate-dates", "not-yet-valid"),
            leaf={"start": NOW + DAY},
        )
        self.add(
            Defect("expired-inter", "intermediate expired", "tls.chain-certificate", "expired", MIDDLE), middle=past
        )
        old = mint(
            replace(AUTHORITY, subject="Defect Root", aki=False, start=past["start"], end=past["end"]), self.root.key
        )
        self.add(
            Defect("expired-root", "root expired", "tls.chain-certificate", "expired", ROOT, anchors=[old]),
        )

    def _names(self) -> None:
        rule = "tls.certificate-names"
        self.add(Defect("wrong-host", "another name", rule, "name-mismatch"), leaf={"san": ("other.example",)})
        self.add(Defect("cn-only", "no subjectAltName", rule, "no-names"), leaf={"san": None})
        deep = {"san": ("*.example.test",)}
        self.add(Defect("wildcard-depth", "a wildcard elsewhere", rule, "name-mismatch"), leaf=deep)
        self.add(
            Defect(
                "missing-name", "one declared name is missing", rule, "name-mismatch", names=(HOST, "www.shop.example")
            )
        )
        self.add(
            Defect("public-wildcard", "*.example", "tls.certificate-profile", "public-suffix-wildcard"),
            leaf={"san": (HOST, "*.example")},
        )
        self.add(
            Defect("underscore", "a name with an underscore", "tls.certificate-profile", "malformed-name"),
            leaf={"san": (HOST, "my_shop.example")},
        )

    def _paths(self) -> None:
        rule, gaps = "tls.path", ("tls.crl", "tls.revocation")
        alone = mint(replace(Wish(), subject=HOST, cdp=(f"{self.source}/root.crl",)), key("ec", 1))
        defect = Defect("ss-leaf", "self-signed leaf", rule, "self-signed", inconclusive=gaps)
        defect.chain, defect.anchors = [alone], [self.root]
        self.defects.append(defect)
        stranger = mint(replace(AUTHORITY, subject="Untrusted Root", aki=False), key("ec", 20))
        strange = mint(
            replace(AUTHORITY, subject="Strange", cdp=(f"{self.source}/stranger.crl",)), key("ec", 21), stranger
        )
        self.paths["/stranger.crl"] = mint_crl(CrlWish(), stranger)
        self.add(
            Defect("untrusted-root", "unknown root, sent", rule, "untrusted-root", "Untrusted Root"),
            issuer=strange,
            chain=lambda leaf, middle: [leaf, middle, stranger],
        )
        self.add(
            Defect("missing-inter", "intermediate not sent", rule, "missing-issuer", inconclusive=gaps),
            chain=lambda leaf, _: [leaf],
        )
        self.add(
            Defect("bad-sig", "signed by another key of the same name", rule, "bad-signature", inconclusive=gaps),
            signer=key("ec", 66),
        )
        only = x509.NameConstraints([x509.DNSName("other.example")], None)
        self.add(
            Defect("nc-violation", "the intermediate may issue for others only", rule, "name-constraints", MIDDLE),
            middle={"extra": ((only, True),)},
        )
        first = self._middle("pathlen")
        self.paths["/pathlen-above.crl"] = mint_crl(CrlWish(), first)
        second = mint(
            replace(AUTHORITY, subject="Sub pathlen", cdp=(f"{self.source}/pathlen-above.crl",)), key("ec", 22), first
        )
        self.add(
            Defect("pathlen", "two authorities below pathlen 0", rule, "path-length", MIDDLE),
            issuer=second,
            chain=lambda leaf, middle: [leaf, middle, first],
        )
        for name, what, changes, code in (
            ("issuer-cafalse", "the issuer has CA:false", {"ca": False, "pathlen": None}, "not-an-authority"),
            ("issuer-nobc", "the issuer has no basicConstraints", {"ca": None, "pathlen": None}, "not-an-authority"),
            ("issuer-nocertsign", "the issuer lacks keyCertSign", {"ku": usage("crl_sign")}, "may-not-sign"),
            ("issuer-purpose", "the issuer is for clients only", {"eku": (CLIENT,)}, "purpose-of-authority"),
        ):
            above = self._without_pathlen(name, changes)
            self.add(Defect(name, what, rule, code, MIDDLE), issuer=above)

    def _without_pathlen(self, name: str, changes: dict[str, Any]) -> Holder:
        wish = replace(AUTHORITY, subject=f"Intermediate {name}", cdp=(f"{self.source}/root.crl",), **changes)
        return mint(wish, key("ec", 11), self.root)

    def _sent(self) -> None:
        rule = "tls.chain-sent"
        stranger = mint(replace(AUTHORITY, subject="Unrelated Root", aki=False), key("ec", 23))
        self.add(
            Defect("wrong-order", "leaf, root, intermediate", rule, "order", NOBODY, "guidance"),
            chain=lambda leaf, middle: [leaf, self.root, middle],
        )
        self.add(
            Defect("root-sent", "the root is sent", rule, "root-sent", ROOT, "advisory"),
            chain=lambda leaf, middle: [leaf, middle, self.root],
        )
        self.add(
            Defect("extra-cert", "an unrelated certificate", rule, "extra", "Unrelated Root", "advisory"),
            chain=lambda leaf, middle: [leaf, middle, stranger],
        )
        name = "fetched-inter"
        above = self._middle(name)
        self.paths[f"/{name}.der"] = above.der
        self.add(
            Defect(name, "intermediate not sent, but fetched", rule, "issuer-fetched", MIDDLE, "guidance"),
            issuer=above,
            leaf={"caissuers": (f"{self.source}/{name}.der",)},
            chain=lambda leaf, _: [leaf],
        )

    def _keys(self) -> None:
        profile, chain = "tls.certificate-profile", "tls.chain-certificate"
        self.add(Defect("rsa1024-leaf", "RSA-1024 leaf", profile, "weak-key"), own=key("rsa1024"))
        self.add(
            Defect("rsa1024-inter", "RSA-1024 intermediate", chain, "weak-key", MIDDLE), middle_key=key("rsa1024", 2)
        )
        old = (TlsVersion.TLS_1_2,)  # TLS 1.3 knows no such curve
        self.add(Defect("p192-leaf", "P-192 leaf key", profile, "weak-key", versions=old), own=key("p192"))
        by_rsa = self._middle("rsa", key("rsa2048", 3))
        for digest in ("sha1", "md5"):
            self.add(
                Defect(f"{digest}-leaf", f"{digest} leaf signature", profile, "weak-signature"),
                issuer=by_rsa,
                leaf={"digest": digest},
            )
        self.add(
            Defect("sha1-inter", "SHA-1 intermediate signature", chain, "weak-signature", MIDDLE),
            middle={"digest": "sha1"},
        )

    def _usages(self) -> None:
        rule = "tls.certificate-profile"
        self.add(Defect("eku-client", "for clients only", rule, "purpose"), leaf={"eku": (CLIENT,)})
        self.add(Defect("eku-none", "no extended key usage: allowed by RFC 5280", ""), leaf={"eku": None})
        self.add(
            Defect("leaf-ku", "key usage keyCertSign only", rule, "leaf-key-usage"),
            leaf={"ku": usage("key_cert_sign")},
            own=key("rsa2048", 4),
        )
        self.add(Defect("eku-both", "for servers and clients", ""), leaf={"eku": (SERVER, CLIENT)})

    def _profile(self) -> None:
        rule = "tls.certificate-profile"
        self.add(
            Defect("crit-ext", "unknown critical extension", rule, "unknown-critical-extension"),
            leaf={"extra": ((STRANGE, True),)},
        )
        self.add(
            Defect("leaf-ca", "the leaf is an authority", rule, "leaf-is-authority"),
            issuer=self._without_pathlen("leaf-ca", {}),
            leaf={"ca": True, "ku": usage("digital_signature", "key_cert_sign")},
        )
        self.add(
            Defect("long-validity", "valid for five years", rule, "long-validity", grade="guidance"),
            leaf={"end": NOW + 1825 * DAY},
        )
        self.add(Defect("no-aki", "no authorityKeyIdentifier", rule, "key-identifiers"), leaf={"aki": False})
        self.add(
            Defect("critical-san", "critical names beside a subject", rule, "criticality"), leaf={"san_critical": True}
        )
        self.add(
            Defect("leaf-nc", "a leaf with name constraints", rule, "leaf-name-constraints"),
            leaf={"extra": ((x509.NameConstraints([x509.DNSName("example")], None), True),)},
        )

    def _revocation(self) -> None:
        rule = "tls.revocation"
        self.add(
            Defect("revoked-leaf", "leaf on the CRL", rule, "revoked"),
            crl=lambda leaf, middle: mint_crl(CrlWish(revoked=(leaf.certificate.serial_number,)), middle),
        )
        _, middle = self.add(Defect("revoked-inter", "intermediate on the root's CRL", rule, "revoked", MIDDLE))
        self._revoked_by_root.append(middle.certificate.serial_number)
        self.add(Defect("no-revinfo", "neither CRL nor OCSP", rule, "no-revocation-source"), with_crl=False)
        self.add(
            Defect("ocsp-good-crl-revoked", "OCSP good, CRL revoked", rule, "revoked"),
            responder=OcspWish(),
            crl=lambda leaf, middle: mint_crl(CrlWish(revoked=(leaf.certificate.serial_number,)), middle),
        )
        staple = x509.TLSFeature([x509.TLSFeatureType.status_request])
        self.add(
            Defect("must-staple", "a staple is promised, none is sent", rule, "must-staple"),
            leaf={"extra": ((staple, False),)},
        )
        defect = Defect("stapled", "a staple is promised and sent", "")
        end, above = self.add(defect, leaf={"extra": ((staple, False),)})
        defect.staple = mint_ocsp(OcspWish(), end, above)
        defect = Defect("stapled-revoked", "the staple says revoked", rule, "revoked")
        end, above = self.add(defect)
        defect.staple = mint_ocsp(OcspWish(status=REVOKED), end, above)
        defect = Defect("stapled-stale", "the staple is out of date", "tls.ocsp", "ocsp-stale")
        end, above = self.add(defect)
        defect.staple = mint_ocsp(OcspWish(this=NOW - 9 * DAY, due=NOW - DAY), end, above)

    def _crls(self) -> None:
        rule, gap = "tls.crl", ("tls.revocation",)
        scope = x509.IssuingDistributionPoint(None, None, False, True, None, False, False)
        wishes = (
            ("crl-stale", "nextUpdate in the past", CrlWish(this=NOW - 30 * DAY, due=NOW - DAY), "crl-stale"),
            ("crl-future", "thisUpdate in the future", CrlWish(this=NOW + DAY), "crl-future"),
            ("crl-critext", "unknown critical extension", CrlWish(extra=((STRANGE, True),)), "crl-critical-extension"),
            ("crl-idp-ca", "for authorities only", CrlWish(extra=((scope, True),)), "crl-scope"),
            ("crl-nonumber", "no CRL number", CrlWish(number=None), "crl-number"),
            ("crl-sha1", "signed with SHA-1", CrlWish(digest="sha1"), "crl-weak-signature"),
            (
                "crl-delta-only",
                "a delta instead of a CRL",
                CrlWish(extra=((x509.DeltaCRLIndicator(1), True),)),
                "crl-delta",
            ),
        )
        for name, what, wish, code in wishes:
            self.add(Defect(name, what, rule, code, inconclusive=gap), crl=wish)
        bodies: tuple[tuple[str, str, Callable[[Holder, Holder], Body], str], ...] = (
            (
                "crl-badsig",
                "signed by another key",
                lambda _, up: mint_crl(CrlWish(), up, signer=key("ec", 66)),
                "crl-signature",
            ),
            ("crl-wrongissuer", "by somebody else", lambda *_: mint_crl(CrlWish(), self._middle("else")), "crl-issuer"),
            ("crl-404", "not found", lambda *_: 404, "crl-unreachable"),
            ("crl-garbage", "a page instead of a CRL", lambda *_: b"<html>oops</html>", "crl-malformed"),
        )
        for name, what, body, code in bodies:
            self.add(Defect(name, what, rule, code, inconclusive=gap), crl=body)
        self.add(
            Defect("crl-refused", "nobody listens at the CRL's address", rule, "crl-unreachable", inconclusive=gap),
            leaf={"cdp": (f"{self.elsewhere}/x.crl",)},
        )
        self.add(
            Defect("crl-nosign", "the issuer lacks cRLSign", rule, "crl-signer", inconclusive=gap),
            middle={"ku": usage("key_cert_sign")},
        )

    def _ocsps(self) -> None:
        rule, gap = "tls.ocsp", ("tls.revocation",)
        self.add(Defect("ocsp-good", "OCSP good", ""), responder=OcspWish(), with_crl=False)
        self.add(
            Defect("ocsp-revoked", "OCSP revoked", "tls.revocation", "revoked"),
            responder=OcspWish(status=REVOKED),
            with_crl=False,
        )
        rogue = Wish(subject="Rogue", san=None, eku=(SERVER,))
        signer = Wish(subject="Responder", san=None, eku=(ExtendedKeyUsageOID.OCSP_SIGNING,))
        self.add(
            Defect("ocsp-delegated", "OCSP good, by a delegate", ""),
            responder=lambda leaf, up: mint_ocsp(OcspWish(responder=mint(signer, key("ec", 52), up)), leaf, up),
            with_crl=False,
        )
        cases: tuple[tuple[str, Callable[[Holder, Holder], Body], str], ...] = (
            (
                "unknown",
                lambda leaf, up: mint_ocsp(OcspWish(status=ocsp.OCSPCertStatus.UNKNOWN), leaf, up),
                "ocsp-unknown",
            ),
            ("stale", lambda leaf, up: mint_ocsp(OcspWish(this=NOW - 30 * DAY, due=NOW - DAY), leaf, up), "ocsp-stale"),
            ("future", lambda leaf, up: mint_ocsp(OcspWish(this=NOW + DAY), leaf, up), "ocsp-future"),
            ("badsig", lambda leaf, up: _spoilt(mint_ocsp(OcspWish(), leaf, up)), "ocsp-signature"),
            (
                "wrongsigner",
                lambda leaf, up: mint_ocsp(OcspWish(responder=mint(rogue, key("ec", 51), up)), leaf, up),
                "ocsp-signer",
            ),
            ("trylater", lambda *_: refusal(ocsp.OCSPResponseStatus.TRY_LATER), "ocsp-refused"),
            (
                "serial",
                lambda _, up: mint_ocsp(OcspWish(about=self.root, about_issuer=self.root), up, up),
                "ocsp-other-certificate",
            ),
            ("500", lambda *_: 500, "ocsp-unreachable"),
            ("garbage", lambda *_: b"<html>oops</html>", "ocsp-malformed"),
        )
        for name, body, code in cases:
            defect = Defect(f"ocsp-{name}", f"OCSP: {name}", rule, code, inconclusive=gap)
            self.add(defect, responder=body, with_crl=False)


def _crl(wish: object, end: Holder, above: Holder) -> Body:
    if isinstance(wish, CrlWish):
        return mint_crl(wish, above)
    return wish(end, above) if callable(wish) else wish  # type: ignore[return-value]  # a body


def _ocsp(wish: object, end: Holder, above: Holder) -> Body:
    if isinstance(wish, OcspWish):
        return mint_ocsp(wish, end, above)
    return wish(end, above) if callable(wish) else wish  # type: ignore[return-value]  # a body


def _spoilt(der: bytes) -> bytes:
    return der[:-8] + bytes([der[-8] ^ 0xFF]) + der[-7:]
