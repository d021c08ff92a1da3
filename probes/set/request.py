"""Makes a PInitReq: the one message that is ever sent. Pure; randomness and time come in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from asn1crypto import core

from probes.set import asn1, unconfirmed
from probes.set.parts import Certificate
from probes.set.signing import thumb
from probes.target import SetEndpoint

Draw = Callable[[int], bytes]
"""Gives that many random bytes."""


def pinit_req(
    endpoint: SetEndpoint, roots: Sequence[Certificate], lid_m: bytes | None, now: datetime, draw: Draw
) -> bytes:
    """Give the DER of a fresh request; it says by their thumbs which roots are held."""
    rrpid, lid_c = draw(unconfirmed.RRPID_BYTES), draw(unconfirmed.LOCAL_ID_BYTES)
    fields: dict[str, Any] = {
        "rrpid": rrpid,
        "language": endpoint.language,
        "lid_c": lid_c,
        "chall_c": draw(unconfirmed.CHALLENGE_BYTES),
        "brand_id": endpoint.brand,
        "bin": endpoint.bin,
    }
    ids = {"lid_c": lid_c}
    if lid_m is not None:
        fields["lid_m"] = ids["lid_m"] = lid_m
    if roots:
        thumbs = {"digest_algorithm": {"algorithm": "sha1"}, "certificates": [thumb(root.signed) for root in roots]}
        fields["thumbs"] = thumbs
    if endpoint.profile.request_extensions:
        fields["extensions"] = [
            {"extn_id": one.oid, "critical": one.critical, "extn_value": core.ParsableOctetString(one.der)}
            for one in endpoint.profile.request_extensions
        ]
    header = {"version": 1, "date": now.replace(microsecond=0), "message_ids": ids, "rrpid": rrpid}
    wrapper = asn1.MessageWrapper(
        {
            "header": {**header, "sw_ident": unconfirmed.SW_IDENT},
            "message": asn1.Message("pinit_req", asn1.PInitReq(fields)),
        }
    )
    return bytes(wrapper.dump())
