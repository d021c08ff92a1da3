"""The operator's calendar: midnight, blackout dates, and clocks that are set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.window import Window
from scheduler.calendar import HORIZON, LONGEST, allows, next_windows
from scheduler.system import Calendar, WeeklyWindow

_ALL_WEEK = tuple(range(7))


def _calendar(
    *windows: tuple[tuple[int, ...], str, str], zone: str = "Asia/Tokyo", blackouts: tuple[str, ...] = ()
) -> Calendar:
    weekly = tuple(WeeklyWindow(days=days, start=start, end=end) for days, start, end in windows)
    return Calendar(time_zone=zone, windows=weekly, blackouts=blackouts)


def _window(zone: str, start: str, end: str) -> Window:
    """Make a window from local times `2026-03-02T02:00`."""
    first, last = (datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for text in (start, end))
    return Window(start=first, end=last)


_NIGHTS = _calendar(((0, 3), "23:00", "05:00"))  # Mondays and Thursdays, into the next morning


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-03-02T23:00", "2026-03-03T05:00", True),  # Monday night, whole
        ("2026-03-03T00:00", "2026-03-03T04:59", True),  # Tuesday morning belongs to Monday night
        ("2026-03-02T22:59", "2026-03-03T05:00", False),
        ("2026-03-02T23:00", "2026-03-03T05:01", False),
        ("2026-03-02T00:00", "2026-03-02T04:00", False),  # Monday morning belongs to Sunday
        ("2026-03-03T23:00", "2026-03-04T01:00", False),  # Tuesday night
        ("2026-03-05T23:30", "2026-03-06T00:30", True),
        ("2026-03-02T23:00", "2026-03-05T23:30", False),  # two agreed nights and the days between
    ],
)
def test_a_night_window_belongs_to_the_day_on_which_it_starts(start: str, end: str, expected: bool) -> None:
    assert allows(_NIGHTS, _window("Asia/Tokyo", start, end)) is expected


def test_nothing_runs_on_a_blackout_date_not_even_the_end_of_a_night_window() -> None:
    calendar = _calendar((_ALL_WEEK, "23:00", "05:00"), blackouts=("2026-03-03",))
    assert allows(calendar, _window("Asia/Tokyo", "2026-03-02T23:00", "2026-03-03T00:00"))
    assert not allows(calendar, _window("Asia/Tokyo", "2026-03-02T23:00", "2026-03-03T00:01"))
    assert not allows(calendar, _window("Asia/Tokyo", "2026-03-03T23:00", "2026-03-03T23:30"))
    assert allows(calendar, _window("Asia/Tokyo", "2026-03-04T00:00", "2026-03-04T05:00"))


def test_windows_that_touch_or_overlap_are_one() -> None:
    calendar = _calendar(((0,), "22:00", "00:00"), ((1,), "00:00", "03:00"), ((1,), "02:00", "04:00"))
    window = _window("Asia/Tokyo", "2026-03-02T22:00", "2026-03-03T04:00")
    assert allows(calendar, window)
    assert next_windows(calendar, window.start - timedelta(hours=1), 1) == (window,)


def test_an_hour_that_the_clock_skips_never_comes() -> None:
    """Berlin, 29 March 2026: 02:00 to 03:00 does not exist, so the window before and after is one."""
    calendar = _calendar(((6,), "01:00", "04:00"), zone="Europe/Berlin")
    window = Window(start=datetime(2026, 3, 29, 0, tzinfo=UTC), end=datetime(2026, 3, 29, 2, tzinfo=UTC))
    assert next_windows(calendar, datetime(2026, 3, 28, tzinfo=UTC), 1) == (window,)
    skipped = _calendar(((6,), "02:00", "03:00"), zone="Europe/Berlin")
    assert next_windows(skipped, datetime(2026, 3, 28, tzinfo=UTC), 1)[0].start.date().isoformat() == "2026-04-05"


def test_an_hour_that_the_clock_shows_twice_counts_twice() -> None:
    """Berlin, 25 October 2026: 02:00 to 03:00 comes twice."""
    twice = _calendar(((6,), "02:00", "03:00"), zone="Europe/Berlin")
    first, second = datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC)
    assert next_windows(twice, datetime(2026, 10, 24, tzinfo=UTC), 1) == (Window(start=first, end=second),)
    half = _calendar(((6,), "02:30", "03:30"), zone="Europe/Berlin")
    found = next_windows(half, datetime(2026, 10, 24, tzinfo=UTC), 2)
    assert [str(window) for window in found] == [
        "2026-10-25T00:30:00Z..2026-10-25T01:00:00Z",
        "2026-10-25T01:30:00Z..2026-10-25T02:30:00Z",
    ]


def test_a_day_that_a_country_skipped_has_no_windows() -> None:
    """Samoa went from 29 to 31 December 2011."""
    calendar = _calendar((_ALL_WEEK, "10:00", "11:00"), zone="Pacific/Apia")
    found = next_windows(calendar, datetime(2011, 12, 29, tzinfo=UTC), 3)
    days = [window.start.astimezone(ZoneInfo("Pacific/Apia")).date().isoformat() for window in found]
    assert days == ["2011-12-29", "2011-12-31", "2012-01-01"]


def test_a_window_that_runs_already_begins_now() -> None:
    after = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)  # 00:30 on Tuesday in Tokyo
    assert next_windows(_NIGHTS, after, 1)[0] == Window(start=after, end=datetime(2026, 3, 2, 20, tzinfo=UTC))


def test_a_calendar_that_is_always_open_comes_in_days() -> None:
    calendar = _calendar((_ALL_WEEK, "00:00", "00:00"))
    found = next_windows(calendar, datetime(2026, 1, 1, tzinfo=UTC), 3)
    assert [window.end - window.start for window in found] == [LONGEST] * 3
    assert not allows(calendar, Window(start=found[0].start, end=found[0].start + HORIZON + timedelta(seconds=1)))


def test_a_calendar_without_windows_has_none() -> None:
    assert next_windows(_calendar(), datetime(2026, 1, 1, tzinfo=UTC), 1) == ()
    assert not allows(_calendar(), _window("Asia/Tokyo", "2026-03-02T23:00", "2026-03-03T05:00"))


_times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
_weekly = st.tuples(st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))), _times, _times)
_zones = st.sampled_from(
    ["Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu"]
)
# Days around which clocks are set in one of the zones, and quiet ones.
_days = st.sampled_from(
    ["2026-03-28", "2026-10-24", "2026-03-07", "2026-10-31", "2026-04-04", "2026-10-03", "2026-06-15"]
)


@given(st.lists(_weekly, min_size=1, max_size=3), _zones, _days, st.integers(0, 47), st.integers(1, 40), st.booleans())
def test_a_window_is_allowed_exactly_when_the_clock_on_the_wall_says_so_all_the_time(
    weekly: list[tuple[tuple[int, ...], str, str]], zone: str, day: str, hour: int, quarters: int, blackout: bool
) -> None:
    calendar = _calendar(*weekly, zone=zone, blackouts=(day,) if blackout else ())
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=hour)
    window = Window(start=start, end=start + timedelta(minutes=15 * quarters))
    minutes = (start + timedelta(minutes=minute) for minute in range(15 * quarters))
    assert allows(calendar, window) is all(
        _on_the_wall(calendar, minute.astimezone(ZoneInfo(zone))) for minute in minutes
    )


def _on_the_wall(calendar: Calendar, local: datetime) -> bool:
    """Say the rule again, by looking at strings."""
    shown, today, yesterday = f"{local:%H:%M}", local.weekday(), (local.date() - timedelta(days=1)).weekday()
    agreed = False
    for window in calendar.windows:
        if window.start < window.end:
            agreed |= today in window.days and window.start <= shown < window.end
        else:
            agreed |= (today in window.days and shown >= window.start) or (
                yesterday in window.days and shown < window.end
            )
    return agreed and f"{local:%Y-%m-%d}" not in calendar.blackouts


@given(st.lists(_weekly, min_size=1, max_size=3), _zones, _days)
def test_next_windows_are_allowed_in_order_apart_and_not_longer_than_a_day(
    weekly: list[tuple[tuple[int, ...], str, str]], zone: str, day: str
) -> None:
    calendar = _calendar(*weekly, zone=zone)
    after = datetime.fromisoformat(day).replace(tzinfo=UTC)
    found = next_windows(calendar, after, 4)
    assert len(found) == 4
    assert all(allows(calendar, window) for window in found)
    assert all(first.end <= second.start for first, second in pairwise(found))
    assert all(after <= window.start < window.end <= window.start + LONGEST for window in found)
