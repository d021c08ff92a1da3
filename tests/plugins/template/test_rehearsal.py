"""Rehearsals: transcripts are read strictly and answered by the real program."""

from __future__ import annotations

import pytest

from plugins.ask import DnsEndpoint, NoAnswer, ServiceEndpoint, TlsAsk
from plugins.template.load import TemplateError, load
from plugins.template.program import Match, NotTested
from plugins.template.rehearsal import ENDPOINT, Kind, endpoint_of, load_cases, memory, rehearse
from tests.plugins.template.samples import HEAD, template

CASES = """\
- kind: vulnerable
  server: one
  exchanges:
    - path: /x
      status: 200
      headers: {X-A: b}
      body: secret
- kind: fixed
  server: two
  exchanges: []
- kind: look-alike
  server: three
  exchanges:
    - {path: /x, method: HEAD, status: 200, body: secret}
    - {path: /x, status: 206, hex: 73656372}
"""


def test_cases_are_answered_as_remembered_and_404_otherwise() -> None:
    cases = load_cases(CASES, "x")
    assert [case.kind for case in cases] == [Kind.VULNERABLE, Kind.FIXED, Kind.LOOK_ALIKE]
    outcomes = [rehearse(template(), case) for case in cases]
    assert isinstance(outcomes[0], Match)
    assert outcomes[1:] == [None, None]


def test_answers_are_cut_like_real_ones() -> None:
    one = template("""
    - path: ["{{BaseURL}}/x"]
      max-size: 3
      matchers: [{type: word, words: [secret]}]
    """)
    assert rehearse(one, load_cases(CASES, "x")[0]) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("vulnerable", "broken"), "expected one of vulnerable"),
        (("status: 200", "status: ok"), "whole number"),
        (("body: secret", "text: secret"), "unknown key"),
        (("hex: 73656372", "hex: xyz"), "hexadecimal"),
        (("server: one\n", "servr: one\n"), "server is missing"),
        (("kind: fixed", "- x"), "not YAML"),
    ],
)
def test_mistakes_have_lines(change: tuple[str, str], words: str) -> None:
    with pytest.raises(TemplateError, match=words) as caught:
        load_cases(CASES.replace(*change, 1), "x")
    assert all(problem.line > 0 for problem in caught.value.problems)


@pytest.mark.parametrize("source", ["x: 1", "- 1", "- [1]", "- {kind: fixed, server: a, exchanges: [1]}"])
def test_other_shapes_are_refused(source: str) -> None:
    with pytest.raises(TemplateError):
        load_cases(source, "x")


SERVICE = (
    HEAD
    + """\
tcp:
  - inputs:
      - {read: 12, name: greeting}
      - {data: "RFB 003.008\\n"}
    host: ["{{Hostname}}"]
    port: vnc,5900
    matchers-condition: and
    matchers:
      - {type: word, part: greeting, words: [RFB]}
      - {type: regex, regex: ['\\A\\x01\\x01']}
"""
)
NAMES = (
    HEAD
    + """\
dns:
  - name: version.bind
    type: TXT
    class: chaos
    matchers: [{type: regex, part: answer, regex: ['"9\\.18']}]
"""
)
SAID = """\
- {kind: vulnerable, server: a, exchanges: [{says: ["RFB 003.008\\n", {hex: "0101"}]}]}
- {kind: fixed, server: b, exchanges: [{says: ["RFB 003.008\\n", {hex: "0102"}]}]}
- {kind: look-alike, server: c, exchanges: [{says: ["RFB 003.008\\n"]}]}
"""
RESOLVED = """\
- {kind: vulnerable, server: a, exchanges: [{rcode: 0, flags: [qr], answer: ['version.bind. 0 CH TXT "9.18.1"']}]}
- {kind: fixed, server: b, exchanges: [{rcode: 0, answer: ['version.bind. 0 CH TXT "9.20.1"']}]}
- {kind: look-alike, server: c, exchanges: [{rcode: 5}]}
"""


@pytest.mark.parametrize(("source", "cases"), [(SERVICE, SAID), (NAMES, RESOLVED)])
def test_services_and_name_servers_are_answered_as_remembered(source: str, cases: str) -> None:
    one = load(source, "x")
    first, *others = [rehearse(one, case) for case in load_cases(cases, "x")]
    assert isinstance(first, Match)
    assert others == [None, None]


def test_a_service_that_is_not_remembered_is_not_tested() -> None:
    nothing = "- {kind: fixed, server: a, exchanges: []}"
    for source in (SERVICE, NAMES):
        assert isinstance(rehearse(load(source, "x"), load_cases(nothing, "x")[0]), NotTested)
    assert isinstance(memory(load_cases(nothing, "x")[0])(TlsAsk()), NoAnswer)


def test_the_last_connection_is_remembered_from_then_on() -> None:
    case = load_cases("- {kind: fixed, server: a, exchanges: [{says: [x]}, {rcode: 0}, {says: [y]}, {rcode: 5}]}", "x")[
        0
    ]
    assert (case.said, [answer.rcode for answer in case.resolved]) == (((b"x",), (b"y",)), [0, 5])
    assert isinstance(
        rehearse(
            load(
                SERVICE.replace(
                    "  - inputs",
                    "  - host: ['{{Hostname}}']\n    port: 5900\n    matchers: [{type: word, words: [x]}]\n  - inputs",
                ),
                "x",
            ),
            case,
        ),
        Match,
    )


def test_end_points_of_transcripts() -> None:
    assert endpoint_of(template()) == ENDPOINT
    assert endpoint_of(load(SERVICE, "x")) == ServiceEndpoint(
        address="127.0.0.1", port=5900, host=ENDPOINT.host, service="vnc"
    )
    assert endpoint_of(load(NAMES, "x")) == DnsEndpoint(address="127.0.0.1", port=53, domain=ENDPOINT.host)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("0101", "xyz"), "hexadecimal"),
        (("says", "sais"), "unknown key"),
        (("{hex", "{hey"), "unknown key"),
        (("rcode: 5", "rcode: 24"), "0 to 23"),
        (("0 CH TXT", "CH TXT"), "expected a record"),
    ],
)
def test_mistakes_in_services_have_lines(change: tuple[str, str], words: str) -> None:
    source = next(one for one in (SAID, RESOLVED) if change[0] in one)
    with pytest.raises(TemplateError, match=words) as caught:
        load_cases(source.replace(*change, 1), "x")
    assert all(problem.line > 0 for problem in caught.value.problems)
