"""DNS messages over TCP (RFC 1035, section 4.2.2; RFC 7766), made and read. Pure: no sockets."""

from __future__ import annotations

import ipaddress

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.reversename
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.PTR import PTR

from probes.control.facts import Question, RecordType
from probes.hosts.facts import NameSeen

MOST_VALUES = 50
"""Values of one answer that are looked at."""
MESSAGE_BYTES = 16_384
"""Longest answer that is read."""


class QuestionError(ValueError):
    """A name that cannot be asked for."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name!a}: this cannot be a DNS name"


def reverse(address: str) -> Question:
    """Give the question for the names of an address."""
    name = dns.reversename.from_address(address).to_text(omit_final_dot=True)
    return Question(name=name, type=RecordType.PTR)


def query(question: Question) -> dns.message.QueryMessage:
    """Make the query; raises `QuestionError`."""
    try:
        return dns.message.make_query(f"{question.name}.", question.type.value)
    except (dns.exception.DNSException, UnicodeError):
        raise QuestionError(question.name) from None


def framed(message: dns.message.Message) -> bytes:
    """Give the bytes of a message as they go over TCP."""
    wire = message.to_wire()
    return len(wire).to_bytes(2, "big") + wire


def seen(question: Question, asked: dns.message.QueryMessage, answer: bytes) -> NameSeen:
    """Read an answer, without its length; whatever is wrong with it becomes the detail."""
    try:
        message = dns.message.from_wire(answer)
        if not asked.is_response(message):
            return NameSeen(question=question, detail="the answer is not to what was asked")
        if message.rcode() == dns.rcode.NXDOMAIN:
            return NameSeen(question=question, unknown=True)
        if message.rcode() != dns.rcode.NOERROR:
            return NameSeen(question=question, detail=f"the resolver says {dns.rcode.to_text(message.rcode())}")
        records = isinstance(message, dns.message.QueryMessage) and message.resolve_chaining().answer
    except (dns.exception.DNSException, ValueError) as error:
        return NameSeen(question=question, detail=f"the answer cannot be read: {type(error).__name__}")
    values = {_text(record) for record in list(records or ())[:MOST_VALUES]}
    return NameSeen(question=question, values=tuple(sorted(values - {""})))


def _text(record: object) -> str:
    if isinstance(record, MX):
        return _name(record.exchange)
    if isinstance(record, NS | PTR):
        return _name(record.target)
    return str(ipaddress.ip_address(str(record)))


def _name(name: dns.name.Name) -> str:
    """Write a name; empty for the root, which means "none" in an MX record (RFC 7505)."""
    return name.to_text(omit_final_dot=True).lower() if name != dns.name.root else ""
