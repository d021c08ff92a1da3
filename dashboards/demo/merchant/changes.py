"""What a fault changes, stage by stage: each function makes a change of one draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from asn1crypto import core

from dashboards.demo.merchant.answer import Data, Reply, Signing
from dashboards.demo.merchant.papers import (
    BRAND_CA,
    DAY,
    GATEWAY,
    NEXT_ROOT,
    PAYMENT_CA,
    ROOT,
    STRANGER,
    Papers,
)
from dashboards.demo.merchant.registry import extension
from probes.set import asn1, unconfirmed

PRIVATE = "1.3.6.1.4.1.99999.1"
"""An extension that nobody knows."""
JAPANESE = f"{unconfirmed.JAPAN}.1"
"""An extension below Japan's arc."""
NULL = core.Null().dump()

Change = Callable[[Any], None]


def paper(holder: str, **changes: object) -> Change:
    """Change fields of one certificate."""

    def change(papers: Papers) -> None:
        papers.certificates[holder] = replace(papers.certificates[holder], **changes)  # type: ignore[arg-type]  # names of fields

    return change


def dates(holder: str, first: int, last: int) -> Change:
    """Make a certificate valid from day `first` to day `last`, counted from today."""

    def change(papers: Papers) -> None:
        paper(holder, not_before=papers.now + first * DAY, not_after=papers.now + last * DAY)(papers)

    return change


def key_ended(holder: str) -> Change:
    """End the time in which a key may sign, before the certificate ends."""

    def change(papers: Papers) -> None:
        paper(holder, key_to=papers.now - DAY)(papers)

    return change


def crl(issuer: str, **changes: object) -> Change:
    """Change fields of one CRL."""

    def change(papers: Papers) -> None:
        papers.crls[issuer] = replace(papers.crls[issuer], **changes)  # type: ignore[arg-type]  # names of fields

    return change


def crl_dates(issuer: str, made: int, next_one: int) -> Change:
    """Make a CRL hold from day `made` to day `next_one`, counted from today."""

    def change(papers: Papers) -> None:
        crl(issuer, this_update=papers.now + made * DAY, next_update=papers.now + next_one * DAY)(papers)

    return change


def brand(**changes: object) -> Change:
    """Change fields of the brand's list."""

    def change(papers: Papers) -> None:
        assert papers.brand is not None  # noqa: S101 - the draft has one
        papers.brand = replace(papers.brand, **changes)  # type: ignore[arg-type]  # names of fields

    return change


def brand_dates(first: int, last: int) -> Change:
    """Make the brand's list valid from day `first` to day `last`, counted from today."""

    def change(papers: Papers) -> None:
        brand(not_before=papers.now + first * DAY, not_after=papers.now + last * DAY)(papers)

    return change


def without_brand_list(papers: Papers) -> None:
    """Leave the brand's list out."""
    papers.brand = None


def unsent(holder: str) -> Change:
    """Keep a certificate back."""

    def change(papers: Papers) -> None:
        papers.sent.remove(holder)

    return change


def no_crl(issuer: str) -> Change:
    """Keep a CRL back."""

    def change(papers: Papers) -> None:
        del papers.crls[issuer]

    return change


def fields(**changes: object) -> Change:
    """Change fields of PInitResData."""

    def change(data: Data) -> None:
        data.fields.update(changes)

    return change


def ids(**changes: object) -> Change:
    """Change fields of TransIDs, and the header's with them."""

    def change(data: Data) -> None:
        data.fields["trans_ids"].update(changes)
        data.header["message_ids"].update({key: value for key, value in changes.items() if key == "xid"})

    return change


def header(**changes: object) -> Change:
    """Change fields of the message header."""

    def change(data: Data) -> None:
        data.header.update(changes)

    return change


def header_ids(**changes: object) -> Change:
    """Change the header's ids."""

    def change(data: Data) -> None:
        data.header["message_ids"].update(changes)

    return change


def later(field: str, minutes: int) -> Change:
    """Date a field of the header later."""

    def change(data: Data) -> None:
        data.header[field] += timedelta(minutes=minutes)

    return change


def transaction_later(data: Data) -> None:
    """Date the transaction five hours later."""
    data.fields["trans_ids"]["preq_date"] += timedelta(hours=5)


