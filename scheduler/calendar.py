"""The operator's calendar: which moments are agreed, and when the next ones come. Pure.

One rule decides everything: a moment is agreed when the clock on the operator's wall shows an agreed hour of an agreed day and the
date on it is no blackout date. When clocks are set back, an hour that is shown twice counts twice; an hour that is skipped never
comes. Windows are cut out of the line of UTC by this rule and never by adding hours to local times.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from grid.window import Window
from scheduler.system import Calendar, WeeklyWindow

HORIZON = timedelta(days=400)
"""How far ahead windows are looked for; a longer window is never allowed."""
LONGEST = timedelta(hours=24)
"""Longest window that `next_windows` gives; a calendar that is always open comes in pieces of a day."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def allows(calendar: Calendar, window: Window) -> bool:
    """Tell whether every moment of the window is agreed."""
    if window.end - window.start > HORIZON:
        return False
    first = next(_openings(calendar, window.start, window.end), None)
    return first is not None and first.start == window.start and first.end == window.end


def next_windows(calendar: Calendar, after: datetime, count: int) -> tuple[Window, ...]:
    """Give the next `count` windows (fewer when none come within `HORIZON`); one that runs at `after` begins there."""
    found: list[Window] = []
    for opening in _openings(calendar, after, after + HORIZON):
        start = opening.start
        while start < opening.end and len(found) < count:
            end = min(opening.end, start + LONGEST)
            found.append(Window(start=start, end=end))
            start = end
        if len(found) >= count:
            break
    return tuple(found)


def _openings(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Window]:
    """Give the agreed stretches inside [start, end), as long as they can be."""
    zone = ZoneInfo(calendar.time_zone)
    since: datetime | None = None
    for moment in _edges(calendar, zone, start, end):
        agreed = _agreed(calendar, moment.astimezone(zone))
        if agreed and since is None:
            since = moment
        elif not agreed and since is not None:
            yield Window(start=since, end=moment)
            since = None
    if since is not None and since < end:
        yield Window(start=since, end=end)


def _agreed(calendar: Calendar, local: datetime) -> bool:
    """Tell whether a moment is agreed, by what the operator's clock and calendar show."""
    if local.date().isoformat() in calendar.blackouts:
        return False
    return any(_within(window, local.weekday(), local.time()) for window in calendar.windows)


def _within(window: WeeklyWindow, weekday: int, shown: time) -> bool:
    start, end = time.fromisoformat(window.start), time.fromisoformat(window.end)
    if start < end:
        return weekday in window.days and start <= shown < end
    began_today = weekday in window.days and shown >= start
    began_yesterday = (weekday - 1) % 7 in window.days and shown < end
    return began_today or began_yesterday


def _edges(calendar: Calendar, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Give every moment in [start, end) at which agreement may begin or end, in order; `start` is the first."""
    shown = {time(), *(time.fromisoformat(edge) for each in calendar.windows for edge in (each.start, each.end))}
    low = start
    while low < end:
        high = min(end, low + _DAY)
        edges = {low, *_transition(zone, low, high), *_shown_at(shown, zone, low, high)}
        yield from sorted(edge for edge in edges if low <= edge < high)
        low = high


def _shown_at(shown: set[time], zone: ZoneInfo, low: datetime, high: datetime) -> Iterator[datetime]:
    """Give the moments around [low, high] at which the operator's clock shows one of the times."""
    day = low.astimezone(zone).date()
    while day <= high.astimezone(zone).date():
        for edge in shown:
            yield from _moments(day, edge, zone)
        day += _DAY


def _moments(day: date, edge: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    # Both folds: a time that is shown twice is two moments (PEP 495).
    local = datetime.combine(day, edge, tzinfo=zone)
    return local.replace(fold=0).astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def _transition(zone: ZoneInfo, low: datetime, high: datetime) -> Iterator[datetime]:
    """Give the moment in (low, high] at which clocks are set, if there is one. No zone sets them twice in a day."""
    before = low.astimezone(zone).utcoffset()
    if high.astimezone(zone).utcoffset() == before:
        return
    while high - low > _SECOND:
        middle = (low + (high - low) // 2).replace(microsecond=0)
        middle = middle if middle > low else low + _SECOND
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    yield high.replace(microsecond=0)
