"""The semantics of tcp, dns and ssl blocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from plugins.ask import (
    Answer,
    DnsAnswer,
    DnsAsk,
    DnsEndpoint,
    DnsRecord,
    Endpoint,
    HttpAnswer,
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
from plugins.template.certificate import told
from plugins.template.load import TemplateError, load
from plugins.template.model import Template
from plugins.template.program import Match, NotTested, planned, unfit
from tests.plugins.template.samples import BLOCK, ENDPOINT, HEAD, OCCASION, run, template

REDIS = ServiceEndpoint(address="192.0.2.1", port=6379, host="shop.example", service="redis")
NAMES = DnsEndpoint(address="192.0.2.1", port=53, domain="shop.example")
AT = 1_800_000_000


def of(kind: str, block: str, head: str = HEAD) -> Template:
    """Load a template of one block of a kind."""
    lines = "".join(f"    {line}\n" for line in block.strip("\n").splitlines())
    return load(f"{head}{kind}:\n  -\n{lines}", "x.yaml")


def asked(one: Template, endpoint: Endpoint) -> object:
    (ask,) = planned(one, endpoint, OCCASION)
    return ask


TCP = """
host: ["{{Hostname}}"]
port: 6379,16379
inputs:
  - data: "PING {{randstr}}\\r\\n"
    read: 5
    name: banner
  - data: 0000 00ff
    type: hex
read-size: 64
matchers-condition: and
matchers:
  - {type: word, part: banner, words: [+PONG]}
  - {type: binary, part: data, binary: ["00"]}
  - {type: regex, part: raw, regex: ['(?s)^\\+PONG\\x00']}
  - {type: dsl, dsl: ['contains(banner, "PONG") && len(data) == 1']}
extractors:
  - {type: regex, part: banner, regex: ['[A-Z]+']}
