"""Facts of the deep scan."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from plugins.value import value
from probes.target import TlsVersion


class Weakness(StrEnum):
    """What is tried beside suites."""

    HEARTBLEED = "heartbleed"
    """A heartbeat without padding is answered (CVE-2014-0160)."""
    CCS_INJECTION = "ccs-injection"
    """A ChangeCipherSpec before its time is taken (CVE-2014-0224)."""
    RENEGOTIATION = "renegotiation"
    """RFC 5746 is not spoken (CVE-2009-3555)."""
    CLIENT_RENEGOTIATION = "client-renegotiation"
    """A client may begin the handshake again."""
    COMPRESSION = "compression"
    """TLS compression is agreed (CVE-2012-4929)."""
    ROBOT = "robot"
    """Answers tell right from wrong RSA padding (CVE-2017-13099 and others)."""


class Shown(StrEnum):
    """What a trial showed."""

    PRESENT = "present"
    FAINT = "faint"
    """Present, but so weak that an attack would take too long (ROBOT only)."""
    ABSENT = "absent"
    """The server answered, and as it should."""
    MOOT = "moot"
    """What is spoken there cannot have it."""
    UNKNOWN = "unknown"
    """Not tried, or not answered."""


@value
class Trial:
    """What came of trying one weakness. What the server sent is not kept."""

    weakness: Weakness
    """Which one."""
    shown: Shown
    """What it showed."""
    detail: str = ""
    """Why it is moot or unknown, in our words or the library's."""


@value
class SuitesSeen:
    """The cipher suites of one version."""

    version: TlsVersion
    """Which one."""
    accepted: tuple[str, ...] = ()
    """Suites that were accepted, by the names of their RFCs."""
    tried: int = 0
    """Suites that were offered, one by one."""
    unanswered: int = 0
    """Suites for which no answer came, or which were not offered any more."""
    detail: str = ""
    """Why the list is not complete; empty when it is."""


@value
class DeepSeen:
    """Everything that the deep scan saw at one TLS end point of one address."""

    kind: Literal["tls-deep"] = "tls-deep"
    """Discriminator among facts."""
    address: str
    """Address that was dialled."""
    port: int
    """TCP port."""
    server_name: str
    """TLS server name that was sent."""
    trials: tuple[Trial, ...] = ()
    """One for each weakness."""
    suites: tuple[SuitesSeen, ...] = ()
    """One for each version that was accepted."""
    connections: int = 0
    """Connections that it took."""
    failure: str = ""
    """Why nothing was tried; empty when something was."""
