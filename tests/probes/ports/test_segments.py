"""What is sent is what scapy would send; what comes back is hostile."""

from __future__ import annotations

import ipaddress
import struct
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.ports.engine import Reply
from probes.ports.segments import Cookies, Syn, answer, returned_syn
from tests.probes.ports import building

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # scapy imports ciphers that cryptography is about to move
    from scapy.layers.inet import IP, TCP
    from scapy.layers.inet6 import IPv6

PORT = st.integers(min_value=1, max_value=65_535)
ADDRESSES = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.ip_addresses(v=4)), st.tuples(st.ip_addresses(v=6), st.ip_addresses(v=6))
)
SECRET = b"s" * 32


def test_the_templates_are_what_scapy_builds() -> None:
    assert building.FILE.read_text(encoding="utf-8") == building.written(), "make figures writes it"


@given(
    addresses=ADDRESSES, source_port=PORT, ports=st.lists(PORT, min_size=1, max_size=5), secret=st.binary(min_size=16)
)
def test_every_syn_is_whole(
    addresses: tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ...],
    source_port: int,
    ports: list[int],
    secret: bytes,
) -> None:
    near, far = (str(address) for address in addresses)
    cookies = Cookies(secret, far)
    syn = Syn(near, far, source_port, cookies)
    for port in ports:
        segment = bytes(syn.to(port))
        header = IP(src=near, dst=far) if addresses[0].version == 4 else IPv6(src=near, dst=far)
        ours = TCP(segment)
        assert (ours.sport, ours.dport, ours.seq, ours.flags) == (source_port, port, cookies.of[port], "S")
        again = ours.copy()
        del again.chksum
        assert type(header)(bytes(header / again))[TCP].chksum == ours.chksum


def _answering(port: int, own_port: int, acknowledged: int, flags: str, ip_options: int = 0) -> bytearray:
    segment = bytes(TCP(sport=port, dport=own_port, seq=9, ack=acknowledged, flags=flags, chksum=1))
    header = bytearray(20 + 4 * ip_options)
    header[0] = 0x40 | (5 + ip_options)
    return header + segment


@pytest.mark.parametrize(
    ("flags", "reply"),
    [
        ("SA", Reply.OPEN),
        ("RA", Reply.CLOSED),
        ("SRA", Reply.CLOSED),
        ("R", Reply.SILENCE),  # it acknowledges nothing, so anybody could have sent it
        ("S", Reply.SILENCE),
        ("A", Reply.SILENCE),
        ("", Reply.SILENCE),
        ("SAEC", Reply.OPEN),
    ],
)
@pytest.mark.parametrize("ip_options", [0, 10])
def test_answers_are_told_apart(flags: str, reply: Reply, ip_options: int) -> None:
    packet = _answering(443, 61_000, 0xFFFFFFFF, flags, ip_options)
    assert answer(packet, len(packet), 4) == (443, 61_000, 0xFFFFFFFF, reply)
    without = packet[20 + 4 * ip_options :]
    assert answer(without, len(without), 6) == (443, 61_000, 0xFFFFFFFF, reply)


@given(data=st.binary(max_size=256), version=st.sampled_from([4, 6]))
def test_rubbish_breaks_nothing_and_opens_nothing_that_it_does_not_hold(data: bytes, version: int) -> None:
    packet = bytearray(256)
    packet[: len(data)] = data
    port, own_port, acknowledged, reply = answer(packet, len(data), version)
    assert (0 <= port <= 65_535, 0 <= own_port <= 65_535, 0 <= acknowledged < 2**32) == (True, True, True)
    if len(data) < 20:
        assert reply is Reply.SILENCE


@given(packet=st.binary(min_size=20, max_size=80))
def test_a_packet_is_never_read_beyond_its_end(packet: bytes) -> None:
    """An old packet may still lie in the buffer behind the new one's end."""
    behind = bytearray(256)
    behind[:60] = _answering(443, 61_000, 1, "SA")
    behind[: len(packet)] = packet
    start = (packet[0] & 15) * 4
    *_, reply = answer(behind, len(packet), 4)
    if len(packet) < start + 20:
        assert reply is Reply.SILENCE


@given(port=PORT, guess=st.integers(min_value=0, max_value=2**32 - 1))
def test_a_cookie_is_not_guessed(port: int, guess: int) -> None:
    cookies, others = Cookies(SECRET, "192.0.2.1"), Cookies(SECRET, "192.0.2.2")
    assert cookies.of[port] == Cookies(SECRET, "192.0.2.1").of[port]
    assert cookies.of[port] != others.of[port] or port == guess
    assert Cookies(b"t" * 32, "192.0.2.1").of[port] != cookies.of[port]


def test_cookies_look_random() -> None:
    values = set(Cookies(SECRET, "192.0.2.1").of)
    assert len(values) > 65_500  # a birthday or two


@given(data=st.binary(max_size=64))
def test_an_icmp_error_can_hold_rubbish(data: bytes) -> None:
    own_port, port, sequence = returned_syn(data)
    if len(data) >= 8:
        assert struct.pack(">HHI", own_port, port, sequence) == data[:8]
    else:
        assert (own_port, port, sequence) == (0, 0, 0)
