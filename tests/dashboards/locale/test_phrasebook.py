"""Phrasebooks speak the reader's language."""

from __future__ import annotations

from dashboards.locale.phrasebook import Phrasebook


def test_english_is_what_the_code_says() -> None:
    assert Phrasebook("en").say("Pass") == "Pass"


def test_japanese_uses_the_terms_of_the_rules() -> None:
    book = Phrasebook("ja")
    said = [
        book.say(word) for word in ("Pass", "Fail", "Ground for failing", "Guidance", "Advisory", "Spot inspection")
    ]
    assert said == ["合格", "不合格", "不合格事由", "指導事項", "参考事項", "随時検査"]


def test_english_tells_one_from_many() -> None:
    book = Phrasebook("en")
    assert [book.say_number("%(n)s check", "%(n)s checks", n) for n in (0, 1, 2)] == ["0 checks", "1 check", "2 checks"]


def test_japanese_does_not() -> None:
    book = Phrasebook("ja")
    assert [book.say_number("%(n)s check", "%(n)s checks", n) for n in (1, 2)] == ["1 検査", "2 検査"]
