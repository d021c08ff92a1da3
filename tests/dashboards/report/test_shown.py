"""Foreign text is made safe to show."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from dashboards.report.shown import LONGEST, shown


def test_what_people_write_stays() -> None:
    assert shown("青葉モール – Café 50 %") == "青葉モール – Café 50 %"


def test_controls_and_bidirectional_tricks_become_escapes() -> None:
    assert shown("a\x00\x1b[31m\r\n\u202egnp\u2066\u200b\U000e0041") == (
        r"a\x00\x1b[31m\x0d\x0a\u202egnp\u2066\u200b\U000e0041"
    )


def test_long_text_is_cut_and_the_rest_counted() -> None:
    assert shown("x" * (LONGEST + 7)) == "x" * LONGEST + " […+7]"


@given(st.text(alphabet=st.characters(), max_size=300))
def test_nothing_invisible_remains(text: str) -> None:
    assert not {unicodedata.category(c) for c in shown(text)} & {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
