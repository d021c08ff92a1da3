"""The parts of what is no HTTP response: a TCP exchange, a DNS message, a TLS handshake."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property

from plugins.ask import DnsAnswer, DnsRecord, TcpAnswer, TlsAnswer
from plugins.template.certificate import told
from plugins.template.values import Value, as_bytes

_RCODES = (
    "NOERROR",
    "FORMERR",
    "SERVFAIL",
    "NXDOMAIN",
    "NOTIMP",
    "REFUSED",
    "YXDOMAIN",
    "YXRRSET",
    "NXRRSET",
    "NOTAUTH",
)


class _Mapped:
    """Parts that are all known beforehand."""

    partial: frozenset[str] = frozenset()
    truncated = False
    status: int | None = None

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values
        self._lowered: dict[str, bytes] = {}

    def part(self, name: str) -> bytes | None:
        """Give a part as bytes."""
        found = self._values.get(name)
        return None if found is None else as_bytes(found)

    def value(self, name: str) -> Value | None:
        """Give a part."""
        return self._values.get(name)

    def lowered(self, name: str) -> bytes | None:
        """Give a part in small letters."""
        if name not in self._lowered:
            part = self.part(name)
            if part is None:
                return None
            self._lowered[name] = part.lower()
        return self._lowered[name]


class TcpParts(_Mapped):
    """A TCP exchange: `data` is what the last read brought, `raw` everything that was read."""

    partial = frozenset({"data", "body", "all", "raw", "response"})

    def __init__(self, answer: TcpAnswer) -> None:
        raw = b"".join((*answer.reads, answer.data))
        super().__init__({"data": answer.data, "body": answer.data, "all": answer.data, "raw": raw, "response": raw})
        self.truncated = answer.truncated

    @cached_property
    def whole(self) -> bytes:
        """Everything that was read."""
        return self.part("raw") or b""


class DnsParts(_Mapped):
    """A DNS message, in the presentation form that tools print."""

    partial = frozenset({"raw", "body", "all", "answer", "ns", "extra"})

    def __init__(self, answer: DnsAnswer) -> None:
        self.status = answer.rcode
        self.truncated = answer.truncated
        sections = {"answer": answer.answer, "ns": answer.authority, "extra": answer.additional}
        values: dict[str, Value] = {name: _lines(records) for name, records in sections.items()}
        values["question"] = "".join(f"{line}\n" for line in answer.question).encode("utf-8", "replace")
        values["rcode"] = float(answer.rcode)
        values["raw"] = values["body"] = values["all"] = _message(answer, values)
        for record in answer.answer:
            # The data of the first record of a type has the name of the type, such as cname or txt.
            values.setdefault(record.type.lower(), record.data.encode("utf-8", "replace"))
        super().__init__(values)

    @cached_property
    def whole(self) -> bytes:
        """The message."""
        return self.part("raw") or b""


def _lines(records: Iterable[DnsRecord]) -> bytes:
    return "".join(
        f"{record.name}.\t{record.ttl}\t{record.dns_class}\t{record.type}\t{record.data}\n" for record in records
    ).encode("utf-8", "replace")


def _message(answer: DnsAnswer, values: Mapping[str, Value]) -> bytes:
    rcode = _RCODES[answer.rcode] if 0 <= answer.rcode < len(_RCODES) else f"RCODE{answer.rcode}"
    pieces = [f";; status: {rcode}\n;; flags: {' '.join(answer.flags)}\n".encode()]
    for title, name in (("QUESTION", "question"), ("ANSWER", "answer"), ("AUTHORITY", "ns"), ("ADDITIONAL", "extra")):
        if values[name]:
            pieces.append(f"\n;; {title} SECTION:\n".encode() + as_bytes(values[name]))
    return b"".join(pieces)


class TlsParts(_Mapped):
    """A TLS handshake: `response` is all fields as JSON, and each field has its own name."""

    def __init__(self, answer: TlsAnswer) -> None:
        fields = told(answer)
        text = json.dumps({name: _plain(item) for name, item in sorted(fields.items())}, separators=(",", ":"))
        whole = text.encode()
        super().__init__({**fields, "response": whole, "body": whole, "all": whole, "raw": whole})

    @cached_property
    def whole(self) -> bytes:
        """All fields as JSON."""
        return self.part("response") or b""


def _plain(item: Value) -> object:
    if isinstance(item, bytes):
        return item.decode("utf-8", "replace")
    return [entry.decode("utf-8", "replace") for entry in item] if isinstance(item, tuple) else item
