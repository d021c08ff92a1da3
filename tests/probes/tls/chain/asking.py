"""Asks the engine about minted chains."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from probes.tls.chain.build import Question
from probes.tls.chain.certificate import Certificate
from probes.tls.chain.crl import Crl
from probes.tls.chain.general_names import NameKind
from probes.tls.chain.verify import Answer, Asked, Revocation, verify
from tests.tls.mint import NOW, Holder


def certificates(holders: Sequence[Holder]) -> tuple[Certificate, ...]:
    return tuple(Certificate(holder.der) for holder in holders)


def question(leaf: Holder, sent: Sequence[Holder], anchors: Sequence[Holder], at: dt.datetime = NOW) -> Question:
    return Question(leaf=Certificate(leaf.der), sent=certificates(sent), anchors=certificates(anchors), at=at)


def ask(
    leaf: Holder,
    sent: Sequence[Holder],
    anchors: Sequence[Holder],
    *,
    name: str = "",
    crls: Sequence[bytes] = (),
    responses: Sequence[bytes] = (),
    at: dt.datetime = NOW,
    **changes: Any,
) -> Answer:
    asked = replace(question(leaf, sent, anchors, at), **changes)
    kind = NameKind.IP if name.replace(".", "").isdigit() or ":" in name else NameKind.DNS
    kind = NameKind.EMAIL if "@" in name else kind
    revocation = Revocation(
        tuple(Crl(der, f"crl {number}") for number, der in enumerate(crls)),
        {"": tuple((f"ocsp {number}", der) for number, der in enumerate(responses))} if responses else {},
    )
    return verify(Asked(asked, ((kind, name),) if name else (), revocation))


def reasons(answer: Answer) -> list[str]:
    """Give the codes of what rejects."""
    return [flaw.kind.code for flaw in answer.reasons]
