"""A system: everything that one declaration says, as a value."""

from __future__ import annotations

from plugins.value import value
from probes.pace import Pace
from probes.pulse.facts import AgreedPulse, NoPulse
from probes.target import PortRange, Source, Target


@value
class Contact:
    """Whom to reach."""

    organisation: str
    """Company or body."""
    name: str
    """Person or desk."""
    email: str
    """Mail address."""
    phone: str = ""
    """Telephone number in international form."""


@value
class WeeklyWindow:
    """Hours of a week in which an inspection may be planned."""

    days: tuple[int, ...]
    """Days on which it starts: 0 Monday .. 6 Sunday."""
    start: str
    """Local time `HH:MM` at which it starts."""
    end: str
    """Local time `HH:MM` at which it ends; not later than the start means the next day."""


@value
class Calendar:
    """When the operator agrees to be inspected."""

    time_zone: str
    """IANA name, such as Asia/Tokyo."""
    windows: tuple[WeeklyWindow, ...]
    """Agreed hours."""
    blackouts: tuple[str, ...] = ()
    """Local dates (`YYYY-MM-DD`) on which nothing may run."""


@value
class System:
    """対応システム."""

    name: str
    """Stable name: lower-case letters, digits, dots, hyphens."""
    title: str
    """Name for people."""
    operator: Contact
    """Who answers for it and may stop an inspection."""
    targets: tuple[Target, ...]
    """Declared servers."""
    tcp_ports: tuple[PortRange, ...] = ()
    """Ports that the operator wants looked at beside the declared ones; empty: the top-1000 list."""
    anchors: tuple[str, ...] = ()
    """PEM trust anchors beside Mozilla's set."""
    sources: tuple[Source, ...] = ()
    """Hosts that may be asked about revocation."""
    pace: Pace
    """Agreed upper bounds for the system as a whole."""
    calendar: Calendar
    """When it may be inspected."""
    pulse: AgreedPulse = NoPulse()
    """The page on which the shop's own latency is watched, and how much slower it may become."""
