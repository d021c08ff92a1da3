"""Numbers, sizes and times as people write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dashboards.report import units

TOKYO = ZoneInfo("Asia/Tokyo")
AT = datetime(2026, 11, 21, 17, 0, 3, tzinfo=UTC)


def test_numbers_keep_what_says_something() -> None:
    assert [units.number(n, "en") for n in (0, 12345, 123.4, 12.34, 0.049)] == ["0", "12,345", "123", "12.3", "0.05"]


def test_sizes() -> None:
    assert [units.size(n, "en") for n in (0, 999, 1_000, 1_904_882, 2.5e9)] == [
        "0 B",
        "999 B",
        "1 kB",
        "1.9 MB",
        "2.5 GB",
    ]


def test_moments_in_both_languages() -> None:
    assert units.moment(AT, TOKYO, "ja") == "2026年11月22日(日) 02:00:03"
    assert units.moment(AT, TOKYO, "en") == "Sun 22 Nov 2026, 02:00:03"
    assert units.utc(AT) == "2026-11-21T17:00:03Z"


def test_zones_are_named_with_their_offset() -> None:
    assert units.zone_name(TOKYO, AT) == "Asia/Tokyo, UTC+09:00"
    assert units.zone_name(ZoneInfo("America/St_Johns"), AT) == "America/St_Johns, UTC-03:30"
