"""Rules fill their templates in both languages."""

from __future__ import annotations

import pytest

from plugins.text import Text
from probes.ports import rules as ports_rules
from probes.rule import Rule, Words, filled
from probes.tls import rules as tls_rules
from probes.tls.deep import rules as deep_rules

RULES = (*ports_rules.RULES, *tls_rules.RULES, *deep_rules.DEEP_RULES)


def test_words_are_filled_in_each_language() -> None:
    template = Text(en="{port} is {state}", ja="{port}は{state}")
    words: Words = {"port": "80", "state": Text(en="closed", ja="閉鎖")}
    assert filled(template, words) == Text(en="80 is closed", ja="80は閉鎖")


def test_a_stranger_s_braces_are_not_filled() -> None:
    assert filled(Text(en="{x}", ja="{x}"), {"x": "{port.__class__}"}).en == "{port.__class__}"


def test_ids_are_unique_and_carry_their_item() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    assert all(rule.id.startswith(f"{rule.item}.") for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_both_languages_use_the_same_words(rule: Rule) -> None:
    for text in (rule.title, rule.remedy):
        assert set(_fields(text.en)) == set(_fields(text.ja))
        assert any("\u3040" <= letter <= "\u9fff" for letter in text.ja)


def _fields(template: str) -> list[str]:
    return [part.split("}")[0] for part in template.split("{")[1:]]