"""


def test_a_tcp_exchange_of_several_steps() -> None:
    one = of("tcp", TCP)
    ask = asked(one, REDIS)
    assert isinstance(ask, TcpAsk)
    assert (ask.steps[1], ask.read, ask.max_bytes, ask.tls) == (TcpStep(send=b"\0\0\0\xff"), 64, 69, False)
    assert ask.steps[0].send.startswith(b"PING ")
    assert (len(ask.steps[0].send), ask.steps[0].read) == (27, 5)
    outcome = run(one, TcpAnswer(reads=(b"+PONG", b""), data=b"\0"), endpoint=REDIS)
    assert isinstance(outcome, Match)
    assert (outcome.hits[0].protocol, outcome.hits[0].extracted) == ("tcp", (("", b"PONG"),))
    assert run(one, TcpAnswer(reads=(b"-ERR.", b""), data=b"\0"), endpoint=REDIS) is None
    assert run(one, TcpAnswer(reads=(), data=b""), endpoint=REDIS) is None


def test_no_connection_is_not_tested_and_an_empty_read_is_an_answer() -> None:
    one = of("tcp", "inputs: [{data: x}]\nmatchers: [{type: word, words: [nothing], negative: true}]")
    assert run(one, NoAnswer(reason=NoAnswerReason.REFUSED), endpoint=REDIS) == NotTested(reason="refused")
    assert isinstance(run(one, TcpAnswer(), endpoint=REDIS), Match)


def test_tls_and_the_old_name_and_reading_to_the_end() -> None:
    block = 'host: ["tls://{{Host}}:{{Port}}"]\nread-all: true\nmatchers: [{type: word, words: [x]}]'
    ask = asked(of("network", block), REDIS)
    assert ask == TcpAsk(tls=True, read=65_536, read_all=True, max_bytes=65_536)


def test_data_all_and_body_are_the_last_read_and_raw_is_everything() -> None:
    for part in ("data", "body", "all"):
        one = of("tcp", f"matchers: [{{type: word, part: {part}, words: [ab]}}]")
        assert run(one, TcpAnswer(reads=(b"a",), data=b"b"), endpoint=REDIS) is None
    one = of("tcp", "matchers: [{type: word, part: raw, words: [ab]}]")
    assert isinstance(run(one, TcpAnswer(reads=(b"a",), data=b"b"), endpoint=REDIS), Match)


def test_a_cut_read_cannot_show_what_is_not_in_it() -> None:
    one = of("tcp", "matchers: [{type: word, words: [end]}]")
    assert isinstance(run(one, TcpAnswer(data=b"begin", truncated=True), endpoint=REDIS), NotTested)


def test_payloads_of_tcp() -> None:
    one = of(
        "tcp", "inputs: [{data: '{{word}}'}]\npayloads: {word: [a, b]}\nmatchers: [{type: word, words: ['{{word}}!']}]"
    )
    asks = [ask for ask in planned(one, REDIS) if isinstance(ask, TcpAsk)]
    assert [ask.steps[0].send for ask in asks] == [b"a", b"b"]
    assert isinstance(run(one, TcpAnswer(data=b"x"), TcpAnswer(data=b"b!"), endpoint=REDIS), Match)


def test_11_hexadecimal_zeros_stay_bytes() -> None:
    one = of("tcp", "inputs: [{data: 00000000, type: hex}]\nmatchers: [{type: binary, binary: [00000000]}]")
    ask = asked(one, REDIS)
    assert isinstance(ask, TcpAsk)
    assert ask.steps[0].send == b"\0\0\0\0"
    assert isinstance(run(one, TcpAnswer(data=b"\0\0\0\0"), endpoint=REDIS), Match)


@pytest.mark.parametrize(
    ("port", "endpoint", "fits"),
    [
        ("6379", REDIS, True),
        ("80", REDIS, False),
        ("redis", REDIS, True),
        ("80,redis", REDIS, True),
        ("22", ENDPOINT, False),
        ("8080", ENDPOINT, True),
        ("53", NAMES, False),
    ],
)
def test_which_end_points_a_tcp_template_is_about(port: str, endpoint: Endpoint, fits: bool) -> None:
    one = of("tcp", f"port: {port}\nmatchers: [{{type: word, words: [x]}}]")
    assert (unfit(one, endpoint) == "") is fits
    if not fits and not isinstance(endpoint, DnsEndpoint):
        assert list(planned(one, endpoint)) == []
        assert run(one, endpoint=endpoint) is None


def test_each_kind_of_block_needs_its_end_point() -> None:
    dns = of("dns", "matchers: [{type: word, words: [x]}]")
    ssl = of("ssl", "matchers: [{type: word, words: [x]}]")
    assert [unfit(template(BLOCK), where) for where in (ENDPOINT, REDIS, NAMES)] == [
        "",
        "it asks web servers",
        "it asks web servers",
    ]
    assert [unfit(dns, where) for where in (ENDPOINT, REDIS, NAMES)] == ["it asks name servers"] * 2 + [""]
    assert [unfit(ssl, where) for where in (ENDPOINT, REDIS, NAMES)] == ["", "", "it asks over TCP"]


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ('host: ["192.0.2.1:22"]', "only the end point"),
        ('host: ["{{Hostname}}.evil"]', "only the end point"),
        ('host: ["{{Hostname}}", "tls://{{Hostname}}"]', "two blocks"),
        ("port: 99999", "neither a port nor a service"),
        ("inputs: [{data: xyz, type: hex}]", "hexadecimal"),
        ("inputs: [{data: x, read: -1}]", "whole number"),
        ("inputs: [{dat: x}]", "unknown key"),
        ("inputs: []", "1 to 20 inputs"),
        ("read-size: 9999999", "whole number"),
        ("threads: 5", "stresses the server"),
        ("inputs: [{data: x, name: Host}]", "already"),
        ("inputs: [{data: '{{unknown}}'}]", "unknown has no value"),
    ],
)
def test_tcp_blocks_that_are_refused(block: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        of("tcp", block + "\nmatchers: [{type: word, words: [x]}]")


DNS = """
name: "_dmarc.{{FQDN}}"
type: TXT
class: inet
retries: 9
recursion: false
matchers-condition: and
matchers:
  - {type: status, status: [0]}
  - {type: word, part: answer, words: ["v=DMARC1"]}
  - {type: dsl, dsl: ['rcode == 0 && contains(txt, "DMARC1")']}
  - {type: regex, part: raw, regex: ['status: NOERROR']}
