"""Reads SET messages into plain values: a merchant's answer in either form of PKCS #7, and our own request."""

from __future__ import annotations

from typing import Any

from asn1crypto import core

from probes.set import asn1, unconfirmed
from probes.set.certificates import (
    UnreadableError,
    certificate_of,
    checked,
    crl_of,
    extensions_of,
    guarded,
    moment,
    name_of,
    signed_of,
    whole,
)
from probes.set.parts import (
    Answer,
    BrandCrls,
    ErrorMessage,
    Header,
    HeldCrl,
    Issued,
    Request,
    Signature,
    ThumbsSeen,
)
from probes.transcript import printable

MOST = 24
"""Most certificates, and most CRLs, of one answer. SET needs seven."""
_SET_OF = b"\x31"


def read_answer(data: bytes) -> Answer | ErrorMessage:
    """Read what a merchant sent; raises `UnreadableError`."""
    checked(data)
    try:
        return guarded(lambda: _answer(asn1.MessageWrapper.load(data, strict=True), plain=False))
    except UnreadableError as error:
        try:
            return guarded(lambda: _answer(asn1.PlainMessageWrapper.load(data, strict=True), plain=True))
        except UnreadableError:
            raise error from None


def read_request(data: bytes) -> Request:
    """Read one of our own requests; raises `UnreadableError` when it is anything but a PInitReq."""
    return guarded(lambda: _request(asn1.MessageWrapper.load(checked(data), strict=True)))


def _optional(value: Any) -> Any:  # noqa: ANN401 - asn1crypto has no types
    return None if isinstance(value, core.Void) else value.native


def _header(wrapper: Any) -> Header:  # noqa: ANN401 - asn1crypto has no types
    header = wrapper["header"]
    ids = header["message_ids"]
    known = {} if isinstance(ids, core.Void) else {key: _optional(ids[key]) for key in ("lid_c", "lid_m", "xid")}
    return Header(
        version=f"{whole(header['version'])}.{whole(header['revision'])}",
        date=moment(header["date"]),
        lid_c=known.get("lid_c"),
        lid_m=known.get("lid_m"),
        xid=known.get("xid"),
        rrpid=_optional(header["rrpid"]),
        software=printable(header["sw_ident"].contents, 60),
        extensions=extensions_of(wrapper["extensions"]),
    )


def _thumbs(value: Any) -> ThumbsSeen | None:  # noqa: ANN401 - asn1crypto has no types
    if isinstance(value, core.Void):
        return None
    lists = [_optional(value[key]) or () for key in ("certificates", "crls", "brand_crl_identifiers")]
    return ThumbsSeen(certificates=tuple(lists[0]), crls=tuple(lists[1]), brand_crls=tuple(lists[2]))


def _request(wrapper: Any) -> Request:  # noqa: ANN401 - asn1crypto has no types
    message = wrapper["message"]
    if message.name != "pinit_req":
        raise UnreadableError(f"it is a {message.name} message")
    part = message.chosen
    if not part["bin"].native.isdecimal():
        raise UnreadableError("its BIN is no number")
    extensions_of(part["extensions"])
    return Request(
        header=_header(wrapper),
        rrpid=part["rrpid"].native,
        language=part["language"].native,
        lid_c=part["lid_c"].native,
        lid_m=_optional(part["lid_m"]),
        chall_c=part["chall_c"].native,
        brand_id=part["brand_id"].native,
        thumbs=_thumbs(part["thumbs"]),
    )