def flipped(field: str) -> Change:
    """Give back something else than what was sent."""

    def change(data: Data) -> None:
        data.fields[field] = bytes(byte ^ 0xFF for byte in data.fields[field])

    return change


def short_xid(data: Data) -> None:
    """Make an XID of eight bytes, new every time."""
    ids(xid=data.fields["trans_ids"]["xid"][:8])(data)


def short_challenge(data: Data) -> None:
    """Make a Chall-M of four bytes, new every time."""
    data.fields["chall_m"] = data.fields["chall_m"][:4]


def no_thumbs(data: Data) -> None:
    """Do not send the thumbs back."""
    data.fields.pop("thumbs", None)


def message_extension(oid: str, *, critical: bool) -> Change:
    """Put an extension into the signed part."""

    def change(data: Data) -> None:
        data.fields["extensions"] = [extension(oid, critical, NULL)]

    return change


def wrapper_extension(data: Data) -> None:
    """Put an unknown critical extension into the wrapper."""
    data.extensions.append(extension(PRIVATE, True, NULL))


def signing(**changes: object) -> Change:
    """Change how it is signed."""

    def change(signing: Signing) -> None:
        for name, value in changes.items():
            setattr(signing, name, value)

    return change


def changed_behind_signature(signing: Signing) -> None:
    """Change what was signed after it was signed."""
    data = asn1.PInitResData.load(signing.content)
    data["chall_m"] = data["chall_m"].native[::-1]
    signing.content = data.dump(force=True)


def replying(**changes: object) -> Change:
    """Change the HTTP answer."""

    def change(reply: Reply) -> None:
        for name, value in changes.items():
            setattr(reply, name, value)

    return change


def huge(reply: Reply) -> None:
    """Append ten million bytes."""
    reply.body += bytes(10_000_000)


def indefinite(message: bytes) -> bytes:
    """Write the outer length as BER's indefinite one."""
    header = 2 + (message[1] & 0x7F)
    return b"\x30\x80" + message[header:] + b"\x00\x00"


def error_message(code: int) -> Callable[[bytes], bytes]:
    """Answer with an Error message."""

    def change(message: bytes) -> bytes:
        header = asn1.MessageWrapper.load(message)["header"]
        error = unconfirmed.Error({"code": unconfirmed.ERRORS[code], "nonce": bytes(20)})
        return bytes(asn1.MessageWrapper({"header": header, "message": asn1.Message("error", error)}).dump())

    return change


def initiation(**changes: str) -> Change:
    """Change fields of the initiation message; an empty value removes one."""

    def change(fields: dict[str, str]) -> None:
        for name, value in changes.items():
            fields[name.replace("_", "-")] = value
            if not value:
                del fields[name.replace("_", "-")]

    return change


def other_initiation_type(fields: dict[str, str]) -> None:
    """Call the initiation message a web page."""
    fields[""] = "text/html"


def new_root(*, announced: bool) -> Change:
    """Put a new root in place of the old one, with the key that the old one announced, or with a stranger's."""

    def change(papers: Papers) -> None:
        key = NEXT_ROOT if announced else STRANGER
        old = papers.certificates[ROOT]
        papers.certificates[ROOT] = replace(old, key_of=key, signed_by=key, serial=11, next_root=GATEWAY)
        papers.certificates[BRAND_CA].signed_by = key
        papers.certificates[BRAND_CA].issuer_serial = 11
        papers.crls[ROOT].signed_by = key
        papers.sent.append(ROOT)

    return change


def bad_gateway_brand(papers: Papers) -> None:
    """Let the gateway be certified below a brand of its own, whose root is the right one."""
    other = replace(
        papers.certificates[BRAND_CA], holder=STRANGER, common_name="Demo Kiku Brand CA", organisation="Kiku", serial=12
    )
    papers.certificates[STRANGER] = other
    papers.certificates[PAYMENT_CA].issuer = STRANGER
    papers.sent.append(STRANGER)
    papers.crls[STRANGER] = replace(papers.crls[BRAND_CA], issuer=STRANGER)


def all_of(*changes: Change) -> Change:
    """Make several changes."""

    def change(made: Any) -> None:  # noqa: ANN401 - whatever a stage made
        for one in changes:
            one(made)

    return change
