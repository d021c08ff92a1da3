"""What UDP ports are asked, and which answers are of the protocol."""

from __future__ import annotations

import struct
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.ports import templates
from probes.ports.questions import NOTHING_KNOWN, QUESTIONS, REVIEWED_UDP, question

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # scapy imports ciphers that cryptography is about to move
    from scapy.layers.dns import DNS
    from scapy.layers.isakmp import ISAKMP
    from scapy.layers.ntp import NTP, NTPHeader
    from scapy.layers.snmp import SNMP, SNMPresponse, SNMPvarbind
    from scapy.layers.tftp import TFTP, TFTP_ERROR

_NAME = b"tenken01"
ANSWERS: dict[int, bytes] = {
    53: bytes(DNS(id=0x746B, qr=1, rcode=5)),
    69: bytes(TFTP() / TFTP_ERROR(errorcode=1, errormsg=b"File not found")),
    111: struct.pack(">6I", 0x746B6E01, 1, 0, 0, 0, 0),
    123: bytes(NTPHeader(version=4, mode=4, orig=0)),
    137: bytes.fromhex("746b84000000000100000000"),
    161: bytes(
        SNMP(version=1, community="public", PDU=SNMPresponse(varbindlist=[SNMPvarbind(oid="1.3.6.1.2.1.1.1.0")]))
    ),
    443: b"\x80\x00\x00\x00\x00\x08" + _NAME + b"\x08" + _NAME + b"\x00\x00\x00\x01",
    500: bytes(ISAKMP(init_cookie=_NAME, resp_cookie=b"answered", next_payload=11, exch_type=5)),
    1900: b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\n\r\n",
    2049: struct.pack(">6I", 0x746B6E01, 1, 0, 0, 0, 0),
    3478: b"\x01\x01\x00\x00" + templates.STUN[4:20],
    4500: bytes(4) + bytes(ISAKMP(init_cookie=_NAME, exch_type=5)),
    5060: b"SIP/2.0 404 Not Found\r\n\r\n",
    5353: bytes(DNS(id=0x746B, qr=1)),
    11211: bytes.fromhex("746b000000010000") + b"VERSION 1.6.18\r\n",
}


def test_every_question_has_an_answer_here() -> None:
    assert set(ANSWERS) == set(QUESTIONS)


@pytest.mark.parametrize("port", QUESTIONS)
def test_an_answer_of_the_protocol_is_known(port: int) -> None:
    assert QUESTIONS[port].named(ANSWERS[port]) == QUESTIONS[port].service


@pytest.mark.parametrize("port", QUESTIONS)
def test_our_own_question_is_no_answer(port: int) -> None:
    """A reflector sends back what it gets."""
    for payload in QUESTIONS[port].payloads:
        assert not QUESTIONS[port].named(payload)


@pytest.mark.parametrize("port", QUESTIONS)
@given(data=st.binary(max_size=80))
def test_rubbish_breaks_nothing(port: int, data: bytes) -> None:
    QUESTIONS[port].recognise(data)


@pytest.mark.parametrize("port", QUESTIONS)
def test_a_cut_answer_breaks_nothing(port: int) -> None:
    for length in range(len(ANSWERS[port])):
        QUESTIONS[port].recognise(ANSWERS[port][:length])


def test_the_declared_service_decides_and_else_the_port() -> None:
    assert question("dns", 1053).service == "domain"
    assert question("", 161).service == "snmp"
    assert question("syslog", 161) is NOTHING_KNOWN
    assert question("", 4000) is NOTHING_KNOWN


def test_reviewed_ports_have_questions() -> None:
    assert {QUESTIONS[port].service for port in REVIEWED_UDP} == {"sunrpc", "snmp", "nfs"}


def test_what_is_sent_can_be_read_by_the_field_s_library() -> None:
    assert SNMP(templates.SNMP_2).version.val == 1
    assert SNMP(templates.SNMP_1).community.val == b"public"
    assert NTP(templates.NTP).mode == 3
    assert len(templates.QUIC) == 1200
    assert DNS(templates.DNS).rd == 0