def _answer(wrapper: Any, *, plain: bool) -> Answer | ErrorMessage:  # noqa: ANN401 - asn1crypto has no types
    header, message = _header(wrapper), wrapper["message"]
    if message.name == "error":
        return ErrorMessage(header=header, code=whole(message.chosen["code"]))
    if message.name != "pinit_res":
        raise UnreadableError(f"it is a {message.name} message")
    outer = message.chosen
    if outer["content_type"].dotted != asn1.SIGNED_DATA:
        raise UnreadableError("it is not SignedData")
    signed_data = outer["content"]
    signature = _signature(signed_data, plain=plain)
    data = asn1.PInitResData.load(checked(signature.content), strict=True)
    ids = data["trans_ids"]
    return Answer(
        header=header,
        signature=signature,
        certificates=tuple(certificate_of(entry) for entry in _few(signed_data["certificates"])),
        crls=tuple(crl_of(entry) for entry in _few(signed_data["crls"])),
        lid_c=ids["lid_c"].native,
        lid_m=_optional(ids["lid_m"]),
        xid=ids["xid"].native,
        preq_date=moment(ids["preq_date"]),
        language=ids["language"].native,
        rrpid=data["rrpid"].native,
        chall_c=data["chall_c"].native,
        chall_m=data["chall_m"].native,
        brand_crls=_brand_crls(data["brand_crl_identifier"]),
        gateway_thumb=data["pe_thumb"]["thumbprint"].native,
        thumbs=_thumbs(data["thumbs"]),
        extensions=extensions_of(data["extensions"]),
    )


def _few(value: Any) -> list[Any]:  # noqa: ANN401 - asn1crypto has no types
    entries = [] if isinstance(value, core.Void) else list(value)
    if len(entries) > MOST:
        raise UnreadableError(f"it holds more than {MOST} certificates or CRLs")
    return entries


def _signature(signed_data: Any, *, plain: bool) -> Signature:  # noqa: ANN401 - asn1crypto has no types
    content = signed_data["content_info"]
    signers = list(signed_data["signer_infos"])
    if not signers or isinstance(content["content"], core.Void):
        raise UnreadableError("nobody signed it" if not signers else "it holds nothing that is signed")
    signer = signers[0]
    attributes = [] if isinstance(signer["attributes"], core.Void) else list(signer["attributes"])
    values = {entry["type"].dotted: entry["values"] for entry in attributes}
    return Signature(
        content_type=content["content_type"].dotted,
        content=content["content"].native,
        signers=len(signers),
        by=_issued(signer["issuer_and_serial"]),
        digest_algorithm=signer["digest_algorithm"]["algorithm"].dotted,
        attributes=_under_signature(signer["attributes"], plain=plain),
        attribute_types=tuple(entry["type"].dotted for entry in attributes),
        attribute_content_type=_only(values.get(CONTENT_TYPE), lambda entry: str(entry.dotted), ""),
        digest=_only(values.get(MESSAGE_DIGEST), lambda entry: bytes(entry.native), b""),
        algorithm=signer["signature_algorithm"]["algorithm"].dotted,
        signature=signer["signature"].native,
        plain=plain,
    )


def _issued(value: Any) -> Issued:  # noqa: ANN401 - asn1crypto has no types
    return Issued(value["issuer"].dump(), whole(value["serial_number"]))


CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"


def _only(values: Any, take: Any, otherwise: Any) -> Any:  # noqa: ANN401 - asn1crypto has no types
    """Give the one value of an attribute."""
    return take(values[0]) if values is not None and len(values) == 1 else otherwise


def _under_signature(attributes: Any, *, plain: bool) -> bytes:  # noqa: ANN401 - asn1crypto has no types
    if isinstance(attributes, core.Void):
        return b""
    if not plain:
        return bytes(attributes.untag().dump())
    whole = attributes.dump()
    return bytes(_SET_OF + whole[1:])


def _brand_crls(value: Any) -> BrandCrls | None:  # noqa: ANN401 - asn1crypto has no types
    if isinstance(value, core.Void):
        return None
    part = value["unsigned"]
    listed = [] if isinstance(part["crls"], core.Void) else list(part["crls"])
    return BrandCrls(
        signed=signed_of(part, value["algorithm"], value["signature"]),
        sequence=whole(part["sequence"]),
        brand_id=part["brand_id"].native,
        not_before=moment(part["not_before"]),
        not_after=moment(part["not_after"]),
        crls=tuple(HeldCrl(name_of(entry["issuer"]), whole(entry["crl_number"])) for entry in listed),
        extensions=extensions_of(part["extensions"]),
    )


def error_name(code: int) -> str:
    """Name an error code."""
    return unconfirmed.ERRORS.get(code, "an error of unknown code")
