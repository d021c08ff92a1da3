"""Flaws: what can be wrong with a certificate, a path, a CRL or an OCSP response, each with its source and its plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from plugins.text import Text
from probes.tls.chain.certificate import Certificate


class About(StrEnum):
    """What a flaw is a flaw of; the inspection rules ask about each apart."""

    CERTIFICATE = "certificate"
    """One certificate: key, signature algorithm, form, extensions."""
    DATES = "dates"
    """Validity of one certificate."""
    NAMES = "names"
    """Names of the leaf."""
    PATH = "path"
    """The way to the anchor: what one certificate says of another."""
    SENT = "sent"
    """What the server sent, and in what order."""
    CRL = "crl"
    """A CRL."""
    OCSP = "ocsp"
    """An OCSP response, stapled or asked for."""
    REVOKED = "revoked"
    """Revocation itself."""


class Weight(StrEnum):
    """What a flaw means."""

    REJECTS = "rejects"
    """Nobody may trust the chain."""
    GUIDANCE = "guidance"
    """To be mended, but the chain can be trusted."""
    REMARK = "remark"
    """Worth knowing."""


@dataclass(frozen=True)
class Kind:
    """One kind of flaw."""

    code: str
    """Stable id, such as `weak-key`."""
    about: About
    """What it is a flaw of."""
    source: str
    """Where it is written: RFC and section, or section of the CA/Browser Forum's Baseline Requirements (BR)."""
    text: Text
    """Plain words; `{name}` is the certificate, other words are filled in."""
    weight: Weight = Weight.REJECTS
    """What it means by itself."""
    feature: str = ""
    """A profile in which it rejects although by itself it does not; empty: none."""


@dataclass(frozen=True)
class Flaw:
    """One flaw of one chain."""

    kind: Kind
    """What is wrong."""
    certificate: Certificate | None
    """The certificate that has it; None: the chain as a whole."""
    words: Mapping[str, str] = field(default_factory=dict)
    """What the text is filled with."""

    @property
    def name(self) -> str:
        """The certificate for people."""
        return self.certificate.shown if self.certificate else ""

    @property
    def text(self) -> Text:
        """The flaw in plain words."""
        words = {"name": self.name, **self.words}
        return Text(en=self.kind.text.en.format_map(words), ja=self.kind.text.ja.format_map(words))

    def rejects(self, features: frozenset[str] = frozenset()) -> bool:
        """Tell whether nobody may trust the chain, in a profile that has `features`."""
        return self.kind.weight is Weight.REJECTS or bool(self.kind.feature and self.kind.feature in features)

    @property
    def cause(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """What makes two flaws the same."""
        return (
            self.kind.code,
            self.certificate.fingerprint if self.certificate else "",
            tuple(sorted(self.words.items())),
        )
