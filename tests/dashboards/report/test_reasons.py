"""Reasons in the reader's language: known ones said, unknown ones kept, none lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.locale.phrasebook import Phrasebook
from dashboards.report.reasons import KNOWN, told

ENGLISH, JAPANESE = Phrasebook("en"), Phrasebook("ja")
ROOT = Path(__file__).parents[3]


def test_english_stays_as_it_is() -> None:
    assert told("timeout: no answer in 10 s", ENGLISH) == "timeout: no answer in 10 s"


def test_known_reasons_are_said_with_what_they_carry() -> None:
    assert told("nginx was not seen on the front page or an error page", JAPANESE) == (
        "トップページにもエラーページにも nginx は見当たりませんでした"
    )
    assert told("timeout: no answer in 10 s", JAPANESE) == "時間切れ: 10 秒以内に応答がありませんでした"
    assert told("ports 1, 2 and 3 more: it said nothing that is known here", JAPANESE).startswith(
        "ポート 1, 2 and 3 more: "
    )


@given(st.text())
def test_any_text_can_be_told(text: str) -> None:
    assert told(text, JAPANESE) or not text


@given(st.text(min_size=1).filter(lambda text: "\n" not in text))
def test_what_a_reason_carries_is_never_lost(carried: str) -> None:
    assert carried in told(f"the worker was lost: {carried}", JAPANESE)


def test_a_reason_that_nests_without_end_is_cut_short_in_depth_not_in_words() -> None:
    assert told("timeout: " * 50 + "end", JAPANESE).endswith("end")


def _sources() -> str:
    files = [file for room in ("plugins", "probes", "grid", "scheduler") for file in (ROOT / room).rglob("*.py")]
    return "\n".join(file.read_text("utf-8") for file in files)


SOURCES = _sources()


@pytest.mark.parametrize("message", [m for m in KNOWN if len(m) > 30])
def test_what_is_known_is_what_judges_say(message: str) -> None:
    """The longest fixed part of each sentence stands in the rooms below, so that no translation goes stale unseen."""
    piece = max(re.split(r"%\(\w+\)s", message), key=len).strip()
    assert piece[:60].rstrip(" (:") in SOURCES
