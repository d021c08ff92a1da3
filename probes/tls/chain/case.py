"""A question about a chain as one JSON document: the test-case form that X.509 conformance suites share. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import re2

from probes.tls.chain import crl as crls
from probes.tls.chain import kinds
from probes.tls.chain.build import MOST_AUTHORITIES, Question
from probes.tls.chain.certificate import Certificate, UnreadableError, pem_bodies, readable
from probes.tls.chain.crl import Crl, CrlError
from probes.tls.chain.general_names import NameKind
from probes.tls.chain.profile import PURPOSES, USAGES, Purpose
from probes.tls.chain.verify import Asked, Revocation, verify

_OID = re2.compile(r"[0-2](?:\.[0-9]+)+")
MOST_CERTIFICATES = 10_000
"""Most certificates that one case may bring."""


class CaseError(ValueError):
    """A case that cannot be understood."""

    def __init__(self, field: str, expected: str, seen: str) -> None:
        super().__init__(field, expected, seen)
        self.field, self.expected, self.seen = field, expected, seen

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, seen {self.seen}; mend the case"


@dataclass(frozen=True)
class Ruling:
    """The answer to one case."""

    accepted: bool
    """Whether the chain can be trusted."""
    reason: str
    """Why not; empty when it can."""

    def __str__(self) -> str:
        return "ACCEPT" if self.accepted else f"REJECT {self.reason}"


def parse(text: str) -> dict[str, Any]:
    """Read one JSON document; raises `CaseError`."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CaseError("document", "JSON", str(error)[:120]) from None
    if not isinstance(document, dict):
        raise CaseError("document", "an object", type(document).__name__)
    return document


def rule(document: dict[str, Any], now: datetime) -> Ruling:
    """Answer one case; `now` is the moment when the case names none. Raises `CaseError`."""
    reader = _Reader(document, now)
    try:
        leaf = reader.leaf()
    except UnreadableError as error:
        return Ruling(False, f"{kinds.MALFORMED.code}: {_one_line(str(error))}")
    try:
        asked = reader.asked(leaf)
    except CrlError as error:
        return Ruling(False, f"crl-malformed: {_one_line(str(error))}")
    answer = verify(asked)
    if answer.accepted:
        return Ruling(True, "")
    first = answer.reasons[0]
    return Ruling(False, f"{first.kind.code}: {_one_line(first.text.en)}")


def _one_line(text: str) -> str:
    return " ".join(text.encode("ascii", "backslashreplace").decode().split())[:300]


class _Reader:
    """Reads the fields of one case; a field that is missing or null was not given."""

    def __init__(self, document: dict[str, Any], now: datetime) -> None:
        self._document, self._now = document, now

    def leaf(self) -> Certificate:
        text = self._document.get("peer_certificate")
        if not isinstance(text, str):
            raise CaseError("peer_certificate", "a PEM certificate", type(text).__name__)
        return Certificate(pem_bodies(text.encode())[0])

    def asked(self, leaf: Certificate) -> Asked:
        depth = self._field("max_chain_depth", int)
        question = Question(
            leaf=leaf,
            sent=self._certificates("untrusted_intermediates"),
            anchors=self._certificates("trusted_certs"),
            at=self._time(),
            purpose=self._purpose(),
            most_authorities=MOST_AUTHORITIES if depth is None else depth,
            features=frozenset(self._texts("features")),
        )
        return Asked(question, tuple(self._names()), Revocation(tuple(self._crls())))

    def _field(self, name: str, kind: type[Any]) -> Any:  # noqa: ANN401 - a field of any kind
        found = self._document.get(name)
        if found is not None and (not isinstance(found, kind) or isinstance(found, bool)):
            raise CaseError(name, kind.__name__, type(found).__name__)
        return found

    def _texts(self, name: str) -> list[str]:
        found = self._field(name, list) or []
        if len(found) > MOST_CERTIFICATES or not all(isinstance(one, str) for one in found):
            raise CaseError(name, f"at most {MOST_CERTIFICATES} texts", f"{len(found)} entries")
        return found

    def _certificates(self, name: str) -> tuple[Certificate, ...]:
        """Read certificates; one that cannot be read cannot be part of a path, and is no reason against another path."""
        found: list[Certificate] = []
        for text in self._texts(name):
            try:
                found += readable(pem_bodies(text.encode()))[0]
            except UnreadableError:
                continue
        return tuple(found)

    def _time(self) -> datetime:
        text = self._field("validation_time", str)
        if text is None:
            return self._now
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise CaseError("validation_time", "an ISO 8601 time", ascii(text)[:60]) from None
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)

    def _purpose(self) -> Purpose:
        kind = self._field("validation_kind", str) or "SERVER"
        if kind not in {"SERVER", "CLIENT"}:
            raise CaseError("validation_kind", "SERVER or CLIENT", ascii(kind)[:60])
        purposes = self._known("extended_key_usage", PURPOSES, dotted=True) or [
            "clientAuth" if kind == "CLIENT" else "serverAuth"
        ]
        algorithms = frozenset(self._texts("signature_algorithms"))
        return Purpose(tuple(purposes), tuple(self._known("key_usage", USAGES)), algorithms)

    def _known(self, name: str, known: Iterable[str], *, dotted: bool = False) -> list[str]:
        found, names = self._texts(name), set(known)
        if odd := [one for one in found if one not in names and not (dotted and _OID.fullmatch(one))]:
            raise CaseError(name, "names of RFC 5280", ascii(odd[0])[:60])
        return found

    def _names(self) -> list[tuple[NameKind, str]]:
        single = self._document.get("expected_peer_name")
        several = self._field("expected_peer_names", list) or []
        return [self._name(one) for one in [*([single] if single is not None else []), *several]]

    def _name(self, entry: object) -> tuple[NameKind, str]:
        if isinstance(entry, dict) and entry.get("kind") in set(NameKind) and isinstance(entry.get("value"), str):
            return NameKind(entry["kind"]), entry["value"]
        raise CaseError("expected_peer_name", "kind (DNS, IP, RFC822) and value", ascii(entry)[:60])

    def _crls(self) -> list[Crl]:
        return [
            crl for number, text in enumerate(self._texts("crls")) for crl in crls.read(text.encode(), f"CRL {number}")
        ]
