"""Makes the merchant's answer to one PInitReq, stage by stage; a fault may change what each stage made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asn1crypto import cms, core, pem

from dashboards.demo.merchant.papers import BRAND_ID, GATEWAY, MERCHANT, ROOT, Key, Papers, good_papers
from dashboards.demo.merchant.registry import Registry, sign, thumb_of
from probes.set import asn1, unconfirmed
from probes.set.certificates import UnreadableError
from probes.set.messages import CONTENT_TYPE, MESSAGE_DIGEST, read_request
from probes.set.parts import Request
from probes.set.signing import sha1

Draw = Callable[[int], bytes]
"""Gives that many random bytes."""
_SHA1 = {"algorithm": "sha1"}
MESSAGE_NOT_SUPPORTED, UNSPECIFIED = 3, 2


@dataclass
class Data:
    """Fields of PInitResData, and of the header around it."""

    request: Request
    """What is answered."""
    fields: dict[str, Any]
    """PInitResData."""
    header: dict[str, Any]
    """MessageHeader."""
    extensions: list[Any] = field(default_factory=list)
    """Extensions of the wrapper."""


@dataclass
class Signing:
    """How PInitResData is signed."""

    content: bytes
    """DER of PInitResData as it goes out."""
    signed: bytes
    """What the digest is made over."""
    key: str = MERCHANT
    """Whose key signs."""
    names: str = MERCHANT
    """Whose certificate the signer is said to have."""
    content_type: str = asn1.PINIT_RES_DATA
    """What is said to be signed."""
    attribute_type: str = asn1.PINIT_RES_DATA
    """What the attribute says to be signed."""
    added: list[Any] = field(default_factory=list)
    """Further authenticated attributes."""
    signature: Callable[[bytes], bytes] = bytes
    """Changes the signature."""
    signers: int = 1
    """How many signers."""
    plain: bool = False
    """Plain PKCS #7 instead of the form of SET."""


@dataclass
class Reply:
    """What goes out over HTTP."""

    body: bytes
    """The body."""
    status: int = 200
    """Status code."""
    media_type: str = unconfirmed.MESSAGE_TYPE
    """Content-Type."""
    headers: dict[str, str] = field(default_factory=dict)
    """Further header fields."""
    stalls: bool = False
    """True: the body stops half-way and nothing more ever comes."""


def _nothing(_: Any) -> None:  # noqa: ANN401 - whatever a stage made
    """Change nothing."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a merchant."""

    name: str
    """Short name."""
    says: str
    """What is wrong, in a sentence."""
    papers: Callable[[Papers], None] = _nothing
    """Changes certificates and CRLs."""
    data: Callable[[Data], None] = _nothing
    """Changes what is answered."""
    signing: Callable[[Signing], None] = _nothing
    """Changes how it is signed."""
    der: Callable[[bytes], bytes] = bytes
    """Changes the bytes of the message."""
    reply: Callable[[Reply], None] = _nothing
    """Changes the HTTP answer."""
    initiation: Callable[[dict[str, str]], None] = _nothing
    """Changes the fields of the initiation message."""
    replays: bool = False
    """Always sends the first answer again."""
    old_root: bool = False
    """The operator declares the root as it was before."""
    geopolitical: bool = False
    """There is a geopolitical authority. That is no fault."""


GOOD = Fault("good", "Nothing is wrong.")
"""A merchant without a fault."""


def _finished(made: Any) -> Any:  # noqa: ANN401 - asn1crypto has no types
    """Read what was made again: asn1crypto keeps the bytes of what it has read, and encodes what it has built every time anew."""
    return type(made).load(made.dump())


