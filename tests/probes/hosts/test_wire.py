"""DNS answers are read strictly; whatever is wrong with one becomes its detail."""

from __future__ import annotations

import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.control.facts import Question, RecordType
from probes.hosts.facts import NameSeen
from probes.hosts.wire import MOST_VALUES, QuestionError, framed, query, reverse, seen

HOST = Question(name="shop.example", type=RecordType.A)
Records = tuple[str, str, tuple[str, ...]]


def answered(question: Question, *rrsets: Records, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> NameSeen:
    asked = query(question)
    reply = dns.message.make_response(asked)
    reply.set_rcode(rcode)
    for name, kind, values in rrsets:
        reply.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *values))
    return seen(question, asked, reply.to_wire())


def test_addresses_come_in_canonical_form_also_behind_an_alias() -> None:
    rrsets = (("shop.example.", "CNAME", ("lb.example.",)), ("lb.example.", "A", ("192.0.2.2", "192.0.2.1")))
    assert answered(HOST, *rrsets).values == ("192.0.2.1", "192.0.2.2")
    v6 = Question(name="shop.example", type=RecordType.AAAA)
    assert answered(v6, ("shop.example.", "AAAA", ("2001:DB8:0:0::1",))).values == ("2001:db8::1",)


@pytest.mark.parametrize(
    ("type_", "values", "names"),
    [
        (RecordType.MX, ("10 Mail.Shop.Example.", "20 mx.other.example."), ("mail.shop.example", "mx.other.example")),
        (RecordType.MX, ("0 .",), ()),
        (RecordType.NS, ("ns1.shop.example.",), ("ns1.shop.example",)),
        (RecordType.PTR, ("www.Shop.example.",), ("www.shop.example",)),
    ],
)
def test_names_come_in_lower_case_without_the_dot(
    type_: RecordType, values: tuple[str, ...], names: tuple[str, ...]
) -> None:
    question = Question(name="shop.example", type=type_)
    assert answered(question, ("shop.example.", type_.value, values)).values == names


def test_no_such_name_and_no_such_record_are_answers_and_trouble_is_none() -> None:
    gone = answered(HOST, rcode=dns.rcode.NXDOMAIN)
    assert (gone.unknown, gone.answered, gone.values) == (True, True, ())
    assert answered(HOST) == NameSeen(question=HOST)
    broken = answered(HOST, rcode=dns.rcode.SERVFAIL)
    assert (broken.answered, broken.detail) == (False, "the resolver says SERVFAIL")


def test_an_answer_to_another_question_is_none() -> None:
    other = dns.message.make_response(query(Question(name="evil.example", type=RecordType.A))).to_wire()
    assert "not to what was asked" in seen(HOST, query(HOST), other).detail


def test_a_loop_of_aliases_is_trouble() -> None:
    loop = answered(HOST, ("shop.example.", "CNAME", ("a.example.",)), ("a.example.", "CNAME", ("shop.example.",)))
    assert not loop.answered


def test_only_so_many_values_are_looked_at() -> None:
    values = tuple(f"192.0.{n // 200}.{n % 200 + 1}" for n in range(300))
    assert len(answered(HOST, ("shop.example.", "A", values)).values) == MOST_VALUES


def test_reverse_names_follow_the_rfcs() -> None:
    assert reverse("192.0.2.7").name == "7.2.0.192.in-addr.arpa"
    assert reverse("2001:db8::1").name.endswith(".8.b.d.0.1.0.0.2.ip6.arpa")


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "x..example", ".".join(["abcdefgh"] * 40)])
def test_what_is_no_name_is_not_asked(name: str) -> None:
    with pytest.raises(QuestionError):
        query(Question(name=name, type=RecordType.A))


def test_a_message_carries_its_length() -> None:
    wire = framed(query(HOST))
    assert int.from_bytes(wire[:2], "big") == len(wire) - 2


@given(st.binary(max_size=200))
def test_garbage_is_no_answer(data: bytes) -> None:
    assert not seen(HOST, query(HOST), data).answered
