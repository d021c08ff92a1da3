"""Trials: checks over their transcripts, and answers in the order in which a transcript gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.ask import DnsEndpoint, HttpAsk
from plugins.pack import Signature
from plugins.template.program import Match, NotTested
from plugins.template.rehearsal import ENDPOINT, Kind, load_cases
from plugins.trial import OCCASION, start, try_on
from tests.pack import PACK
from tests.plugins.template.samples import template

FOLDER = Path(__file__).parents[2] / "signatures"
COUNTING = next(one for one in PACK.signatures if one.id == "session-id-counts")


def sessions(*texts: str) -> str:
    lines = [f"  - {{path: /, status: 200, headers: {{Set-Cookie: sid={text}}}}}" for text in texts]
    return "- kind: fixed\n  server: x\n  exchanges:\n" + "\n".join(lines)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (("1", "2", "3", "4", "5"), True),
        (("7", "9", "12", "13", "10012"), True),
        (("fe", "ff", "100", "101", "102"), True),
        (("5", "4", "3", "2", "1"), False),
        (("1", "1", "1", "1", "1"), False),
        (("1", "2", "3", "4", "99999"), False),
        (("1", "2", "3", "4", "x"), False),
        (("1",), False),
    ],
)
def test_what_is_named_more_than_once_is_answered_in_order(given: tuple[str, ...], found: bool) -> None:
    (case,) = load_cases(sessions(*given), "x")
    assert isinstance(try_on(COUNTING, case), Match) is found


def test_a_cut_answer_stays_cut() -> None:
    one = template("""
    - path: ["{{BaseURL}}/x"]
      matchers: [{type: word, words: [end], negative: true}]
    """)
    (case,) = load_cases(
        f"- kind: fixed\n  server: x\n  exchanges: [{{path: /x, status: 200, body: {'x' * 300_000}}}]", "x"
    )
    signature = Signature(family="a", source="a/sample.yaml", digest="", template=one)
    assert isinstance(try_on(signature, case), NotTested)


def test_a_template_starts_with_its_occasion() -> None:
    one = Signature(family="a", source="a/sample.yaml", digest="", template=template())
    assert next(start(one, ENDPOINT, OCCASION)) == HttpAsk(path="/x")


def test_a_check_is_about_web_servers() -> None:
    with pytest.raises(TypeError, match="about web end points"):
        start(COUNTING, DnsEndpoint(address="127.0.0.1", port=53, domain="shop.example"), OCCASION)


@pytest.mark.parametrize("identifier", ["vnc-without-password", "dns-open-resolver"])
def test_services_and_name_servers_are_tried_on_end_points_of_their_own(identifier: str) -> None:
    signature = next(one for one in PACK.signatures if one.id == identifier)
    path = FOLDER / f"{signature.source.removesuffix('.yaml')}.transcripts.yaml"
    for case in load_cases(path.read_bytes(), path.name):
        assert isinstance(try_on(signature, case), Match) is (case.kind is Kind.VULNERABLE)
