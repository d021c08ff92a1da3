"""Asks, answers and end points: values with a canonical JSON both ways, usable as keys."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from plugins import canonical
from plugins.ask import (
    AnyAnswer,
    AnyAsk,
    AnyEndpoint,
    DnsAnswer,
    DnsAsk,
    DnsEndpoint,
    DnsRecord,
    HttpAnswer,
    HttpAsk,
    NoAnswer,
    NoAnswerReason,
    ServiceEndpoint,
    TcpAnswer,
    TcpAsk,
    TcpStep,
    TlsAnswer,
    TlsAsk,
    WebEndpoint,
)

RECORD = DnsRecord(name="shop.example", ttl=60, dns_class="IN", type="A", data="192.0.2.1")
ASKS = [
    HttpAsk(path="/", headers=(("Cookie", "a=b"),)),
    HttpAsk(method="POST", path="/x", body=b"\x00\xff", reviewed="only reads", timeout_s=2.5),
    TcpAsk(),
    TcpAsk(tls=True, steps=(TcpStep(send=b"\x00\xff\r\n", read=4), TcpStep()), read_all=True),
    DnsAsk(name="version.bind", type="TXT", dns_class="CH", recursion=False, transport="tcp", tries=2),
    TlsAsk(server_name="shop.example", min_version="tls10", max_version="tls12", ciphers=("TLS_RSA_WITH_NULL_SHA",)),
]
ANSWERS = [
    HttpAnswer(status=200, headers=(("server", "caf\xe9"),), body=bytes(range(256)), truncated=True),
    TcpAnswer(reads=(b"\x00", b""), data=b"\xff", truncated=True),
    DnsAnswer(rcode=3, flags=("qr", "rd"), question=("shop.example IN A",), answer=(RECORD,), authority=(RECORD,)),
    TlsAnswer(version="tls12", cipher="TLS_RSA_WITH_NULL_SHA", certificates=(b"\x30\x00",), at=1_700_000_000),
    NoAnswer(reason=NoAnswerReason.NOT_DNS, detail="no header"),
]
ENDPOINTS = [
    WebEndpoint(address="192.0.2.1", port=80, tls=False, host="shop.example"),
    ServiceEndpoint(address="192.0.2.1", port=22, host="shop.example", service="ssh"),
    DnsEndpoint(address="192.0.2.1", port=53, domain="shop.example"),
]
KINDS: list[tuple[Any, object]] = [
    *((AnyAsk, ask) for ask in ASKS),
    *((AnyAnswer, answer) for answer in ANSWERS),
    *((AnyEndpoint, endpoint) for endpoint in ENDPOINTS),
]


@pytest.mark.parametrize(("kind", "one"), KINDS, ids=lambda one: type(one).__name__)
def test_canonical_json_goes_both_ways(kind: Any, one: object) -> None:
    data = canonical.dumps(one, kind)
    again = canonical.loads(kind, data)
    assert again == one
    assert type(again) is type(one)
    assert hash(again) == hash(one)
    assert canonical.dumps(again, kind) == data
    assert pickle.loads(pickle.dumps(one)) == one


def test_what_is_sent_differently_is_another_key() -> None:
    policies = [*ASKS, HttpAsk(path="/"), HttpAsk(path="/", max_bytes=1), HttpAsk(path="/", timeout_s=1.0)]
    policies += [
        HttpAsk(path="/", body=b"x"),
        TcpAsk(read=1),
        TcpAsk(quiet_s=1.0),
        TlsAsk(),
        DnsAsk(name="version.bind"),
    ]
    assert len(dict.fromkeys(policies)) == len(policies)


def test_a_record_without_a_kind_is_about_a_web_server() -> None:
    old = b'{"address":"192.0.2.1","host":"shop.example","port":80,"tls":false}'
    kind: Any = AnyEndpoint
    assert canonical.loads(kind, old) == ENDPOINTS[0]


@pytest.mark.parametrize("data", [b'{"kind":"udp"}', b"{}", b'{"kind":"http"}', b'{"kind":"tcp","unknown":1}', b"[]"])
def test_other_asks_are_refused(data: bytes) -> None:
    kind: Any = AnyAsk
    with pytest.raises(canonical.NotCanonicalError):
        canonical.loads(kind, data)
