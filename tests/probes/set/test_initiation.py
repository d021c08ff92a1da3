"""The initiation message is a stranger's text: cut into lines, bounded, and nothing of it is believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.ask import HttpAnswer
from probes.set.initiation import judge_initiation, read_initiation
from probes.set.opinion import Breach
from probes.target import SetEndpoint

ENDPOINT = SetEndpoint(
    url="http://shop.example/set",
    kind="SET",
    version="1.0",
    brand="Sakura:Gold",
    initiation_url="http://shop.example/buy",
)
HEAD = (
    b"SET-Initiation-Type: Payment-Initiation\r\n"
    b"SET-SET-URL: http://shop.example/set\r\n"
    b"SET-Version: 1.0\r\n"
    b"SET-Brand: Sakura\r\n"
)
TYPE = ("content-type", "application/set-payment-initiation; charset=utf-8")


def test_lines_up_to_the_empty_one_are_fields() -> None:
    read = read_initiation(b"SET-Brand: One\r\nset-brand:Two\nnot a field\r\n: x\r\n\r\nSET-Brand: Three\r\n")
    assert read.all("SET-Brand") == ("One", "Two")
    assert (read.first("SET-BRAND"), read.first("SET-Version")) == ("One", "")


@pytest.mark.parametrize(
    ("text", "lid_m"),
    [("abc", b"abc"), ("", None), ("x" * 20, b"x" * 20), ("x" * 21, None)],
)
def test_a_transaction_id_is_taken_when_it_fits(text: str, lid_m: bytes | None) -> None:
    assert read_initiation(f"SET-LID-M: {text}\r\n".encode()).lid_m == lid_m


def test_object_identifiers_are_taken_and_other_words_are_not() -> None:
    read = read_initiation(b"SET-Ext-OIDs: 2.23.42.10.192.1, 1.2.3 <script> 9.9 2..1\r\n")
    assert read.extensions == ("2.23.42.10.192.1", "1.2.3")


def test_a_long_head_is_cut() -> None:
    assert len(read_initiation(b"A: 1\r\n" * 10_000).fields) == 200
    assert read_initiation(b"A: " + b"x" * 100_000).fields == (("A", "x" * 65_533),)


@given(st.binary(max_size=500))
def test_no_page_breaks_it(body: bytes) -> None:
    for data in (body, HEAD + body, body + HEAD):
        answer = HttpAnswer(status=200, headers=(TYPE,), body=data)
        for opinion in judge_initiation(ENDPOINT, answer):
            if isinstance(opinion, Breach):
                assert opinion.seen.isprintable()
                assert len(opinion.seen) < 800


@given(st.text(max_size=60))
def test_no_url_breaks_it(url: str) -> None:
    body = HEAD.replace(b"http://shop.example/set", url.encode("latin-1", "replace"))
    list(judge_initiation(ENDPOINT, HttpAnswer(status=200, headers=(TYPE,), body=body)))


def test_a_right_message_has_no_breach() -> None:
    assert list(judge_initiation(ENDPOINT, HttpAnswer(status=200, headers=(TYPE,), body=HEAD))) == []


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("HTTP://SHOP.EXAMPLE:80/set", True),
        ("http://shop.example/set?", True),
        ("http://shop.example/set?x", False),
        ("http://shop.example/Set", False),
        ("https://shop.example/set", False),
        ("http://shop.example:8080/set", False),
        ("http://shop.example.evil.example/set", False),
        ("http://[::1/set", False),
        ("http://shop.example:99999999/set", False),
    ],
)
def test_urls_are_compared_as_urls(url: str, same: bool) -> None:
    body = HEAD.replace(b"http://shop.example/set", url.encode())
    said = list(judge_initiation(ENDPOINT, HttpAnswer(status=200, headers=(TYPE,), body=body)))
    assert [opinion.rule.id for opinion in said] == ([] if same else ["set.url-differs"])