extractors:
  - {type: regex, part: answer, regex: ['p=([a-z]+)'], group: 1}
"""
RECORD = DnsRecord(name="_dmarc.shop.example", ttl=60, dns_class="IN", type="TXT", data='"v=DMARC1; p=none"')


def test_a_dns_question_and_its_parts() -> None:
    one = of("dns", DNS)
    assert asked(one, NAMES) == DnsAsk(name="_dmarc.shop.example", type="TXT", recursion=False, tries=3)
    outcome = run(one, DnsAnswer(rcode=0, flags=("qr",), answer=(RECORD,)), endpoint=NAMES)
    assert isinstance(outcome, Match)
    assert outcome.hits[0].extracted == (("", b"none"),)
    assert run(one, DnsAnswer(rcode=3), endpoint=NAMES) is None
    gone = NoAnswer(reason=NoAnswerReason.TIMEOUT)
    assert run(one, gone, endpoint=NAMES) == NotTested(reason="timeout")


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("{{FQDN}}", True),
        ("www.{{FQDN}}", True),
        ("{{randstr}}.{{RDN}}", True),
        ("{{DN}}.{{TLD}}", True),
        ("example.com", True),
        ("{{randstr}}.example", True),
        ("evil.org", False),
        ("{{FQDN}}.evil.org", False),
        ("{{randstr}}", False),
    ],
)
def test_only_the_inspected_domain_is_asked_for(name: str, fits: bool) -> None:
    block = f'name: "{name}"\nmatchers: [{{type: status, status: [0]}}]'
    if fits:
        assert isinstance(asked(of("dns", block), NAMES), DnsAsk)
    else:
        with pytest.raises(TemplateError, match="outside the scope"):
            of("dns", block)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("resolvers: [192.0.2.1]", "only the declared name server"),
        ("trace: true", "only the declared name server"),
        ("type: AXFR", "expected one of A"),
        ("type: ANY", "expected one of A"),
        ("class: any", "expected one of"),
        ("class: chaos\nname: '{{FQDN}}'", "version.bind"),
    ],
)
def test_dns_blocks_that_are_refused(block: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        of("dns", block + "\nmatchers: [{type: word, words: [x]}]")


def test_chaos_names_are_asked_of_the_server_itself() -> None:
    one = of(
        "dns",
        "class: chaos\ntype: TXT\nname: version.bind\nmatchers: [{type: regex, part: answer, regex: ['9\\.[0-9]']}]",
    )
    assert asked(one, NAMES) == DnsAsk(name="version.bind", type="TXT", dns_class="CH")


def test_dns_asks_nobody_together_with_http() -> None:
    dns = "dns: [{matchers: [{type: word, words: [x]}]}]\n"
    http = 'http: [{path: ["{{BaseURL}}/"], matchers: [{type: word, words: [x]}]}]\n'
    with pytest.raises(TemplateError, match="two templates"):
        load(HEAD + dns + http, "x")


def certificate(names: tuple[str, ...] = ("shop.example",), days: int = 30, common: str = "shop.example") -> bytes:
    """Make a self-signed certificate around the time of the tests."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, common), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Shop")]
    )
    now = datetime.fromtimestamp(AT, UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(0x1234)
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(one) for one in names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def shaken(data: bytes, name: str = "shop.example") -> TlsAnswer:
    return TlsAnswer(version="tls12", cipher="TLS_RSA_WITH_RC4_128_SHA", certificates=(data,), server_name=name, at=AT)


SSL = """
address: "{{Host}}:{{Port}}"
max_version: tls12
cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]
matchers-condition: and
matchers:
  - {type: dsl, dsl: ['self_signed && !expired && !mismatched && not_after > unix_time() && tls_version == "tls12"']}
  - {type: word, part: subject_cn, words: [shop.example]}
  - {type: regex, part: response, regex: ['"cipher":"TLS_RSA_WITH_RC4']}
extractors:
  - {type: kval, kval: [subject_org, serial]}
  - {type: json, json: ['.subject_an[]']}
"""


def test_a_handshake_and_its_fields() -> None:
    one = of("ssl", SSL)
    assert asked(one, ENDPOINT) == TlsAsk(max_version="tls12", ciphers=("TLS_RSA_WITH_RC4_128_SHA",))
    outcome = run(one, shaken(certificate()), endpoint=REDIS)
    assert isinstance(outcome, Match)
    assert outcome.hits[0].extracted == (("", b"Shop"), ("", b"12:34"), ("", b"shop.example"))


@pytest.mark.parametrize(
    ("data", "name", "field", "holds"),
    [
        (certificate(days=-1), "shop.example", "expired", True),
        (certificate(("*.shop.example",)), "www.shop.example", "mismatched", False),
        (certificate(("*.shop.example",)), "a.b.shop.example", "mismatched", True),
        (certificate(("*.shop.example",)), "shop.example", "wildcard_certificate", True),
        (certificate(()), "shop.example", "mismatched", False),
        (certificate(("other.example",)), "shop.example", "mismatched", True),
        (certificate(("*.example",)), "shop.example", "mismatched", True),
    ],
)
def test_what_is_told_of_a_certificate(data: bytes, name: str, field: str, holds: bool) -> None:
    assert told(shaken(data, name))[field] is holds


def test_a_certificate_that_cannot_be_read_tells_its_fingerprint_only() -> None:
    fields = told(shaken(b"\x30\x03\x02\x01\x01"))
    assert "subject_cn" not in fields
    assert len(fields["fingerprint_sha256"]) == 64  # type: ignore[arg-type]  # it is text
    assert "fingerprint_md5" not in told(TlsAnswer(version="tls13", cipher="x", at=AT))


def test_refusing_what_is_offered_on_purpose_is_a_no_and_any_other_failure_a_gap() -> None:
    narrow = of("ssl", "max_version: tls10\nmatchers: [{type: word, part: tls_version, words: [tls10]}]")
    usual = of("ssl", "matchers: [{type: word, part: tls_version, words: [tls10]}]")
    refused, reset = NoAnswer(reason=NoAnswerReason.TLS, detail="alert 70"), NoAnswer(reason=NoAnswerReason.RESET)
    assert run(narrow, refused) is None
    assert run(narrow, reset) == NotTested(reason="reset")
    assert run(usual, refused) == NotTested(reason="tls: alert 70")


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ('address: "evil.example:443"', "only the end point"),
        ("min_version: tls9", "expected one of ssl30"),
        ("cipher_suites: ['a b']", "names of cipher suites"),
        ("scan_mode: openssl", "refused"),
        ("id: x\nmatchers: [{type: dsl, dsl: ['revoked']}]", "item tls judges"),
        ("id: x\nmatchers: [{type: word, part: untrusted, words: [x]}]", "item tls judges"),
        ("id: x\nmatchers: [{type: status, status: [200]}]", "has no status"),
    ],
)
def test_ssl_blocks_that_are_refused(block: str, words: str) -> None:
    more = "" if "matchers" in block else "\nmatchers: [{type: word, words: [x]}]"
    with pytest.raises(TemplateError, match=words):
        of("ssl", block + more)


def test_an_answer_of_another_kind_is_a_mistake_of_whoever_runs_the_program() -> None:
    wrong: Answer = TcpAnswer()
    with pytest.raises(TypeError, match="another kind"):
        run(of("dns", "matchers: [{type: word, words: [x]}]"), wrong, endpoint=NAMES)


def test_several_kinds_share_one_web_end_point_and_a_flow() -> None:
    source = HEAD + (
        "flow: ssl(1) && http(1)\n"
        "ssl: [{matchers: [{type: dsl, dsl: ['self_signed'], internal: true}]}]\n"
        'http: [{path: ["{{BaseURL}}/"], matchers: [{type: word, words: [here]}]}]\n'
    )
    one = load(source, "x.yaml")
    endpoint = WebEndpoint(address="192.0.2.1", port=443, tls=True, host="shop.example")
    outcome = run(one, shaken(certificate()), HttpAnswer(status=200, body=b"here"), endpoint=endpoint)
    assert isinstance(outcome, Match)
    assert [hit.protocol for hit in outcome.hits] == ["http"]
