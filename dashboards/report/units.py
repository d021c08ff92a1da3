"""Numbers, sizes and times as people write them in each language. Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_decimal

from plugins.text import Lang

_LOCALE = {"ja": "ja_JP", "en": "en_GB"}
_MOMENT = {"ja": "y年M月d日(E) HH:mm:ss", "en": "EEE d MMM y, HH:mm:ss"}
_STEPS = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


def number(value: float, lang: Lang) -> str:
    """Give a number with at most three digits that say something: 12,345, 12.3, 0.05."""
    pattern = "#,##0" if value == int(value) or value >= 100 else "#,##0.0" if value >= 1 else "0.00"
    return format_decimal(value, format=pattern, locale=_LOCALE[lang])


def size(octets: float, lang: Lang) -> str:
    """Give a number of bytes in decimal units (IEC 80000-13)."""
    for step, unit in _STEPS:
        if octets >= step:
            return f"{number(octets / step, lang)} {unit}"
    return f"{number(octets, lang)} B"


def moment(at: datetime, zone: ZoneInfo, lang: Lang) -> str:
    """Give a moment in local time."""
    return format_datetime(at, _MOMENT[lang], tzinfo=zone, locale=_LOCALE[lang])


def utc(at: datetime) -> str:
    """Give a moment in UTC as RFC 3339 writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def zone_name(zone: ZoneInfo, at: datetime) -> str:
    """Name a zone with its offset at that moment: `Asia/Tokyo, UTC+09:00`."""
    offset = f"{at.astimezone(zone):%z}"
    return f"{zone.key}, UTC{offset[:3]}:{offset[3:5]}"