class Merchant:
    """Answers PInitReq messages."""

    def __init__(self, keys: Mapping[str, Key], now: datetime, draw: Draw, fault: Fault = GOOD) -> None:
        self._keys, self._draw, self._fault = keys, draw, fault
        self.papers = good_papers(now.replace(microsecond=0), geopolitical=fault.geopolitical)
        before = Registry(self.papers, keys).certificate(ROOT)
        fault.papers(self.papers)
        self._registry = Registry(self.papers, keys)
        self._root = before if fault.old_root else self._registry.certificate(ROOT)
        self._sent = [_finished(self._registry.certificate(holder)) for holder in self.papers.sent]
        self._crls = [_finished(self._registry.crl(paper)) for paper in self.papers.crls.values()]
        brand = self.papers.brand
        self._brand_crls = None if brand is None else _finished(self._registry.brand_crls(brand))
        self._gateway_thumb = thumb_of(self._registry.certificate(GATEWAY))
        self._first = b""

    @property
    def root_pem(self) -> str:
        """The root that the operator declares."""
        return str(pem.armor("CERTIFICATE", self._root.dump()).decode("ascii"))

    def reply(self, body: bytes, now: datetime) -> Reply:
        """Answer one HTTP body."""
        reply = Reply(body=self._message(body, now.replace(microsecond=0)))
        self._fault.reply(reply)
        return reply

    def _message(self, body: bytes, now: datetime) -> bytes:
        try:
            request = read_request(body)
        except UnreadableError:
            return self._error(MESSAGE_NOT_SUPPORTED, now)
        if unconfirmed.brand_of(request.brand_id) != unconfirmed.brand_of(BRAND_ID):
            return self._error(UNSPECIFIED, now)
        if not (self._fault.replays and self._first):
            self._first = self._fault.der(self._answer(request, now))
        return self._first

    def _error(self, code: int, now: datetime) -> bytes:
        header = {"version": 1, "date": now, "sw_ident": "demo merchant"}
        error = unconfirmed.Error({"code": unconfirmed.ERRORS[code], "nonce": self._draw(20)})
        return bytes(asn1.MessageWrapper({"header": header, "message": asn1.Message("error", error)}).dump())

    def _answer(self, request: Request, now: datetime) -> bytes:
        data = self._data(request, now)
        self._fault.data(data)
        content = bytes(asn1.PInitResData(data.fields).dump())
        signing = Signing(content=content, signed=content)
        self._fault.signing(signing)
        message = (asn1.PlainMessage if signing.plain else asn1.Message)("pinit_res", self._signed(signing))
        wrapper = asn1.PlainMessageWrapper if signing.plain else asn1.MessageWrapper
        fields: dict[str, Any] = {"header": data.header, "message": message}
        if data.extensions:
            fields["extensions"] = data.extensions
        return bytes(wrapper(fields).dump())

    def _data(self, request: Request, now: datetime) -> Data:
        xid = self._draw(unconfirmed.XID_BYTES)
        ids = {"lid_c": request.lid_c, "xid": xid, "preq_date": now, "language": request.language}
        fields = {
            "rrpid": request.rrpid,
            "chall_c": request.chall_c,
            "chall_m": self._draw(unconfirmed.CHALLENGE_BYTES),
            "pe_thumb": {"digest_algorithm": _SHA1, "thumbprint": self._gateway_thumb},
        }
        header_ids = {"lid_c": request.lid_c, "xid": xid}
        if request.lid_m is not None:
            ids["lid_m"] = header_ids["lid_m"] = request.lid_m
        if request.thumbs is not None:
            fields["thumbs"] = {"digest_algorithm": _SHA1, "certificates": list(request.thumbs.certificates)}
        if self._brand_crls is not None:
            fields["brand_crl_identifier"] = self._brand_crls
        header = {"version": 1, "date": now, "message_ids": header_ids, "rrpid": request.rrpid}
        return Data(request, {"trans_ids": ids, **fields}, {**header, "sw_ident": "demo merchant"})

    def _signed(self, signing: Signing) -> Any:  # noqa: ANN401 - asn1crypto has no types
        attributes = [
            cms.CMSAttribute({"type": CONTENT_TYPE, "values": [signing.attribute_type]}),
            cms.CMSAttribute({"type": MESSAGE_DIGEST, "values": [sha1(signing.signed)]}),
            *signing.added,
        ]
        listed = (unconfirmed.AttributeSet if signing.plain else unconfirmed.Attributes)(attributes)
        signer = {
            "version": 1 if signing.plain else 2,
            "issuer_and_serial": self._registry.signer(signing.names),
            "digest_algorithm": _SHA1,
            "attributes": listed,
            "signature_algorithm": {"algorithm": "rsassa_pkcs1v15"},
            "signature": signing.signature(sign(self._keys[signing.key], listed.dump())),
        }
        content = {"content_type": signing.content_type, "content": core.OctetString(signing.content)}
        signed_data = {
            "version": 1 if signing.plain else 2,
            "digest_algorithms": [_SHA1],
            "content_info": content,
            "certificates": self._sent,
            "crls": self._crls,
            "signer_infos": [signer] * signing.signers,
        }
        info = asn1.PlainContentInfo if signing.plain else asn1.ContentInfo
        return info({"content_type": asn1.SIGNED_DATA, "content": signed_data})
